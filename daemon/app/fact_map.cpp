#include "app/fact_map.hpp"

#include <algorithm>

namespace memdb::app {
namespace {

using health::NodeVerdict;
using health::TunnelStage;
using tunnel::Phase;

TunnelStage stage_of(const tunnel::TunnelState& state) {
    switch (state.phase) {
        case Phase::stopped: return TunnelStage::stopped;
        case Phase::starting: return TunnelStage::starting;
        case Phase::handshaking: return TunnelStage::handshaking;
        case Phase::up: return TunnelStage::up;
        case Phase::waiting: return TunnelStage::waiting;
        case Phase::blocked: return TunnelStage::blocked;
        case Phase::stopping:
            switch (state.after) {
                case tunnel::AfterStop::nothing: return TunnelStage::stopped;
                case tunnel::AfterStop::restart: return TunnelStage::waiting;
                case tunnel::AfterStop::blocked: return TunnelStage::blocked;
            }
    }
    return TunnelStage::stopped;
}

template <class T>
std::optional<T> unless_empty(const T& value) {
    return value.empty() ? std::nullopt : std::optional<T>(value);
}

health::NodeFacts node_facts(const reach::TrackedNode& node, const reach::ProbeState* probe, TimePoint now,
                             const reach::ProbeTimings& timings) {
    health::NodeFacts facts;
    facts.name = node.label;
    if (node.role) facts.role = *node.role == reach::Role::primary ? "primary" : "replica";
    if (node.shard > 0) facts.shard = std::to_string(node.shard);
    if (probe == nullptr) return facts;
    if (probe->health == reach::NodeHealth::ok && is_fresh(*probe, now, timings)) facts.verdict = NodeVerdict::ok;
    if (facts.verdict == NodeVerdict::ok) facts.ping = probe->ping;
    if (probe->health == reach::NodeHealth::failed && probe->blame) {
        facts.verdict = NodeVerdict::failed;
        facts.failed_at = probe->blame->layer;
        facts.code = probe->blame->code;
        facts.evidence = probe->blame->evidence;
        facts.silent = probe->blame->silent;
        if (facts.failed_at > health::Layer::dns && facts.failed_at <= health::Layer::cluster)
            facts.passed = health::kWay[static_cast<std::size_t>(facts.failed_at) - 1];
    }
    return facts;
}

std::string summary_of(std::string_view code, const std::string& endpoint) {
    if (code == "cluster-down") return "the cluster " + endpoint + " is down";
    if (code == "slots-uncovered") return "some slots of " + endpoint + " have no node";
    if (code == "shard-without-primary") return "a shard of " + endpoint + " has no primary";
    return "the members of " + endpoint + " cannot be read";
}

control::NodeState node_state(NodeVerdict verdict) {
    switch (verdict) {
        case NodeVerdict::ok: return control::NodeState::ok;
        case NodeVerdict::failed: return control::NodeState::failed;
        case NodeVerdict::unknown: return control::NodeState::unknown;
    }
    return control::NodeState::unknown;
}

std::optional<std::int64_t> count_of(const std::optional<Microseconds>& took) {
    return took ? std::optional<std::int64_t>(took->count()) : std::nullopt;
}

void add_measurements(control::NodeView& view, const reach::ProbeState& probe, const ClockOffset& clock) {
    view.address = unless_empty(probe.address);
    view.ping_us = count_of(probe.ping);
    view.stages_us = {count_of(probe.proof.dns), count_of(probe.proof.tcp), count_of(probe.proof.tls),
                      count_of(probe.proof.auth), count_of(probe.proof.ping)};
    if (probe.last_ok) view.last_ok_at = clock.wall(*probe.last_ok);
}

}  // namespace

health::TunnelFacts tunnel_facts(const tunnel::TunnelState& state, const TunnelSurroundings& around, TimePoint now) {
    health::TunnelFacts facts;
    facts.stage = stage_of(state);
    facts.process_runs = state.openvpn_pid.has_value() && state.phase != Phase::stopping;
    if (state.cause != tunnel::Cause::none) facts.failure = std::string(to_string(state.cause));
    facts.failure_evidence = state.evidence;
    if (state.config_error) facts.fault = "tunnel-config-error";
    if (state.link_grew_at) facts.server_silent_for = now - *state.link_grew_at;
    const bool has_no_address = state.cause == tunnel::Cause::endpoint_name_unresolved;
    facts.server = state.server && !has_no_address ? to_string(*state.server) : around.endpoint;
    facts.route_to_server = around.route_to_server;
    facts.server_answers = around.incident.server_answers;
    facts.is_suspected = is_undecided(around.incident, now);
    if (around.incident.quiet_since) facts.tun_silent_for = now - *around.incident.quiet_since;
    if (state.heartbeat_sent_at) facts.openvpn_silent_for = now - *state.heartbeat_sent_at;
    if (is_flapping(state, now)) facts.losses = state.losses.size();
    facts.session_left = around.session_left;
    facts.portal = around.portal;
    facts.issuer_doubt = around.issuer_doubt;
    if (!state.pushed) return facts;
    facts.ping = state.pushed->ping;
    if (state.pushed->redirect_gateway)
        facts.redirect = "redirect-gateway" + std::string(state.pushed->redirect_flags.empty() ? "" : " ") +
                         state.pushed->redirect_flags;
    return facts;
}

std::optional<TimePoint> unheard_since(const tunnel::TunnelState& state, const health::IncidentState& incident) {
    const bool was_silent =
        state.cause == tunnel::Cause::endpoint_silent || state.cause == tunnel::Cause::tunnel_silent;
    if (!state.online) return std::nullopt;
    switch (state.phase) {
        case Phase::up: return incident.server_answers == false ? incident.quiet_since : std::nullopt;
        case Phase::handshaking: return state.server_seen ? std::nullopt : std::optional(state.since);
        case Phase::starting:
        case Phase::waiting: return was_silent ? std::optional(state.since) : std::nullopt;
        case Phase::stopping:
            return was_silent && state.after == tunnel::AfterStop::restart ? std::optional(state.since) : std::nullopt;
        case Phase::stopped:
        case Phase::blocked: return std::nullopt;
    }
    return std::nullopt;
}

health::IncidentInput incident_input(const tunnel::TunnelState& state,
                                     const std::vector<health::ClusterFacts>& clusters,
                                     std::optional<TimePoint> silent_since, std::optional<std::uint64_t> received) {
    health::IncidentInput seen;
    seen.waiting = state.phase == Phase::waiting && state.online && !state.addresses.empty();
    if (state.phase == Phase::up) seen.up_since = state.connected_at;
    seen.silent_since = silent_since;
    for (const health::ClusterFacts& cluster : clusters)
        for (const health::NodeFacts& node : cluster.nodes)
            seen.any_ok = seen.any_ok || node.verdict == NodeVerdict::ok;
    seen.received = received;
    seen.addresses = state.addresses.size();
    return seen;
}

control::TunnelView tunnel_view(const tunnel::TunnelState& state, const ClockOffset& clock) {
    control::TunnelView view;
    view.phase = std::string(to_string(state.phase));
    view.since = clock.wall(state.since);
    view.device = unless_empty(state.device);
    view.address = unless_empty(state.address);
    if (state.server) view.server = to_string(*state.server);
    view.openvpn_pid = state.openvpn_pid;
    view.attempt = state.attempt;
    view.restarts = state.restarts;
    view.last_restart_cause = unless_empty(state.last_restart_cause);
    if (state.phase == Phase::blocked) view.blocked_cause = std::string(to_string(state.cause));
    view.bytes_in = state.bytes_in;
    view.bytes_out = state.bytes_out;
    if (state.phase == Phase::waiting && state.retry_at) view.retry_at = clock.wall(*state.retry_at);
    return view;
}

health::ClusterFacts cluster_facts(const config::Cluster& cluster, const reach::TrackerState& state,
                                   const ProbeOf& probe_of, TimePoint now, const reach::ProbeTimings& timings) {
    health::ClusterFacts facts;
    facts.endpoint = config::endpoint_text(cluster.host, cluster.port);
    facts.port = cluster.port;
    facts.tls = cluster.tls == config::ClusterTls::on;
    facts.topology_known = state.coverage.has_value();
    for (const reach::TrackedNode& node : state.nodes)
        if (is_counted(state, node)) facts.nodes.push_back(node_facts(node, probe_of(node.label), now, timings));
    if (state.bulk.state == reach::BulkState::failed) facts.large_lost = state.bulk.evidence;
    for (const reach::ClusterFinding& finding : reach::summarize(state).findings)
        facts.conditions.push_back({finding.code, summary_of(finding.code, facts.endpoint), finding.evidence});
    return facts;
}

control::ClusterView cluster_view(const health::ClusterFacts& facts, const reach::TrackerState& state,
                                  const ProbeOf& probe_of, health::Verdict verdict, const ClockOffset& clock) {
    control::ClusterView view;
    view.endpoint = facts.endpoint;
    view.verdict = verdict;
    if (state.coverage && state.coverage->is_cluster) view.slots_covered = state.coverage->slots_covered;
    for (const health::NodeFacts& node : facts.nodes) {
        control::NodeView shown;
        shown.name = node.name;
        shown.role = unless_empty(node.role);
        shown.shard = unless_empty(node.shard);
        shown.state = node_state(node.verdict);
        shown.finding = unless_empty(node.code);
        if (const reach::ProbeState* probe = probe_of(node.name)) add_measurements(shown, *probe, clock);
        view.nodes.push_back(std::move(shown));
    }
    return view;
}

const health::NodeFacts* silent_in_tls(const health::ClusterFacts& cluster) noexcept {
    const health::NodeFacts* found = nullptr;
    for (const health::NodeFacts& node : cluster.nodes) {
        // Of one that still answers nothing is said, unless large packets are suspected already.
        if (node.verdict == NodeVerdict::ok && cluster.large_lost.empty()) return nullptr;
        const bool fits = node.verdict == NodeVerdict::failed && node.failed_at == health::Layer::tls && node.silent;
        if (fits && found == nullptr) found = &node;
    }
    return found;
}

health::Proof proof_of(const std::vector<health::ClusterFacts>& clusters) {
    health::Proof proof;
    proof.all_nodes_known = !clusters.empty();
    for (const health::ClusterFacts& cluster : clusters) {
        if (!cluster.topology_known || cluster.nodes.empty()) proof.all_nodes_known = false;
        for (const health::NodeFacts& node : cluster.nodes) {
            if (node.verdict == NodeVerdict::ok) ++proof.nodes_ok;
            if (node.verdict == NodeVerdict::failed) ++proof.nodes_failed;
            if (node.verdict == NodeVerdict::unknown) proof.all_nodes_known = false;
        }
    }
    return proof;
}

}  // namespace memdb::app
