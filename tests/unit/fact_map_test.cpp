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
        return tunnel_facts(state, {}, t0).stage;
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
    TunnelSurroundings around;
    around.endpoint = "endpoint:443";
    EXPECT_EQ(tunnel_facts(state, around, t0).server, "endpoint:443");
    state.server = tunnel::ServerAddress{"2001:db8::1", 443, config::Transport::udp};
    state.link_grew_at = t0 - 4s;
    state.openvpn_pid = 7;
    around.route_to_server = false;
    const auto facts = tunnel_facts(state, around, t0);
    EXPECT_EQ(facts.server, "[2001:db8::1]:443");
    EXPECT_EQ(facts.server_silent_for, 4s);
    EXPECT_EQ(facts.route_to_server, false);
    EXPECT_TRUE(facts.process_runs);
    EXPECT_FALSE(facts.failure || facts.fault || facts.ping || facts.tun_silent_for || facts.server_answers ||
                 facts.openvpn_silent_for || facts.session_left || facts.is_suspected);
    EXPECT_TRUE(facts.redirect.empty());
    EXPECT_EQ(facts.losses, 0U);
}

TEST(FactMap, knows_since_when_the_server_is_not_heard_though_it_should) {
    tunnel::TunnelState state;
    health::IncidentState incident;
    const auto since = [&](Phase phase) {
        state.phase = phase;
        return unheard_since(state, incident);
    };
    state.since = t0 - 3s;
    EXPECT_EQ(since(Phase::handshaking), t0 - 3s);
    state.server_seen = true;
    EXPECT_EQ(since(Phase::handshaking), std::nullopt);
    for (const Phase phase :
         {Phase::starting, Phase::waiting, Phase::stopping, Phase::up, Phase::stopped, Phase::blocked})
        EXPECT_EQ(since(phase), std::nullopt) << "nobody has asked it";
    state.after = AfterStop::restart;
    for (const tunnel::Cause cause : {tunnel::Cause::endpoint_silent, tunnel::Cause::tunnel_silent}) {
        state.cause = cause;
        for (const Phase phase : {Phase::starting, Phase::waiting, Phase::stopping}) EXPECT_EQ(since(phase), t0 - 3s);
    }
    state.after = AfterStop::nothing;
    EXPECT_EQ(since(Phase::stopping), std::nullopt) << "nobody wants it any more";
    state.cause = tunnel::Cause::handshake_rejected;
    EXPECT_EQ(since(Phase::waiting), std::nullopt) << "it was heard";
    incident.quiet_since = t0 - 1s;
    EXPECT_EQ(since(Phase::up), std::nullopt) << "it is being asked";
    incident.server_answers = true;
    EXPECT_EQ(since(Phase::up), std::nullopt);
    incident.server_answers = false;
    EXPECT_EQ(since(Phase::up), t0 - 1s);
    state.online = false;
    EXPECT_EQ(since(Phase::up), std::nullopt) << "there is no network";
}

TEST(FactMap, adds_what_is_known_beside_the_tunnels_own_state) {
    tunnel::TunnelState state;
    state.phase = Phase::up;
    state.heartbeat_sent_at = t0 - 700ms;
    state.losses.assign(tunnel::kFlapLosses, t0 - 1min);
    state.pushed.emplace();
    state.pushed->ping = 1s;
    state.pushed->redirect_gateway = true;
    TunnelSurroundings around;
    around.session_left = 9min;
    around.incident.quiet_since = around.incident.begun = t0 - 2s;
    auto facts = tunnel_facts(state, around, t0);
    EXPECT_EQ(facts.tun_silent_for, 2s);
    EXPECT_TRUE(facts.is_suspected) << "the server has not been heard yet";
    EXPECT_EQ(facts.openvpn_silent_for, 700ms);
    EXPECT_EQ(facts.losses, tunnel::kFlapLosses);
    EXPECT_EQ(facts.session_left, 9min);
    EXPECT_EQ(facts.ping, 1s);
    EXPECT_EQ(facts.redirect, "redirect-gateway");
    around.incident.server_answers = false;
    state.pushed->redirect_flags = "def1";
    state.losses.pop_back();
    facts = tunnel_facts(state, around, t0);
    EXPECT_EQ(facts.server_answers, false);
    EXPECT_FALSE(facts.is_suspected);
    EXPECT_EQ(facts.redirect, "redirect-gateway def1");
    EXPECT_EQ(facts.losses, 0U);
}

