// Real programs that end, hang, shout, stop listening: nothing of them may outlast the call.
#include "client/child_process.hpp"

#include "base/clock.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace memdb::client {
namespace {

using testing::HasSubstr;

ChildCommand shell(const std::string& script) { return {{"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"}}; }

/// Whether the process `pid` is gone, or goes within a few seconds.
bool is_gone(pid_t pid) {
    for (const TimePoint end = now() + 5s; now() < end; (void)::poll(nullptr, 0, 5))
        if (::kill(pid, 0) != 0) return true;
    return false;
}

TEST(ChildProcess, gives_back_output_complaints_and_status) {
    auto command = shell("cat; echo oops >&2; exit 3");
    command.input = "hello";
    const auto end = run_child(command);
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end->status, 3);
    EXPECT_EQ(end->output, "hello");
    EXPECT_EQ(end->complaints, "oops\n");
    EXPECT_EQ(child_failure("x", *end), "x: oops");
}

TEST(ChildProcess, gets_exactly_the_arguments_and_the_environment) {
    const auto end = run_child({{"/usr/bin/env", "-0"}, {"A=b c", "PATH=/none"}});
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end->output, std::string("A=b c\0PATH=/none\0", 17));
    const auto words = run_child({{"/usr/bin/printf", "[%s]", "a b", "$HOME", "`id`", "'\"", ""}, {}});
    EXPECT_EQ(words->output, "[a b][$HOME][`id`]['\"][]");
}

TEST(ChildProcess, a_missing_program_is_a_problem) {
    const auto end = run_child({{"/nonexistent/easyrsa"}, {}});
    ASSERT_TRUE(end.has_error());
    EXPECT_THAT(end.error().message, HasSubstr("/nonexistent/easyrsa"));
    EXPECT_THAT(run_child({{"/etc/passwd"}, {}}).error().message, HasSubstr("ermission"));
}

TEST(ChildProcess, a_hanging_program_is_stopped_with_all_it_started) {
    auto command = shell("sleep 1000 & echo $!; trap '' TERM; wait; sleep 1000");
    command.limit = 300ms;
    const tests::ScratchFolder folder;
    command.argv.back() = "sleep 1000 & echo $! >" + (folder.path() / "pid").string() + "; wait";
    const auto end = run_child(command);
    ASSERT_TRUE(end.has_error());
    EXPECT_EQ(end.error().exit, Exit::timed_out);
    EXPECT_THAT(end.error().message, HasSubstr("was stopped"));
    EXPECT_TRUE(is_gone(std::stoi(tests::content(folder.path() / "pid"))));
}

TEST(ChildProcess, one_that_ignores_the_polite_signal_is_killed) {
    auto command = shell("trap '' TERM INT HUP; while :; do sleep 1; done");
    command.limit = 100ms;
    const TimePoint begun = now();
    EXPECT_EQ(run_child(command).error().exit, Exit::timed_out);
    EXPECT_LT(now() - begun, 20s);
}

TEST(ChildProcess, too_much_output_ends_it) {
    const auto end = run_child(shell("head -c 10485760 /dev/zero | tr '\\0' a"));
    ASSERT_TRUE(end.has_error());
    EXPECT_THAT(end.error().message, HasSubstr("more than 256 KiB"));
    EXPECT_TRUE(run_child(shell("head -c 262144 /dev/zero")).has_value());
}

TEST(ChildProcess, endless_complaints_keep_only_their_end) {
    const auto end = run_child(shell("head -c 10485760 /dev/zero | tr '\\0' a >&2; echo last >&2; exit 1"));
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end->complaints.size(), kComplaintLimit);
    EXPECT_TRUE(end->complaints.ends_with("alast\n"));
}

TEST(ChildProcess, closed_descriptors_are_no_end) {
    const auto end = run_child(shell("exec >&- 2>&- <&-; sleep 0.1; exit 4"));
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end->status, 4);
}

