#include "host/leftover_process.hpp"

#include "tests/support/child.hpp"
#include "tests/support/got.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

using namespace memdb;
using namespace memdb::host;
using memdb::tests::Child;
using memdb::tests::got;
namespace fs = std::filesystem;

namespace {

/// A program of our own name, so that the marks are seen to be the program's.
fs::path copy_of_sleep(const fs::path& folder, const std::string& name) {
    fs::copy_file(fs::canonical("/bin/sleep"), folder / name);
    return folder / name;
}

/// A shell that ignores SIGTERM, once it does.
std::vector<std::string> deaf(const fs::path& told) {
    return {"/bin/sh", "-c", "trap '' TERM; touch " + told.string() + "; while :; do sleep 1; done"};
}

void wait_for(const fs::path& path) {
    for (int i = 0; i < 500 && !fs::exists(path); ++i) ::usleep(10'000);
    ASSERT_TRUE(fs::exists(path));
}

}  // namespace

TEST(LeftoverProcess, knows_a_process_by_its_start_and_its_program) {
    const memdb::tests::ScratchFolder folder;
    // Names that may sit in /proc/PID/stat: it is between parentheses there.
    const fs::path program = copy_of_sleep(folder.path(), "a) Z 1 (");
    Child child({program.string(), "60"});
    const ProcessMark mark = got(mark_of(child.pid()));
    EXPECT_EQ(mark.pid, child.pid());
    EXPECT_EQ(mark.exe, program.string());
    EXPECT_EQ(got(process_start_time(child.pid())), mark.start_time);
    EXPECT_LE(mark.start_time, ticks_since_boot());
    EXPECT_GE(mark.start_time + 60 * static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)), ticks_since_boot());
    EXPECT_TRUE(got(lives(mark)));

    fs::remove(program);  // as an upgrade does
    EXPECT_EQ(got(mark_of(child.pid())), mark);
    EXPECT_TRUE(got(lives(mark)));
}

TEST(LeftoverProcess, does_not_take_another_for_it) {
    Child child({"sleep", "60"});
    const ProcessMark mark = got(mark_of(child.pid()));
    ProcessMark other = mark;
    other.start_time += 1;
    EXPECT_FALSE(got(lives(other)));
    EXPECT_FALSE(got(end_process(other)));
    other = mark;
    other.exe = "/usr/sbin/openvpn";
    EXPECT_FALSE(got(lives(other)));
    EXPECT_FALSE(got(end_process(other)));
    EXPECT_TRUE(got(lives(mark))) << "nobody was hurt";
}

TEST(LeftoverProcess, what_has_ended_lives_no_more_whether_its_parent_knows_or_not) {
    Child child({"sleep", "60"});
    const ProcessMark mark = got(mark_of(child.pid()));
    child.signal(SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT);  // a zombie from here on
    EXPECT_FALSE(got(lives(mark)));
    EXPECT_FALSE(got(end_process(mark)));
    EXPECT_EQ(mark_of(child.pid()).error().code, Errc::not_found);
    child.wait();
    EXPECT_FALSE(got(lives(mark)));
    EXPECT_FALSE(got(end_process(mark)));
    EXPECT_EQ(mark_of(mark.pid).error().code, Errc::not_found);
}

TEST(LeftoverProcess, is_asked_to_end_before_it_is_killed) {
    Child polite({"sleep", "60"});
    EXPECT_TRUE(got(end_process(got(mark_of(polite.pid())))));
    EXPECT_EQ(polite.wait(), SIGTERM);

    Child stopped({"sleep", "60"});
    stopped.signal(SIGSTOP);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(stopped.pid()), &info, WSTOPPED | WNOWAIT);
    EXPECT_TRUE(got(end_process(got(mark_of(stopped.pid())))));
    EXPECT_EQ(stopped.wait(), SIGTERM);

    const memdb::tests::ScratchFolder folder;
    Child child(deaf(folder.path() / "deaf"));
    wait_for(folder.path() / "deaf");
    EXPECT_TRUE(got(end_process(got(mark_of(child.pid())), 50ms)));
    EXPECT_EQ(child.wait(), SIGKILL);
}

TEST(LeftoverProcess, the_boot_id_is_one_of_this_boot_or_unknown) {
    EXPECT_EQ(boot_id(), boot_id());
    EXPECT_TRUE(boot_id().empty() || boot_id().size() == 36) << boot_id();
}
