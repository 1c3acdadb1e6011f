#include "host/footprint_store.hpp"

#include "tests/support/full_disk.hpp"
#include "tests/support/got.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace memdb;
using namespace memdb::host;
using memdb::tests::got;
using memdb::tests::ScratchFolder;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

Footprint record(const std::string& profile) {
    return {.profile = profile, .boot_id = "this", .server = parse_address("198.51.100.1").value()};
}

}  // namespace

TEST(FootprintStore, without_a_folder_there_is_nothing) {
    const ScratchFolder state;
    FootprintStore store(state.path());
    EXPECT_EQ(got(store.list()), Names{});
    EXPECT_EQ(store.load("demo").error().code, Errc::not_found);
    EXPECT_TRUE(store.remove("demo"));
    EXPECT_TRUE(fs::is_empty(state.path()));
}

TEST(FootprintStore, keeps_one_record_for_each_profile_for_itself_alone) {
    const ScratchFolder state;
    FootprintStore store(state.path());
    ASSERT_TRUE(store.write(record("demo")));
    ASSERT_TRUE(store.write(record("another")));
    Footprint later = record("demo");
    later.openvpn_pid = 4711;
    later.openvpn_exe = "/usr/sbin/openvpn";
    ASSERT_TRUE(store.write(later));
    EXPECT_EQ(got(store.list()), (Names{"another", "demo"}));
    EXPECT_EQ(got(store.load("demo")), later);
    EXPECT_EQ(got(store.load("another")), record("another"));
    EXPECT_EQ(memdb::tests::mode_of(state.path() / "host"), 0700U);
    EXPECT_EQ(memdb::tests::mode_of(store.path_of("demo")), 0600U);

    ASSERT_TRUE(store.remove("demo"));
    EXPECT_EQ(got(store.list()), Names{"another"});
    EXPECT_EQ(store.load("demo").error().code, Errc::not_found);
}

TEST(FootprintStore, lists_what_is_damaged_and_nothing_that_is_no_record) {
    const ScratchFolder state;
    FootprintStore store(state.path());
    ASSERT_TRUE(store.write(record("demo")));
    for (const char* name : {".demo.json.AbCdEf", "README", "Not A Name.json", ".json"})
        memdb::tests::put(state.path() / "host" / name, "x");
    memdb::tests::put(store.path_of("broken"), "x");
    EXPECT_EQ(got(store.list()), (Names{"broken", "demo"}));
}

TEST(FootprintStore, absent_damaged_and_unreadable_are_three_things) {
    const ScratchFolder state;
    FootprintStore store(state.path());
    ASSERT_TRUE(store.write(record("demo")));
    EXPECT_EQ(store.load("absent").error().code, Errc::not_found);

    memdb::tests::put(store.path_of("cut"), memdb::tests::content(store.path_of("demo")).substr(0, 20));
    EXPECT_EQ(store.load("cut").error().code, Errc::malformed);
    memdb::tests::put(store.path_of("empty"), "");
    EXPECT_EQ(store.load("empty").error().code, Errc::malformed);
    memdb::tests::put(store.path_of("huge"), std::string(kFootprintLimit + 1, ' '));
    EXPECT_EQ(store.load("huge").error().code, Errc::malformed);
    fs::copy_file(store.path_of("demo"), store.path_of("renamed"));
    EXPECT_EQ(store.load("renamed").error().code, Errc::malformed) << "the record of another profile";

    fs::create_directory(store.path_of("folder"));
    EXPECT_EQ(store.load("folder").error().code, Errc::io);
    fs::create_symlink(store.path_of("demo"), store.path_of("link"));
    EXPECT_EQ(store.load("link").error().code, Errc::io);
    EXPECT_EQ(store.remove("folder").error().code, Errc::io);

    fs::remove_all(state.path() / "host");
    memdb::tests::put(state.path() / "host", "no folder");
    EXPECT_EQ(store.list().error().code, Errc::io);
    EXPECT_EQ(store.write(record("demo")).error().code, Errc::io);
}

TEST(FootprintStore, a_full_disk_leaves_the_old_record_and_says_so) {
    const ScratchFolder state;
    FootprintStore store(state.path());
    ASSERT_TRUE(store.write(record("demo")));
    Footprint later = record("demo");
    later.had_server_route = true;
    {
        const memdb::tests::FullDisk full(8);
        EXPECT_EQ(store.write(later).error().code, Errc::io);
    }
    EXPECT_EQ(got(store.load("demo")), record("demo"));
    EXPECT_EQ(got(store.list()), Names{"demo"});
    EXPECT_EQ(store.write(record("../demo")).error().code, Errc::bad_input);
}
