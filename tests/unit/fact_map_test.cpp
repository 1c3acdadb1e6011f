#include "app/fact_map.hpp"

#include <gtest/gtest.h>

#include <map>

namespace memdb::app {
namespace {

using health::NodeVerdict;
using health::TunnelStage;
using tunnel::AfterStop;
using tunnel::Phase;

constexpr TimePoint t0{1000s};
const ClockOffset kClock(t0, WallTime(5000s));
const config::Cluster kCluster{"clustercfg.test", 6379, config::ClusterTls::on, ""};

TEST(FactMap, gives_every_phase_its_stage) {
    const auto stage = [](Phase phase, AfterStop after) {
        tunnel::TunnelState state;
        state.phase = phase;
        state.after = after;
        return tunnel_facts(state, "endpoint:443", {}, t0).stage;
    };
    for (const AfterStop after : {AfterStop::nothing, AfterStop::restart, AfterStop::blocked}) {
        EXPECT_EQ(stage(Phase::stopped, after), TunnelStage::stopped);
        EXPECT_EQ(stage(Phase::starting, after), TunnelStage::starting);
        EXPECT_EQ(stage(Phase::handshaking, after), TunnelStage::handshaking);
        EXPECT_EQ(stage(Phase::up, after), TunnelStage::up);
        EXPECT_EQ(stage(Phase::waiting, after), TunnelStage::waiting);
        EXPECT_EQ(stage(Phase::blocked, after), TunnelStage::blocked);
    }
    EXPECT_EQ(stage(Phase::stopping, AfterStop::nothing), TunnelStage::stopped);
    EXPECT_EQ(stage(Phase::stopping, AfterStop::restart), TunnelStage::waiting);
    EXPECT_EQ(stage(Phase::stopping, AfterStop::blocked), TunnelStage::blocked);
}

TEST(FactMap, tells_how_long_the_server_is_silent_and_who_it_is) {
    tunnel::TunnelState state;
    state.phase = Phase::up;
    EXPECT_EQ(tunnel_facts(state, "endpoint:443", {}, t0).server, "endpoint:443");
    state.server = tunnel::ServerAddress{"2001:db8::1", 443, config::Transport::udp};
    state.link_grew_at = t0 - 4s;
    state.openvpn_pid = 7;
    const auto facts = tunnel_facts(state, "endpoint:443", false, t0);
    EXPECT_EQ(facts.server, "[2001:db8::1]:443");
    EXPECT_EQ(facts.server_silent_for, 4s);
    EXPECT_EQ(facts.route_to_server, false);
    EXPECT_TRUE(facts.process_runs);
    EXPECT_FALSE(facts.failure || facts.fault);
}

TEST(FactMap, shows_moments_as_calendar_time_and_leaves_out_what_is_unknown) {
    tunnel::TunnelState state;
    state.phase = Phase::waiting;
    state.since = t0 - 10s;
    state.retry_at = t0 + 2s;
    const auto view = tunnel_view(state, kClock);
    EXPECT_EQ(view.phase, "waiting");
    EXPECT_EQ(view.since, WallTime(4990s));
    EXPECT_EQ(view.retry_at, WallTime(5002s));
    EXPECT_FALSE(view.device || view.address || view.server || view.openvpn_pid || view.last_restart_cause ||
                 view.blocked_cause);
}

/// Two members, of which the first answered at `ok_at` and the second is blamed.
struct TwoNodes {
    explicit TwoNodes(TimePoint ok_at) {
        reach::TrackedNode first{"a.test", "a.test", 6379, "", reach::Role::primary, 1};
        reach::TrackedNode second{"b.test", "b.test", 6379, "", reach::Role::replica, 1};
        state.is_running = true;
        state.nodes = {first, second};
        state.coverage = reach::Coverage{};
        probes["a.test"].health = reach::NodeHealth::ok;
        probes["a.test"].last_ok = ok_at;
        probes["a.test"].ping = Microseconds(350);
        probes["a.test"].address = "10.20.1.1";
        probes["b.test"].health = reach::NodeHealth::failed;
        probes["b.test"].blame = reach::Blame{health::Layer::tls, "tls-expired", "it ended"};
    }
    [[nodiscard]] ProbeOf of() const {
        return [this](const std::string& label) { return probes.contains(label) ? &probes.at(label) : nullptr; };
    }
    reach::TrackerState state;
    std::map<std::string, reach::ProbeState> probes;
};

TEST(FactMap, believes_a_fresh_pong_only) {
    const reach::ProbeTimings timings;
    const TwoNodes fresh(t0 - 1s), stale(t0 - 1h);
    const auto now_ok = cluster_facts(kCluster, fresh.state, fresh.of(), t0, timings);
    EXPECT_EQ(now_ok.nodes[0].verdict, NodeVerdict::ok);
    const auto slept = cluster_facts(kCluster, stale.state, stale.of(), t0, timings);
    EXPECT_EQ(slept.nodes[0].verdict, NodeVerdict::unknown) << "the machine says ok, but the PONG is an hour old";
    EXPECT_EQ(proof_of({slept}).nodes_ok, 0U);
    EXPECT_FALSE(proof_of({slept}).all_nodes_known);
}

TEST(FactMap, says_where_a_node_broke_and_what_it_passed) {
    const TwoNodes two(t0 - 1s);
    const auto facts = cluster_facts(kCluster, two.state, two.of(), t0, {});
    EXPECT_EQ(facts.endpoint, "clustercfg.test:6379");
    EXPECT_EQ(facts.nodes[1].code, "tls-expired");
    EXPECT_EQ(facts.nodes[1].failed_at, health::Layer::tls);
    EXPECT_EQ(facts.nodes[1].passed, health::Layer::tcp);
    EXPECT_EQ(facts.nodes[1].role, "replica");
    const auto proof = proof_of({facts});
    EXPECT_EQ(proof.nodes_ok, 1U);
    EXPECT_TRUE(proof.all_nodes_known);
    const auto view = cluster_view(facts, two.state, two.of(), health::Verdict::degraded, kClock);
    EXPECT_EQ(view.nodes[0].ping_us, 350);
    EXPECT_EQ(view.nodes[0].address, "10.20.1.1");
    EXPECT_EQ(view.nodes[0].last_ok_at, WallTime(4999s));
    EXPECT_EQ(view.nodes[1].state, control::NodeState::failed);
    EXPECT_EQ(view.nodes[1].finding, "tls-expired");
}

TEST(FactMap, claims_nothing_without_nodes_or_topology) {
    EXPECT_FALSE(proof_of({}).all_nodes_known);
    TwoNodes two(t0 - 1s);
    two.state.coverage.reset();
    EXPECT_FALSE(proof_of({cluster_facts(kCluster, two.state, two.of(), t0, {})}).all_nodes_known);
}

TEST(ClockOffset, follows_a_jump_but_not_a_drift) {
    ClockOffset clock(t0, WallTime(5000s));
    EXPECT_FALSE(clock.adjust(t0 + 10s, WallTime(5010s + 900ms)));
    EXPECT_EQ(clock.wall(t0), WallTime(5000s));
    EXPECT_TRUE(clock.adjust(t0 + 20s, WallTime(8620s)));  // slept an hour
    EXPECT_EQ(clock.wall(t0 + 20s), WallTime(8620s));
}

}  // namespace
}  // namespace memdb::app