TEST(FactMap, tells_incident_machine_what_it_must_see) {
    tunnel::TunnelState state;
    state.phase = Phase::waiting;
    state.connected_at = t0 - 1h;
    EXPECT_FALSE(incident_input(state, {}, {}, {}).waiting) << "there is no address to knock at";
    state.addresses = {{"192.0.2.1", 443, config::Transport::udp}, {"192.0.2.3", 443, config::Transport::udp}};
    auto seen = incident_input(state, {}, t0, 5);
    EXPECT_TRUE(seen.waiting);
    EXPECT_FALSE(seen.up_since) << "the moment is of the tunnel before";
    EXPECT_EQ(seen.silent_since, t0);
    EXPECT_EQ(seen.received, 5U);
    EXPECT_EQ(seen.addresses, 2U);
    state.online = false;
    EXPECT_FALSE(incident_input(state, {}, {}, {}).waiting);
    state.phase = Phase::up;
    health::ClusterFacts cluster;
    cluster.nodes.resize(2);
    EXPECT_FALSE(incident_input(state, {cluster}, {}, {}).any_ok);
    cluster.nodes[1].verdict = NodeVerdict::ok;
    seen = incident_input(state, {cluster}, {}, {});
    EXPECT_TRUE(seen.any_ok);
    EXPECT_EQ(seen.up_since, t0 - 1h);
    EXPECT_FALSE(seen.waiting);
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
        probes["b.test"].blame = reach::Blame{health::Layer::tls, "tls-expired", "it ended", true};
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
    EXPECT_TRUE(facts.nodes[1].silent);
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

TEST(FactMap, tells_of_large_packets_only_when_they_are_lost) {
    TwoNodes two(t0 - 1s);
    two.state.bulk.evidence = "8 KiB were lost";
    for (const auto state : {reach::BulkState::unknown, reach::BulkState::passed}) {
        two.state.bulk.state = state;
        EXPECT_EQ(cluster_facts(kCluster, two.state, two.of(), t0, {}).large_lost, "");
    }
    two.state.bulk.state = reach::BulkState::failed;
    EXPECT_EQ(cluster_facts(kCluster, two.state, two.of(), t0, {}).large_lost, "8 KiB were lost");
}

TEST(FactMap, claims_nothing_without_nodes_or_topology) {
    EXPECT_FALSE(proof_of({}).all_nodes_known);
    TwoNodes two(t0 - 1s);
    two.state.coverage.reset();
    EXPECT_FALSE(proof_of({cluster_facts(kCluster, two.state, two.of(), t0, {})}).all_nodes_known);
}

TEST(ClockOffset, follows_a_jump_but_not_a_drift) {
    ClockOffset clock(t0, WallTime(5000s));
    EXPECT_EQ(clock.adjust(t0 + 10s, WallTime(5010s + 900ms)), 0ms);
    EXPECT_EQ(clock.wall(t0), WallTime(5000s));
    EXPECT_EQ(clock.adjust(t0 + 20s, WallTime(8620s)), 1h);  // somebody set it
    EXPECT_EQ(clock.wall(t0 + 20s), WallTime(8620s));
    EXPECT_EQ(clock.wall(t0), WallTime(8600s)) << "it was wrong before, too";
    EXPECT_EQ(clock.adjust(t0 + 30s, WallTime(8030s)), -10min);
}

TEST(ClockOffset, what_was_before_a_sleep_is_as_long_ago_as_it_is) {
    ClockOffset clock(t0, WallTime(5000s), 7s);
    EXPECT_EQ(clock.adjust(t0 + 20s, WallTime(8620s), 7s + 1h), 0ms) << "a sleep is no step of the clock";
    EXPECT_EQ(clock.wall(t0 + 20s), WallTime(8620s));
    EXPECT_EQ(clock.wall(t0 + 19s), WallTime(5019s)) << "a PONG of before is an hour old";
    EXPECT_EQ(clock.adjust(t0 + 40s, WallTime(8640s + 30s + 500s), 7s + 1h + 30s), 500s) << "slept, and set meanwhile";
    EXPECT_EQ(clock.wall(t0 + 40s), WallTime(9170s));
    EXPECT_EQ(clock.wall(t0 + 30s), WallTime(9130s));
    EXPECT_EQ(clock.wall(t0), WallTime(5500s));
}

TEST(ClockOffset, of_very_many_sleeps_the_oldest_moments_never_seem_younger_than_they_are) {
    ClockOffset clock(t0, WallTime(5000s));
    for (int i = 1; i <= 100; ++i) EXPECT_EQ(clock.adjust(t0 + i * 10s, WallTime(5000s + i * 20s), i * 10s), 0ms);
    EXPECT_EQ(clock.wall(t0), WallTime(5000s));
    EXPECT_EQ(clock.wall(t0 + 995s), WallTime(5000s + 995s + 990s));
    for (int i = 0; i < 1000; ++i) EXPECT_LE(clock.wall(t0 + i * 1s), WallTime(5000s + i * 1s + i / 10 * 10s));
}

}  // namespace
}  // namespace memdb::app
