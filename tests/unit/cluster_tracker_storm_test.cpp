// A cluster of 1000 nodes that loses an availability zone and gets it back: what the tracker asks for stays in bounds.
#include "tests/support/tracker_play.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace memdb::reach::play {
namespace {

constexpr int kShards = 500;

std::string primary(int shard) { return "p" + std::to_string(shard); }
std::string replica(int shard) { return "r" + std::to_string(shard); }

Reply large_topology() {
    std::vector<Reply> shards;
    for (int i = 0; i < kShards; ++i)
        shards.push_back(shard(i * 32, i * 32 + 31, {member(primary(i), "master"), member(replica(i), "replica")}));
    return list(std::move(shards));
}

/// All proved within a second.
Play large() {
    Play play;
    play.at(0ms, TrackingRequested{})
        .at(8ms, NodeProved{kSeed.name})
        .at(10ms, TopologyReceived{kSeed.name, large_topology()});
    for (int i = 0; i < kShards; ++i) play.at(20ms + i * 1ms, NodeProved{primary(i)});
    for (int i = 0; i < kShards; ++i) play.at(520ms + i * 1ms, NodeProved{replica(i)});
    return play;
}

struct Asked {
    std::size_t probes = 0, topologies = 0;
    void add(const Play& play) {
        probes += play.of<ProbeNode>().size();
        topologies += play.of<AskTopology>().size();
    }
};

TEST(ClusterTrackerStorm, a_zone_that_dies_makes_it_ask_for_the_topology_twice_a_second) {
    Play play = large();
    EXPECT_EQ(summarize(play.state).ok, 2U * kShards);
    Asked asked;
    for (int i = 0; i < kShards; ++i) {  // over 5 s, as their PINGs come due
        play.at(20s + i * 10ms, NodeBlamed{replica(i), "node-unreachable"});
        asked.add(play);
        if (!play.asked().empty()) play.at(20s + i * 10ms, TopologyReceived{play.asked(), large_topology()});
    }
    EXPECT_EQ(summarize(play.state).failed, 0U + kShards);
    EXPECT_GE(asked.topologies, 1U);
    EXPECT_LE(asked.topologies, 11U);
    EXPECT_EQ(asked.probes, 0U) << "the sentinel is well: its own trouble is each one's";
}

TEST(ClusterTrackerStorm, a_zone_that_comes_back_is_retried_as_a_whole_but_not_by_each_of_its_nodes) {
    Play play = large();
    for (int i = 0; i < kShards; ++i) play.at(20s, NodeBlamed{replica(i), "node-unreachable"});
    Asked asked;
    for (int i = 0; i < kShards; ++i) {  // within a second
        play.at(30s + i * 2ms, NodeProved{replica(i)});
        asked.add(play);
        if (i == 0) {
            EXPECT_EQ(asked.probes, kShards - 1U) << "all the others, at once";
        }
        if (!play.asked().empty()) play.at(30s + i * 2ms, TopologyReceived{play.asked(), large_topology()});
    }
    EXPECT_EQ(summarize(play.state).failed, 0U);
    EXPECT_LE(asked.probes, 2U * kShards);
    EXPECT_LE(asked.topologies, 3U);
}

TEST(ClusterTrackerStorm, who_comes_back_later_makes_the_rest_begin_again) {
    Play play = large();
    for (int i = 0; i < 3; ++i) play.at(20s, NodeBlamed{replica(i), "node-unreachable"});
    EXPECT_EQ(play.at(30s, NodeProved{replica(0)}).of<ProbeNode>().size(), 2U);
    EXPECT_EQ(play.at(30499ms, NodeProved{replica(1)}).of<ProbeNode>().size(), 0U);
    EXPECT_LE(*play.state.deadline, t0 + 30500ms);
    EXPECT_EQ(play.at(30500ms, TrackerDeadlinePassed{}).of<ProbeNode>().size(), 1U) << "a moment later, not never";
    EXPECT_EQ(play.at(31s, TrackerDeadlinePassed{}).of<ProbeNode>().size(), 0U);
}

}  // namespace
}  // namespace memdb::reach::play
