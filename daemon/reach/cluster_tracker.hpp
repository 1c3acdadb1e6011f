// Which nodes of a cluster are probed, how often, and what they amount to, as a pure function.
//
// In:   TrackerEvent, made by reach/cluster_runner from what the nodes' probes publish.
// Out:  TrackerAction for the runner, and summarize() for everybody.
// Begins with the cluster endpoint as its one node ("seed"); as soon as the cluster has announced its members, these
// are probed under their own names. The seed leaves when one of them is proved and comes back when all have failed.
#pragma once

#include "reach/bulk_tracker.hpp"
#include "reach/cluster_map.hpp"
#include "reach/probe_state.hpp"
#include "reach/probe_timings.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace memdb::reach {

struct TrackedNode {
    std::string label;  ///< unique: the name; with ":port" where the port is not the cluster endpoint's
    std::string name;   ///< what is resolved and verified
    std::uint16_t port{};
    std::string ip;            ///< hint from the map; may be empty
    std::optional<Role> role;  ///< empty: not announced
    unsigned shard = 0;        ///< 0: not announced
    bool is_seed = false;      ///< not a member under this name; only asked for topology
    NodeHealth health = NodeHealth::unknown;
    std::string code;            ///< finding code while failed
    bool silent_in_tls = false;  ///< while failed: TCP connected, and the handshake, which is large, was not answered
    Rhythm rhythm;
    std::uint32_t share = 0;  ///< of the interval, see share_of()
    bool operator==(const TrackedNode&) const = default;
};

/// What the cluster said about itself, without the nodes.
struct Coverage {
    bool is_cluster = true;
    unsigned slots_covered = 0;
    std::vector<SlotRange> uncovered;
    std::vector<unsigned> shards_without_primary;
    bool operator==(const Coverage&) const = default;
};

// clang-format off
// Events.
struct TrackingRequested { bool operator==(const TrackingRequested&) const = default; };
struct TrackingEndRequested { bool operator==(const TrackingEndRequested&) const = default; };
struct NodeProved { std::string label; bool operator==(const NodeProved&) const = default; };
struct NodeMissed { std::string label; bool operator==(const NodeMissed&) const = default; };  ///< still ok, not yet blamed
struct NodeBlamed { std::string label; std::string code; bool silent_in_tls = false; bool operator==(const NodeBlamed&) const = default; };
struct NodeForgotten { std::string label; bool operator==(const NodeForgotten&) const = default; };
struct TopologyReceived { std::string label; Reply reply; bool operator==(const TopologyReceived&) const = default; };
struct TopologyMissed { std::string label; std::string evidence; bool operator==(const TopologyMissed&) const = default; };
struct BulkChecked { std::string label; BulkResult result{}; std::string evidence; bool operator==(const BulkChecked&) const = default; };
struct ProbeNowRequested { bool operator==(const ProbeNowRequested&) const = default; };  ///< the network may have changed
struct TrackerDeadlinePassed { bool operator==(const TrackerDeadlinePassed&) const = default; };
using TrackerEvent = std::variant<TrackingRequested, TrackingEndRequested, NodeProved, NodeMissed, NodeBlamed, NodeForgotten,
                                  TopologyReceived, TopologyMissed, BulkChecked, ProbeNowRequested, PathChanged, TrackerDeadlinePassed>;

// Actions.
struct AddNode { std::string label; std::string name; std::uint16_t port{}; Rhythm rhythm; bool operator==(const AddNode&) const = default; };
struct RemoveNode { std::string label; bool operator==(const RemoveNode&) const = default; };
struct SetRhythm { std::string label; Rhythm rhythm; bool operator==(const SetRhythm&) const = default; };
struct AskTopology { std::string label; bool operator==(const AskTopology&) const = default; };
struct AskBulk { std::string label; bool operator==(const AskBulk&) const = default; };
struct ProbeNode { std::string label; Duration delay{}; bool operator==(const ProbeNode&) const = default; };
struct AnnounceTopology { std::string text; bool operator==(const AnnounceTopology&) const = default; };  ///< for the log
using TrackerAction = std::variant<AddNode, RemoveNode, SetRhythm, AskTopology, AskBulk, ProbeNode, AnnounceTopology>;
// clang-format on

/// The cluster endpoint, as the profile names it.
struct ClusterSeed {
    std::string name;
    std::uint16_t port = 6379;
    bool tls = true;
    bool operator==(const ClusterSeed&) const = default;
};

struct TrackerState {
    bool is_running = false;
    std::optional<TimePoint> deadline;  ///< the runner sends TrackerDeadlinePassed then; none = never
    std::vector<TrackedNode> nodes;     ///< in the order of the map; the seed last
    std::optional<Coverage> coverage;   ///< empty until the cluster has announced its members
    std::string topology_problem;       ///< why the last look at the topology failed; empty when it did not
    bool topology_was_missed = false;   ///< once; the next time it is a problem
    std::string sentinel;               ///< label; empty only before the first start
    TimePoint sentinel_until{};
    std::optional<TimePoint> topology_due;  ///< asked then, as soon as a node is ok
    std::string large_lost_by;              ///< the node that did not answer the last topology question; else empty
    std::string asked;                      ///< the node that owes a topology; empty: none
    TimePoint asked_at{};                   ///< the last one that was asked
    TimePoint retried_at{};                 ///< when all that had failed were probed
    std::optional<TimePoint> retry_due;     ///< when they are again, because one of them is back
    BulkCheck bulk;                         ///< whether large packets pass; unknown when stopped or on a new path
    bool operator==(const TrackerState&) const = default;
};

struct TrackerStep {
    TrackerState state;                  ///< always replaces the old one
    std::vector<TrackerAction> actions;  ///< in order
    std::string_view why;                ///< the rule that fired, a literal
};

/// Advances the cluster by one event. Never fails: what makes no sense is "ignored".
/// @param state  move it in where it is replaced anyway: copying thousands of nodes for one of them is dear.
[[nodiscard]] TrackerStep step(TrackerState state, const TrackerEvent& event, TimePoint now, const ClusterSeed& seed,
                               const ProbeTimings& timings);

struct ClusterFinding {
    std::string code;  ///< of layer `cluster`
    std::string evidence;
    bool operator==(const ClusterFinding&) const = default;
};

struct ClusterSummary {
    std::size_t ok = 0, failed = 0, unknown = 0;  ///< counted nodes, see is_counted
    std::optional<unsigned> slots_covered;        ///< empty: not in cluster mode, or no node is ok
    std::vector<ClusterFinding> findings;
    bool operator==(const ClusterSummary&) const = default;
};

[[nodiscard]] ClusterSummary summarize(const TrackerState& state);

/// Whether a node is shown and counted: the seed only while it is all there is, or the only thing that answers.
[[nodiscard]] bool is_counted(const TrackerState& state, const TrackedNode& node) noexcept;

}  // namespace memdb::reach