TEST(ChildProcess, one_that_does_not_read_its_input_does_no_harm) {
    auto command = shell("exec <&-; exit 0");
    command.input.assign(std::size_t{4} * 1024 * 1024, 'x');
    const auto end = run_child(command);
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end->status, 0);
}

TEST(ChildProcess, what_it_leaves_behind_does_not_hold_us) {
    auto command = shell("sleep 1000 & echo $!");
    command.limit = 60s;
    const TimePoint begun = now();
    const auto end = run_child(command);
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_LT(now() - begun, 30s);
    ::kill(std::stoi(end->output), SIGKILL);
}

TEST(ChildProcess, death_by_a_signal_is_told) {
    const auto end = run_child(shell("kill -SEGV $$"));
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end->status, 128 + SIGSEGV);
    EXPECT_EQ(child_failure("x", *end), "x: killed by signal 11");
}

TEST(ChildProcess, has_no_terminal_and_no_descriptor_of_ours) {
    const int ours = ::dup(0);
    const auto end = run_child(shell("ls /proc/self/fd; (: </dev/tty) 2>/dev/null && echo terminal"));
    ::close(ours);
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end->output, "0\n1\n2\n3\n") << "3 is ls reading the folder";
}

TEST(ChildProcess, an_interrupt_stops_the_child_first) {
    const auto before = ::signal(SIGINT, SIG_DFL);  // in the background of a script it is ignored
    const tests::ScratchFolder folder;
    auto command = shell("echo $$ >" + (folder.path() / "pid").string() + "; exec sleep 1000");
    // Thread-directed, as the terminal's would be to our only thread.
    const pthread_t us = ::pthread_self();
    std::thread interrupter([&] {
        for (const TimePoint end = now() + 10s; now() < end && tests::content(folder.path() / "pid").empty();)
            (void)::poll(nullptr, 0, 5);
        ::pthread_kill(us, SIGINT);
    });
    const auto end = run_child(command);
    interrupter.join();
    ::signal(SIGINT, before);
    ASSERT_TRUE(end.has_error());
    EXPECT_THAT(end.error().message, HasSubstr("interrupted"));
    EXPECT_EQ(end.error().signal, SIGINT);
    EXPECT_EXIT(end_if_interrupted(end.error()), testing::KilledBySignal(SIGINT), "");
    EXPECT_TRUE(is_gone(std::stoi(tests::content(folder.path() / "pid"))));
}

// nohup memdbctl: what is ignored is queued all the same while it is blocked.
TEST(ChildProcess, a_signal_that_is_ignored_interrupts_nothing) {
    const auto before = ::signal(SIGHUP, SIG_IGN);
    const auto end = run_child(shell("kill -HUP $PPID; sleep 0.2; echo done"));
    ::signal(SIGHUP, before);
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end->output, "done\n");
}

TEST(ChildProcess, leaves_signals_as_they_were) {
    struct sigaction before {};
    struct sigaction after {};
    ::sigaction(SIGPIPE, nullptr, &before);
    (void)run_child(shell("exit 0"));
    ::sigaction(SIGPIPE, nullptr, &after);
    EXPECT_EQ(before.sa_handler, after.sa_handler);
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGINT), 0);
}

TEST(LastLine, is_the_last_with_something_in_it) {
    EXPECT_EQ(last_line("a\n  b \n\n \n"), "b");
    EXPECT_EQ(last_line("\x1b[31mred"), "?[31mred");
    EXPECT_EQ(last_line(" \n"), "");
    EXPECT_EQ(last_line(std::string(1000, 'x')).size(), 300u);
}

TEST(FindProgram, looks_in_absolute_folders_of_the_path_only) {
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", ":.:relative:/nonexistent:/usr/bin:/bin", 1);
    EXPECT_THAT(find_program("env"), testing::EndsWith("bin/env"));
    EXPECT_EQ(find_program("no-such-program"), "");
    ::setenv("PATH", before.c_str(), 1);
}

}  // namespace
}  // namespace memdb::client
