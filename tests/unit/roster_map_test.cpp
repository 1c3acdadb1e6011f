#include "reach/roster_map.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace memdb;
using namespace memdb::reach;

const ClusterSeed kSeed{"seed.test", 6379, true};

ClusterNode member(const std::string& name, unsigned shard) { return {.name = name, .port = 6379, .shard = shard}; }
TrackedNode seed() { return {.label = "seed.test", .name = "seed.test", .port = 6379, .is_seed = true}; }

TEST(RosterMap, a_first_map_adds_its_members_and_leaves_the_seed) {
    const Roster roster = follow_map({seed()}, {.nodes = {member("a", 1), member("b", 2)}}, kSeed);
    EXPECT_EQ(roster.joined, (std::vector<std::size_t>{0, 1}));
    EXPECT_TRUE(roster.left.empty());
    EXPECT_EQ(roster.announcement, "2 shards, 2 nodes");
    ASSERT_EQ(roster.nodes.size(), 3U);
    EXPECT_TRUE(roster.nodes.back().is_seed);
}

TEST(RosterMap, a_seed_that_is_a_member_is_one) {
    const Roster roster = follow_map({seed()}, {.nodes = {member("seed.test", 1)}}, kSeed);
    EXPECT_TRUE(roster.joined.empty() && roster.left.empty());
    ASSERT_EQ(roster.nodes.size(), 1U);
    EXPECT_FALSE(roster.nodes.front().is_seed);
}

TEST(RosterMap, the_same_map_again_changes_nothing_and_says_nothing) {
    const ClusterMap map{.nodes = {member("a", 1), member("b", 2)}};
    std::vector<TrackedNode> known = follow_map({}, map, kSeed).nodes;
    known[0].health = NodeHealth::failed;
    known[0].code = "port-refused";
    known[1].rhythm = {1s, 3ms};
    const Roster again = follow_map(known, map, kSeed);
    EXPECT_EQ(again, (Roster{known, {}, {}, ""}));
}

TEST(RosterMap, who_is_not_named_leaves_and_a_lost_member_stays_where_it_was) {
    const auto known = follow_map({}, {.nodes = {member("a", 1), member("b", 2), member("c", 2)}}, kSeed).nodes;
    ClusterNode lost = member("b", 3);
    lost.is_online = lost.has_slots = false;
    const Roster roster = follow_map(known, {.nodes = {member("a", 1), lost}}, kSeed);
    EXPECT_EQ(roster.left, (std::vector<std::string>{"c"}));
    ASSERT_EQ(roster.nodes.size(), 2U);
    EXPECT_EQ(roster.nodes[1].shard, 2U);
    EXPECT_EQ(roster.announcement, "1 shard, 2 nodes");
}

TEST(RosterMap, another_port_is_part_of_the_label) {
    ClusterNode v6 = member("2001:db8::1", 1), v4 = member("10.0.0.1", 1);
    v6.port = v4.port = 7000;
    const Roster roster = follow_map({}, {.nodes = {v6, v4}}, kSeed);
    ASSERT_EQ(roster.nodes.size(), 2U);
    EXPECT_EQ(roster.nodes[0].label, "[2001:db8::1]:7000");
    EXPECT_EQ(roster.nodes[1].label, "10.0.0.1:7000");
}

}  // namespace
