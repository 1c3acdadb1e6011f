// The machines' states as facts for blame, and as views for the Snapshot. Pure translation: nothing is decided here.
#pragma once

#include "app/clock_offset.hpp"
#include "config/profile.hpp"
#include "control/snapshot.hpp"
#include "health/facts.hpp"
#include "health/incident_machine.hpp"
#include "health/verdict_policy.hpp"
#include "reach/cluster_tracker.hpp"
#include "tunnel/tunnel_state.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace memdb::app {

/// What is known of a tunnel beside its own state.
struct TunnelSurroundings {
    std::string endpoint;                 ///< how people call the server before an address is known: "NAME:443"
    std::optional<bool> route_to_server;  ///< whether the kernel has any way to its address, when that was looked up
    health::IncidentState incident;
    std::optional<Duration> session_left;
    std::string portal;        ///< what answers web requests in the server's place; empty: nothing
    std::string issuer_doubt;  ///< see credential_map
};

health::TunnelFacts tunnel_facts(const tunnel::TunnelState& state, const TunnelSurroundings& around, TimePoint now);

control::TunnelView tunnel_view(const tunnel::TunnelState& state, const ClockOffset& clock);

/// What incident_machine sees of a profile. `silent_since`: of all its nodes.
health::IncidentInput incident_input(const tunnel::TunnelState& state,
                                     const std::vector<health::ClusterFacts>& clusters,
                                     std::optional<TimePoint> silent_since, std::optional<std::uint64_t> received);

/// Since when the server says nothing though it should: what portal_machine wants to know. Nothing while it is heard,
/// nobody has asked it, or no attempt is made.
std::optional<TimePoint> unheard_since(const tunnel::TunnelState& state, const health::IncidentState& incident);

/// How a node's probe is found by the tracker's label; null when there is none (yet).
using ProbeOf = std::function<const reach::ProbeState*(const std::string& label)>;

/// A node whose last PONG is no longer fresh is `unknown` in both, whatever its machine says.
/// Routes and the VPC's own names are for the caller to add.
health::ClusterFacts cluster_facts(const config::Cluster& cluster, const reach::TrackerState& state,
                                   const ProbeOf& probe_of, TimePoint now, const reach::ProbeTimings& timings);

/// @param facts    of the same moment.
/// @param verdict  of the cluster, judged from its own nodes.
control::ClusterView cluster_view(const health::ClusterFacts& facts, const reach::TrackerState& state,
                                  const ProbeOf& probe_of, health::Verdict verdict, const ClockOffset& clock);

/// A node that takes connections and is silent in TLS, where no node answers; null where there is none.
const health::NodeFacts* silent_in_tls(const health::ClusterFacts& cluster) noexcept;

/// Nodes whose PONG is fresh, and whether every node of a known topology has a verdict: what judge() wants.
health::Proof proof_of(const std::vector<health::ClusterFacts>& clusters);

}  // namespace memdb::app
