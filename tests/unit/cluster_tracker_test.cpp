#include "reach/roster_map.hpp"
#include "tests/support/tracker_invariants.hpp"
#include "tests/support/tracker_play.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace {

using namespace memdb;
using namespace memdb::reach;
using namespace memdb::reach::play;

TEST(ClusterTracker, begins_with_the_endpoint_and_goes_on_with_the_members) {
    Play play;
    play.at(0ms, TrackingRequested{});
    EXPECT_EQ(play.of<AddNode>(), (std::vector<AddNode>{{kSeed.name, kSeed.name, 6379, {1s, 0ms}}}));
    EXPECT_EQ(play.asked(), "") << "nobody is proved yet";
    EXPECT_EQ(play.at(8ms, NodeProved{kSeed.name}).asked(), kSeed.name);
    play.at(10ms, TopologyReceived{kSeed.name, two_shards()});
    EXPECT_EQ(play.labels(), "a1 r1 a2 r2 clustercfg.test") << "the seed stays until a member is proved";
    EXPECT_EQ(play.of<AddNode>().size(), 4U);
    EXPECT_EQ(play.of<AnnounceTopology>(), (std::vector<AnnounceTopology>{{"2 shards, 4 nodes"}}));
    play.at(12ms, NodeProved{"r2"});
    EXPECT_EQ(play.of<RemoveNode>(), (std::vector<RemoveNode>{{kSeed.name}}));
    EXPECT_EQ(play.state.sentinel, "r2");
    EXPECT_EQ(play.of<SetRhythm>(), (std::vector<SetRhythm>{{"r2", {1s, 0ms}}}));
}

TEST(ClusterTracker, asks_again_after_an_interval_and_says_nothing_when_nothing_changed) {
    Play play = proved();
    EXPECT_EQ(play.at(15s, TrackerDeadlinePassed{}).asked(), "");
    EXPECT_EQ(play.at(15010ms, TrackerDeadlinePassed{}).asked(), play.state.sentinel);
    play.at(15011ms, TopologyReceived{play.state.sentinel, two_shards()});
    EXPECT_TRUE(play.actions.empty());
    EXPECT_EQ(play.at(120011ms, TrackerDeadlinePassed{}).asked(), play.state.sentinel);
}

TEST(ClusterTracker, a_failed_node_is_a_reason_to_look_at_the_topology) {
    Play play = proved();
    play.at(6s, TopologyReceived{"a1", two_shards()});
    EXPECT_EQ(play.at(9s, NodeBlamed{"a2", "port-refused"}).asked(), "a1");
    play.at(9001ms, TopologyReceived{"a1", two_shards()});
    EXPECT_EQ(play.at(14001ms, TrackerDeadlinePassed{}).asked(), "a1") << "often, while something is wrong";
    const Reply after =
        list({shard(0, 8191, {member("a1", "master"), member("r1", "replica")}),
              shard(8192, 16383, {member("r2", "master")}), shard(1, 0, {member("a2", "master", "fail")})});
    play.at(14002ms, TopologyReceived{"a1", after});
    EXPECT_EQ(play.of<AnnounceTopology>(), (std::vector<AnnounceTopology>{{"2 shards, 4 nodes"}}));
    const auto lost =
        std::find_if(play.state.nodes.begin(), play.state.nodes.end(), [](const auto& n) { return n.label == "a2"; });
    ASSERT_NE(lost, play.state.nodes.end());
    EXPECT_EQ(lost->shard, 2U) << "a failed node stays where people look for it";
    EXPECT_EQ(lost->code, "port-refused");
}

TEST(ClusterTracker, members_come_and_go) {
    Play play = proved();
    play.at(6s, TopologyReceived{"a1", list({shard(0, 16383, {member("a1", "master"), member("new", "replica")})})});
    EXPECT_EQ(play.labels(), "a1 new");
    EXPECT_EQ(play.of<RemoveNode>().size(), 3U);
    ASSERT_EQ(play.of<AddNode>().size(), 1U);
    EXPECT_EQ(play.of<AddNode>().front().label, "new");
}

