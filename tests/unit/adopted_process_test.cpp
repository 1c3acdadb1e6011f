// A process that an earlier memdbd has started: a grandchild here, so that nobody but its pidfd tells of its end.
#include "host/child_process.hpp"

#include "tests/support/got.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <optional>
#include <string>

namespace memdb::host {
namespace {

using Clock = std::chrono::steady_clock;

/// Starts a sleeping process whose parent ends at once. @return its pid
int orphan() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(ends[0]);
            ::close(ends[1]);
            ::execl("/bin/sleep", "sleep", "60", nullptr);
            ::_exit(1);
        }
        (void)!::write(ends[1], &child, sizeof child);
        ::_exit(0);
    }
    pid_t pid = 0;
    EXPECT_EQ(::read(ends[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    ::close(ends[0]);
    ::close(ends[1]);
    ::waitpid(parent, nullptr, 0);
    return pid;
}

struct AdoptedProcess : testing::Test {
    AdoptedProcess() : pid(orphan()) {
        const auto limit = Clock::now() + 5s;
        do mark = tests::got(mark_of(pid));
        while (!mark.exe.ends_with("sleep") && Clock::now() < limit);  // until it has become that program
    }
    ~AdoptedProcess() override { ::kill(pid, SIGKILL); }

    ChildProcess::Handlers handlers() {
        return {{}, [this](std::string how) { ended = std::move(how); }};
    }
    void run_until_ended() {
        const auto limit = Clock::now() + 5s;
        while (!ended && Clock::now() < limit) io.run_one_for(10ms);
    }

    boost::asio::io_context io;
    int pid;
    ProcessMark mark;
    std::optional<std::string> ended;
};

TEST_F(AdoptedProcess, is_watched_and_ended_by_signals) {
    ChildProcess process(io);
    ASSERT_TRUE(process.adopt(mark, handlers()).has_value());
    io.run_for(50ms);
    EXPECT_FALSE(ended) << "it lives";
    process.terminate(false);
    run_until_ended();
    EXPECT_EQ(ended, "unknown status");
    process.terminate(true);  // nothing to end any more
}

TEST_F(AdoptedProcess, tells_of_an_end_that_nobody_asked_for) {
    ChildProcess process(io);
    ASSERT_TRUE(process.adopt(mark, handlers()).has_value());
    ::kill(pid, SIGKILL);
    run_until_ended();
    EXPECT_TRUE(ended);
}

TEST_F(AdoptedProcess, another_one_with_the_same_pid_is_refused_and_left_alone) {
    for (const ProcessMark& other :
         {ProcessMark{pid, mark.start_time + 1, mark.exe}, ProcessMark{pid, mark.start_time, "/usr/sbin/openvpn"}}) {
        ChildProcess process(io);
        const auto adopted = process.adopt(other, handlers());
        ASSERT_TRUE(adopted.has_error());
        EXPECT_EQ(adopted.error().code, Errc::not_found);
        process.terminate(true);
    }
    EXPECT_TRUE(tests::got(lives(mark)));
}

TEST_F(AdoptedProcess, one_that_has_ended_is_refused) {
    ::kill(pid, SIGKILL);
    const auto limit = Clock::now() + 5s;
    while (tests::got(lives(mark)) && Clock::now() < limit) ::usleep(1000);
    ChildProcess process(io);
    const auto adopted = process.adopt(mark, handlers());
    ASSERT_TRUE(adopted.has_error());
    EXPECT_EQ(adopted.error().code, Errc::not_found);
}

TEST_F(AdoptedProcess, abandoned_it_lives_on) {
    {
        ChildProcess process(io);
        ASSERT_TRUE(process.adopt(mark, handlers()).has_value());
    }
    io.run_for(20ms);
    EXPECT_TRUE(tests::got(lives(mark)));
    EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace memdb::host
