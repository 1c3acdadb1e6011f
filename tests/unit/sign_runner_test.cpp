#include "app/sign_runner.hpp"

#include "tests/support/scratch_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace memdb::app {
namespace {

namespace fs = std::filesystem;

/// A folder that only root can change, with programs in it. /tmp is sticky, which is as good.
class SignRunnerTest : public testing::Test {
  protected:
    std::string program(const std::string& script, mode_t mode = 0755) {
        const fs::path path = folder_.path() / ("sign" + std::to_string(++count_));
        tests::put(path, "#!/bin/sh\n" + script + "\n");
        ::chmod(path.c_str(), mode);
        return path.string();
    }

    Result<std::string> signed_by(const std::string& program, Duration limit = 20s) {
        SignRunner runner(io_);
        std::optional<Result<std::string>> result;
        runner.start(program, "-----BEGIN CERTIFICATE REQUEST-----\n", limit,
                     [&](const auto& answer) { result = answer; });
        io_.restart();
        const auto end = std::chrono::steady_clock::now() + 30s;
        while (!result && std::chrono::steady_clock::now() < end) io_.run_for(50ms);
        return result ? *result : Result<std::string>(Failure{Errc::internal, "no answer at all"});
    }

    tests::ScratchFolder folder_;
    boost::asio::io_context io_;
    int count_ = 0;
};

TEST_F(SignRunnerTest, gives_the_request_and_returns_what_was_printed) {
    const auto printed = signed_by(program("echo before; cat"));
    ASSERT_TRUE(printed.has_value()) << printed.error().message;
    EXPECT_EQ(*printed, "before\n-----BEGIN CERTIFICATE REQUEST-----\n");
}

TEST_F(SignRunnerTest, gives_it_nothing_of_memdbds_own) {
    ::setenv("NOTIFY_SOCKET", "/secret", 1);
    const auto printed = signed_by(program("env; ls /proc/self/fd | wc -l"));
    ::unsetenv("NOTIFY_SOCKET");
    ASSERT_TRUE(printed.has_value()) << printed.error().message;
    EXPECT_EQ(printed->find("NOTIFY"), std::string::npos) << *printed;
}

TEST_F(SignRunnerTest, says_why_a_program_says_no) {
    const auto printed = signed_by(program("echo 'not today' >&2; exit 3"));
    ASSERT_TRUE(printed.has_error());
    EXPECT_EQ(printed.error().message, "not today (status 3)");
}

TEST_F(SignRunnerTest, kills_a_program_that_hangs_with_all_it_started) {
    const fs::path mark = folder_.path() / "pid";
    const auto begun = std::chrono::steady_clock::now();
    const auto printed = signed_by(program("sleep 60 & echo $! >" + mark.string() + "; wait"), 500ms);
    ASSERT_TRUE(printed.has_error());
    EXPECT_EQ(printed.error().code, Errc::deadline_passed);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
    const std::string child = tests::content(mark);
    const auto gone = [&] {  // a zombie of nobody's has no command line
        return tests::content("/proc/" + child.substr(0, child.find('\n')) + "/cmdline").empty();
    };
    for (const auto end = begun + 10s; !gone() && std::chrono::steady_clock::now() < end;) io_.run_for(10ms);
    EXPECT_TRUE(gone());
}

TEST_F(SignRunnerTest, takes_no_flood) {
    const auto printed = signed_by(program("yes 0123456789012345678901234567890123456789 | head -c 10485760"));
    ASSERT_TRUE(printed.has_error());
    EXPECT_EQ(printed.error().code, Errc::too_large);
}

TEST_F(SignRunnerTest, runs_nothing_that_another_than_root_could_change) {
    EXPECT_EQ(signed_by(program("cat", 0777)).error().code, Errc::not_permitted);
    EXPECT_EQ(signed_by(program("cat", 0775)).error().code, Errc::not_permitted);
    EXPECT_EQ(signed_by((folder_.path() / "none").string()).error().code, Errc::not_found);
    const std::string others = program("cat");
    ASSERT_EQ(::chown(others.c_str(), 65534, 0), 0);
    EXPECT_EQ(signed_by(others).error().code, Errc::not_permitted);
    const std::string good = program("cat");
    ASSERT_EQ(::chown(folder_.path().c_str(), 65534, 0), 0);
    EXPECT_EQ(signed_by(good).error().code, Errc::not_permitted);
}

}  // namespace
}  // namespace memdb::app