TEST(ClusterTracker, the_sentinel_moves_to_the_next_shard_when_its_term_is_over) {
    Play play = proved();
    const std::string first = play.state.sentinel;
    EXPECT_EQ(first, "a1");
    play.at(6s, TopologyReceived{"a1", two_shards()}).at(61s, TrackerDeadlinePassed{});
    EXPECT_EQ(play.state.sentinel, "a2");
    EXPECT_EQ(play.of<SetRhythm>().size(), 2U);
    play.at(130s, TrackerDeadlinePassed{});
    EXPECT_EQ(play.state.sentinel, "a1") << "round and round";
}

TEST(ClusterTracker, when_the_sentinel_fails_all_others_are_probed_at_once) {
    Play play = proved();
    play.at(7s, NodeBlamed{"a1", "node-unreachable"});
    EXPECT_NE(play.state.sentinel, "a1");
    const auto probes = play.of<ProbeNode>();
    ASSERT_EQ(probes.size(), 3U);
    EXPECT_EQ(probes.front().delay, 0ms);
    EXPECT_LT(probes.back().delay, 100ms);
    EXPECT_TRUE(play.at(8s, NodeBlamed{"a1", "node-unreachable"}).of<ProbeNode>().empty());
}

TEST(ClusterTracker, the_first_miss_of_the_sentinel_calls_its_witnesses_at_once) {
    Play play = proved();
    play.at(7s, NodeMissed{"a1"});
    EXPECT_EQ(play.why, "node missed");
    EXPECT_EQ(play.of<ProbeNode>(), (std::vector<ProbeNode>{{"a2", 0ms}, {"r1", 0ms}, {"r2", 0ms}}));
    EXPECT_EQ(summarize(play.state).ok, 4U) << "a miss is no verdict";
    EXPECT_EQ(play.state.sentinel, "a1");
    play.at(7001ms, NodeMissed{"r2"});
    EXPECT_EQ(play.why, "node missed") << "the rest of the agent must know";
    EXPECT_TRUE(play.actions.empty());
    play.at(8s, NodeBlamed{"r1", "node-unreachable"}).at(8s, NodeMissed{"a1"});
    EXPECT_EQ(play.of<ProbeNode>(), (std::vector<ProbeNode>{{"a2", 0ms}, {"r2", 0ms}}))
        << "who has failed tells nothing";
    EXPECT_EQ(play.at(8s, NodeMissed{"r1"}).why, "ignored");
}

TEST(ClusterTracker, a_change_of_the_network_is_a_reason_to_ask_the_sentinel_and_its_witnesses) {
    Play play = proved();
    play.at(7s, ProbeNowRequested{});
    EXPECT_EQ(play.of<ProbeNode>(), (std::vector<ProbeNode>{{"a1", 0ms}, {"a2", 0ms}, {"r1", 0ms}, {"r2", 0ms}}));
    EXPECT_EQ(summarize(play.state).ok, 4U) << "nothing is forgotten";
    for (const char* name : {"a1", "r1", "a2", "r2"}) play.at(8s, NodeBlamed{name, "node-unreachable"});
    play.at(9s, ProbeNowRequested{});
    const auto probed = play.of<ProbeNode>();
    ASSERT_EQ(probed.size(), 4U) << "what kept them away may be gone";
    EXPECT_EQ(probed.front().delay, 0ms);
    EXPECT_LT(probed.back().delay, 100ms);
}

TEST(ClusterTracker, a_new_path_forgets_all_proofs_in_one_step) {
    Play play = proved();
    play.at(7s, PathChanged{});
    EXPECT_EQ(summarize(play.state).unknown, 4U);
    EXPECT_EQ(play.state.sentinel, "a1") << "nobody takes over from it";
    EXPECT_TRUE(play.actions.empty());
    for (const char* name : {"a1", "r1", "a2", "r2"}) EXPECT_EQ(play.at(7s, NodeForgotten{name}).why, "ignored");
    play.at(7010ms, NodeProved{"r2"});
    EXPECT_EQ(play.state.sentinel, "r2");
}

