#include "client/child_process.hpp"

#include "base/clock.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <string>

namespace memdb::client {
namespace {

Outcome<ChildEnd> shell(const std::string& script, const std::string& input = {}, Duration limit = 20s) {
    return run_child({{"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"}, input, kOutputLimit, limit});
}

TEST(ChildProcess, output_complaints_status_and_input) {
    const auto end = shell("cat; echo oops >&2; exit 3", "for stdin");
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->status, 3);
    EXPECT_EQ(end->output, "for stdin");
    EXPECT_EQ(child_failure("thing", *end), "thing: oops");
    EXPECT_NE(child_failure("thing", *shell("exit 4")).find("exit code 4"), std::string::npos);
    EXPECT_EQ(shell("kill -KILL $$")->status, 128 + SIGKILL);
}

TEST(ChildProcess, nothing_of_our_environment) {
    ::setenv("MEMDB_LEAK", "1", 1);
    EXPECT_EQ(shell("echo ${MEMDB_LEAK-none}")->output, "none\n");
    ::unsetenv("MEMDB_LEAK");
}

TEST(ChildProcess, one_that_hangs_is_killed_with_all_it_started) {
    const TimePoint begun = now();
    const auto end = shell("trap '' TERM; sleep 1000 & sleep 1000; sleep 1000", {}, 300ms);
    ASSERT_TRUE(end.has_error());
    EXPECT_EQ(end.error().exit, Exit::timed_out);
    EXPECT_LT(now() - begun, 10s);
}

TEST(ChildProcess, ten_mebibytes_are_too_much) {
    const auto end = shell("head -c 10485760 /dev/zero; sleep 1000");
    ASSERT_TRUE(end.has_error());
    EXPECT_EQ(end.error().exit, Exit::failed);
}

TEST(ChildProcess, ten_mebibytes_of_complaints_keep_their_end) {
    const auto end = shell("head -c 10485760 /dev/zero >&2; echo >&2; echo last >&2");
    ASSERT_TRUE(end.has_value());
    EXPECT_LE(end->complaints.size(), kComplaintLimit);
    EXPECT_EQ(last_line(end->complaints), "last");
}

TEST(ChildProcess, stdout_closed_early_and_stdin_never_read) {
    const auto end = shell("exec >&- <&-; sleep 0.2; exit 5", std::string(1024 * 1024, 'x'));
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->status, 5);
    EXPECT_EQ(shell("exit 0", std::string(1024 * 1024, 'x'))->status, 0);
}

TEST(ChildProcess, no_such_program) {
    const auto end = run_child({{"/nonexistent/program"}, {}});
    ASSERT_TRUE(end.has_error());
    EXPECT_EQ(end.error().exit, Exit::failed);
    EXPECT_EQ(find_program("no-such-program-here"), "");
    EXPECT_EQ(find_program("sh").front(), '/');
}

}  // namespace
}  // namespace memdb::client
