// The address ranges that a profile remembers of its endpoint: see keys/profile_store.
#include "keys/profile_store.hpp"

#include "tests/support/full_disk.hpp"
#include "tests/support/got.hpp"
#include "tests/support/import_requests.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::keys {
namespace {

namespace fs = std::filesystem;
using tests::content;
using tests::got;
using tests::kNow;
using tests::mode_of;
using tests::put;
using tests::ScratchFolder;
using tests::tree;

class KnownRangesTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(store_.import(tests::direct_request(), kNow)); }

    static std::vector<IpNetwork> networks(const std::vector<std::string>& texts) {
        std::vector<IpNetwork> out;
        for (const std::string& text : texts) out.push_back(parse_network(text).value());
        return out;
    }

    ScratchFolder folder_;
    ProfileStore store_ = got(ProfileStore::open(folder_.path()));
    fs::path file_ = folder_.path() / "profiles/inside/ranges";
};

TEST_F(KnownRangesTest, are_none_before_the_first_connection) {
    const auto known = store_.known_ranges("inside");
    ASSERT_TRUE(known) << known.error().message;
    EXPECT_THAT(*known, testing::IsEmpty());
}

TEST_F(KnownRangesTest, are_read_as_they_were_remembered) {
    for (const auto& ranges : {networks({"10.20.0.0/16", "fd00:20::/32", "0.0.0.0/0", "10.9.8.7/32"}), networks({}),
                               networks({"192.168.0.0/24"})}) {
        ASSERT_TRUE(store_.remember_ranges("inside", ranges));
        EXPECT_EQ(got(store_.known_ranges("inside")), ranges);
    }
    EXPECT_EQ(content(file_), "192.168.0.0/24\n");
    EXPECT_EQ(mode_of(file_), 0600u);
}

TEST_F(KnownRangesTest, as_many_as_a_server_can_push_are_read_again) {
    std::vector<IpNetwork> many;
    for (int i = 0; i < 512; ++i)  // PushReplyParser::kRouteLimit
        many.push_back(parse_network("2001:db8:ffff:ffff:ffff:ffff:ffff:" + std::to_string(1000 + i)).value());
    ASSERT_TRUE(store_.remember_ranges("inside", many));
    const auto known = store_.known_ranges("inside");
    ASSERT_TRUE(known) << known.error().message;
    EXPECT_EQ(*known, many);
}

TEST_F(KnownRangesTest, damage_is_told_and_nothing_of_it_is_believed) {
    for (const std::string& damage :
         {std::string("10.20.0.0/16"), std::string("10.20.0.0/16\nx\n"), std::string("10.20.0.0/33\n"),
          std::string("\n"), std::string("10.20.0.0/16\n\n"), std::string("10.20.0.0/16 \n"), std::string("\0\xFF", 2),
          std::string(200'000, '1')}) {
        put(file_, damage);
        const auto known = store_.known_ranges("inside");
        ASSERT_FALSE(known) << damage.substr(0, 40);
        EXPECT_EQ(known.error().code, Errc::malformed) << known.error().message;
        EXPECT_THAT(known.error().message, testing::HasSubstr("profile inside: ")) << known.error().message;
        ASSERT_TRUE(store_.remember_ranges("inside", networks({"10.20.0.0/16"}))) << "the next connection heals it";
        EXPECT_EQ(got(store_.known_ranges("inside")), networks({"10.20.0.0/16"}));
    }
}

TEST_F(KnownRangesTest, unreadable_is_told_from_absent) {
    fs::create_directory(file_);
    EXPECT_EQ(store_.known_ranges("inside").error().code, Errc::io);
    EXPECT_THAT(store_.known_ranges("inside").error().message, testing::StartsWith("profile inside: "));
    EXPECT_EQ(store_.remember_ranges("inside", {}).error().code, Errc::io);
}

TEST_F(KnownRangesTest, a_full_disk_leaves_what_was_known) {
    const auto before = networks({"10.20.0.0/16"});
    ASSERT_TRUE(store_.remember_ranges("inside", before));
    {
        const tests::FullDisk full(4);
        EXPECT_EQ(store_.remember_ranges("inside", networks({"10.30.0.0/16"})).error().code, Errc::io);
    }
    EXPECT_EQ(got(store_.known_ranges("inside")), before);
}

TEST_F(KnownRangesTest, belong_to_a_profile_and_go_with_it) {
    EXPECT_EQ(store_.known_ranges("demo").error().code, Errc::not_found);
    EXPECT_EQ(store_.remember_ranges("demo", {}).error().code, Errc::not_found);
    EXPECT_EQ(store_.remember_ranges("../inside", {}).error().code, Errc::not_found);
    ASSERT_TRUE(store_.remember_ranges("inside", networks({"10.20.0.0/16"})));
    ASSERT_TRUE(store_.load("inside")) << "the file is no damage";
    ASSERT_TRUE(store_.remove("inside"));
    ASSERT_TRUE(store_.import(tests::direct_request(), kNow));
    EXPECT_THAT(got(store_.known_ranges("inside")), testing::IsEmpty());
}

}  // namespace
}  // namespace memdb::keys