TEST(ClusterTracker, when_all_members_have_failed_the_endpoint_is_asked_again) {
    Play play = proved();
    for (const char* name : {"a1", "r1", "a2", "r2"}) play.at(7s, NodeBlamed{name, "node-unreachable"});
    EXPECT_EQ(play.labels(), "a1 r1 a2 r2 clustercfg.test");
    EXPECT_EQ(summarize(play.state).failed, 4U) << "the endpoint is no member";
    play.at(7100ms, NodeBlamed{kSeed.name, "node-unreachable"});
    EXPECT_EQ(summarize(play.state).failed, 4U);
    EXPECT_FALSE(play.state.sentinel.empty()) << "somebody is asked every second";
    EXPECT_EQ(play.at(9s, NodeProved{kSeed.name}).asked(), kSeed.name);
    EXPECT_EQ(summarize(play.state).ok, 1U);
    play.at(9001ms, TopologyReceived{kSeed.name, list({shard(0, 16383, {member("b1", "master")})})});
    EXPECT_EQ(play.at(9010ms, NodeProved{"b1"}).labels(), "b1");
}

TEST(ClusterTracker, a_server_without_cluster_mode_stays_the_one_node) {
    Play play;
    play.at(0ms, TrackingRequested{}).at(8ms, NodeProved{kSeed.name});
    play.at(9ms, TopologyReceived{kSeed.name, error("ERR This instance has cluster support disabled")});
    EXPECT_EQ(play.labels(), kSeed.name);
    EXPECT_TRUE(play.of<AddNode>().empty());
    const ClusterSummary sum = summarize(play.state);
    EXPECT_EQ(sum.ok, 1U);
    EXPECT_FALSE(sum.slots_covered);
    EXPECT_TRUE(sum.findings.empty());
    play.at(10s, NodeBlamed{kSeed.name, "port-refused"});
    EXPECT_EQ(play.labels(), kSeed.name);
}

TEST(ClusterTracker, a_topology_that_cannot_be_read_is_a_finding_and_another_node_is_asked) {
    Play play = proved();
    EXPECT_EQ(play.at(5s, TopologyMissed{"a1", "nested too deeply"}).asked(), "r1") << "another one, at once";
    EXPECT_TRUE(summarize(play.state).findings.empty()) << "one miss is no finding";
    EXPECT_EQ(play.at(5001ms, TopologyMissed{"r1", "nested too deeply"}).asked(), "");
    EXPECT_EQ(summarize(play.state).findings,
              (std::vector<ClusterFinding>{{"topology-unreadable", "nested too deeply"}}));
    EXPECT_EQ(play.labels(), "a1 r1 a2 r2") << "what was known still counts";
    EXPECT_EQ(play.at(10001ms, TrackerDeadlinePassed{}).asked(), "a1");
    play.at(10002ms, TopologyReceived{"a1", error("NOPERM no")});
    EXPECT_EQ(summarize(play.state).findings.at(0).code, "topology-unreadable");
    play.at(16s, TrackerDeadlinePassed{}).at(17s, TopologyReceived{"a1", two_shards()});
    EXPECT_TRUE(summarize(play.state).findings.empty());
}

TEST(ClusterTracker, sums_up_what_the_cluster_lacks) {
    Play play = proved();
    play.at(6s, TopologyReceived{"a1", list({shard(0, 99, {member("a1", "master")}),
                                             shard(200, 16383, {member("r2", "replica")})})});
    play.at(7s, NodeBlamed{"r2", "port-refused"});
    const ClusterSummary sum = summarize(play.state);
    EXPECT_EQ(sum.ok, 1U);
    EXPECT_EQ(sum.failed, 1U);
    EXPECT_EQ(sum.slots_covered, 16284U);
    EXPECT_EQ(sum.findings, (std::vector<ClusterFinding>{
                                {"slots-uncovered", "100 of 16384 slots are not served, the first of them 100-199"},
                                {"shard-without-primary", "shard 2 has no primary that is online"}}));
    play.at(12s, TopologyReceived{"a1", list({shard(1, 0, {member("a1", "master")})})});
    EXPECT_EQ(summarize(play.state).findings.at(0).code, "cluster-down");
}

