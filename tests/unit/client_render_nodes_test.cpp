#include "client/render_nodes.hpp"

#include "tests/support/snapshots.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using control::NodeState;
using control::ProfileView;
using support::kSeenAt;
using support::reachable_profile;
using support::snapshot_of;
using testing::HasSubstr;

const Style kAscii{false, false, 80, {}};

std::string status(std::vector<ProfileView> profiles, const Style& style = {}) {
    return render_status(snapshot_of(std::move(profiles)), nullptr, kSeenAt, style);
}

control::ClusterView large_cluster() {
    control::ClusterView cluster = reachable_profile().clusters.front();
    cluster.nodes.clear();
    for (int i = 0; i < 1500; ++i) {
        control::NodeView node;
        node.name = fmt::format("demo-{:04}-{:03}.demo.lab.memorydb.test", i / 3 + 1, i % 3 + 1);
        node.shard = std::to_string(i / 3 + 1);
        node.state = NodeState::ok;
        node.ping_us = 400 + i;
        cluster.nodes.push_back(node);
    }
    return cluster;
}

TEST(RenderNodes, a_large_cluster_is_summarized) {
    auto profile = reachable_profile();
    profile.clusters = {large_cluster()};
    EXPECT_THAT(status({profile}),
                HasSubstr("  cluster  clustercfg.demo.lab.memorydb.test:6379, 500 shards, 1500 nodes, all\n"
                          "           slots\n"
                          "    ✓ 1500 of 1500 nodes answer: PING 1.1 ms in the median, 1.9 ms at most\n"
                          "      each of them: memdbctl status --json\n"));
}

TEST(RenderNodes, of_a_large_cluster_the_nodes_that_fail_are_named_by_what_they_have) {
    auto profile = reachable_profile();
    profile.verdict = health::Verdict::degraded;
    profile.clusters = {large_cluster()};
    auto& nodes = profile.clusters.front().nodes;
    for (std::size_t i = 2; i < nodes.size(); i += 3) {
        nodes[i].state = NodeState::failed;
        nodes[i].finding = "node-unreachable";
    }
    nodes[0].state = NodeState::unknown;
    nodes[1].state = NodeState::failed;
    nodes[1].finding = "tls-expired";
    const std::string text = status({profile}, kAscii);
    EXPECT_THAT(text, HasSubstr("    ok 998 of 1500 nodes answer: PING 1.2 ms in the median, 1.9 ms at most\n"
                                "    x node-unreachable 500 nodes: demo-0001-003, demo-0002-003, demo-0003-003,\n"
                                "      497 more\n"
                                "    x tls-expired 1 node: demo-0001-002\n"
                                "    - not known 1 node: demo-0001-001\n"));
}

TEST(RenderNodes, a_large_cluster_that_answers_nothing_has_no_tick) {
    auto profile = reachable_profile();
    profile.verdict = health::Verdict::degraded;
    profile.clusters = {large_cluster()};
    for (auto& node : profile.clusters.front().nodes) {
        node.state = NodeState::failed;
        node.finding = "node-unreachable";
        node.ping_us.reset();
    }
    EXPECT_THAT(status({profile}, kAscii),
                HasSubstr("    x 0 of 1500 nodes answer\n    x node-unreachable 1500 nodes:"));
    for (auto& node : profile.clusters.front().nodes) node.state = NodeState::unknown;
    EXPECT_THAT(status({profile}, kAscii), HasSubstr("    - 0 of 1500 nodes answer\n    - not known 1500 nodes:"));
}

TEST(RenderNodes, as_many_nodes_as_fit_on_a_screen_are_listed) {
    auto profile = reachable_profile();
    profile.clusters = {large_cluster()};
    profile.clusters.front().nodes.resize(kListedNodes);
    EXPECT_THAT(status({profile}), HasSubstr("   16  demo-0016-001 0.4 ms"));
}

}  // namespace
}  // namespace memdb::client