TEST(ClusterTracker, a_pause_forgets_proofs_but_not_members) {
    Play play = proved();
    play.at(30s, TrackingEndRequested{});
    EXPECT_EQ(play.of<RemoveNode>().size(), 4U);
    EXPECT_FALSE(play.state.deadline);
    EXPECT_EQ(play.labels(), "a1 r1 a2 r2");
    EXPECT_EQ(summarize(play.state).unknown, 4U);
    EXPECT_EQ(play.at(31s, NodeProved{"a1"}).why, "ignored");
    play.at(60s, TrackingRequested{});
    EXPECT_EQ(play.of<AddNode>().size(), 4U);
    EXPECT_EQ(play.at(60010ms, NodeProved{"a1"}).asked(), "a1");
}

TEST(ClusterTracker, other_ports_are_part_of_the_label) {
    Play play;
    play.seed = {"127.0.0.1", 7001, false};
    play.at(0ms, TrackingRequested{}).at(1ms, NodeProved{"127.0.0.1"});
    const auto node = [](const std::string& ip, std::int64_t port) { return list({text(ip), number(port)}); };
    play.at(2ms, TopologyReceived{"127.0.0.1",
                                  list({list({number(0), number(9), node("127.0.0.1", 7001), node("127.0.0.1", 7002)}),
                                        list({number(10), number(19), node("::1", 7003)})})});
    EXPECT_EQ(play.labels(), "127.0.0.1 127.0.0.1:7002 [::1]:7003");
}

TEST(ClusterTracker, few_nodes_share_the_ticks_of_the_sentinel) {
    const Play play = proved();
    for (const TrackedNode& node : play.state.nodes) {
        EXPECT_EQ(node.rhythm.offset % kTimings.sentinel_interval, 0ms) << node.label;
        EXPECT_EQ(node.rhythm.interval, node.label == play.state.sentinel ? 1s : 5s);
    }
}

// Every event in every sort of state: the promises that the runner relies on.
TEST(ClusterTracker, keeps_its_invariants_for_every_state_and_event) {
    Play seeded, mapped, failing, paused;
    seeded.at(0ms, TrackingRequested{});
    mapped.at(0ms, TrackingRequested{})
        .at(8ms, NodeProved{kSeed.name})
        .at(10ms, TopologyReceived{kSeed.name, two_shards()});
    failing = proved();
    for (const char* name : {"a1", "r1", "a2", "r2"}) failing.at(7s, NodeBlamed{name, "node-unreachable"});
    paused = proved();
    paused.at(8s, TrackingEndRequested{});
    std::vector<TrackerEvent> events = {TrackingRequested{}, TrackingEndRequested{}, TrackerDeadlinePassed{},
                                        ProbeNowRequested{}, PathChanged{}};
    for (const char* label : {"clustercfg.test", "a1", "r2", "stranger"}) {
        events.emplace_back(NodeProved{label});
        events.emplace_back(NodeBlamed{label, "port-refused"});
        events.emplace_back(NodeMissed{label});
        events.emplace_back(NodeForgotten{label});
        events.emplace_back(TopologyReceived{label, two_shards()});
        events.emplace_back(TopologyReceived{label, error("ERR This instance has cluster support disabled")});
        events.emplace_back(TopologyReceived{label, error("NOPERM")});
        events.emplace_back(TopologyMissed{label, "closed"});
        for (const BulkResult result : {BulkResult::unknown, BulkResult::passed, BulkResult::missed})
            events.emplace_back(BulkChecked{label, result, "lost"});
    }
    int cells = 0;
    Play shrunk = proved();  // to small packets
    for (int i = 0; i < 2; ++i) shrunk.at(1s, BulkChecked{"a1", BulkResult::missed, "lost"});
    for (const TrackerState& before :
         {TrackerState{}, seeded.state, mapped.state, proved().state, shrunk.state, failing.state, paused.state})
        for (const TrackerEvent& event : events)
            for (const Duration at : {9s, 3600s}) {
                const TrackerStep got = step(before, event, t0 + at, kSeed, kTimings);
                EXPECT_EQ(broken_in(before, t0 + at, got), "");
                ++cells;
            }
    RecordProperty("cells", cells);
    EXPECT_EQ(cells, 7 * 49 * 2);
}

}  // namespace
