// What changed between two Snapshots, as values and as one NDJSON line each (GET /v1/events).
//
// Pure. Counters (bytes, ping_us, uptime, days left) make no events: a quiet tunnel is silent. The first line of a
// stream is the whole Snapshot: {"type":"snapshot","at":…,"snapshot":{…}}.
#pragma once

#include "base/error.hpp"
#include "control/snapshot.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace memdb::control {

/// The stream's first line.
struct SnapshotTaken {
    Snapshot snapshot;
    bool operator==(const SnapshotTaken&) const = default;
};

struct ProfileAdded {
    bool operator==(const ProfileAdded&) const = default;
};

struct ProfileRemoved {
    bool operator==(const ProfileRemoved&) const = default;
};

struct WantedChanged {
    Wanted to{};
    bool operator==(const WantedChanged&) const = default;
};

struct VerdictChanged {
    health::Verdict from{};
    health::Verdict to{};
    bool operator==(const VerdictChanged&) const = default;
};

/// Also when the phase is the same but was entered anew (`since` moved): a restart that was quicker than two looks.
struct PhaseChanged {
    std::string from;
    std::string to;
    std::uint64_t attempt = 0;
    std::optional<std::string> cause;  ///< of the last restart, or of `blocked`
    std::optional<WallTime> retry_at;  ///< in phase "waiting"
    bool operator==(const PhaseChanged&) const = default;
};

struct LayerChanged {
    health::Layer layer{};
    LayerState from{};
    LayerState to{};
    bool operator==(const LayerChanged&) const = default;
};

/// No `from`: the node appeared. No `to`: it is gone from the cluster.
struct NodeChanged {
    std::string cluster;  ///< its endpoint
    std::string node;
    std::optional<NodeState> from;
    std::optional<NodeState> to;
    std::optional<std::string> finding;  ///< code
    bool operator==(const NodeChanged&) const = default;
};

struct FindingRaised {
    health::Finding finding;
    bool operator==(const FindingRaised&) const = default;
};

/// The same condition lasts, but its sentence is another: two nodes instead of one.
struct FindingChanged {
    health::Finding finding;
    bool operator==(const FindingChanged&) const = default;
};

struct FindingCleared {
    std::string code;
    health::Layer layer{};
    bool operator==(const FindingCleared&) const = default;
};

/// Another phase or another step; `rotation` is absent when there is nothing to tell of any more.
struct RotationChanged {
    std::optional<RotationView> rotation;
    bool operator==(const RotationChanged&) const = default;
};

using Change = std::variant<SnapshotTaken, ProfileAdded, ProfileRemoved, WantedChanged, VerdictChanged, PhaseChanged,
                            LayerChanged, NodeChanged, RotationChanged, FindingRaised, FindingChanged, FindingCleared>;

struct Event {
    WallTime at{};
    std::string profile;  ///< empty: about the agent itself
    Change change;
    bool operator==(const Event&) const = default;
};

/// Every change from `before` to `after`; by profile, in the order wanted, phase, layers, nodes, rotation, findings,
/// verdict: the verdict comes last, when everything that explains it has been said.
[[nodiscard]] std::vector<Event> diff(const Snapshot& before, const Snapshot& after, WallTime at);

/// One line with its newline. The verdict's type is "verdict", the others' "phase", "layer", "node", "wanted",
/// "rotation", "finding_raised", "finding_changed", "finding_cleared", "profile_added", "profile_removed", "snapshot".
[[nodiscard]] std::string to_json_line(const Event& event);

/// The first line of a stream, without a copy of the snapshot.
[[nodiscard]] std::string snapshot_line(const Snapshot& snapshot, WallTime at);

/// One line, with or without its newline. An unknown type is Errc::not_found: skip it. Else Errc::malformed or
/// too_large.
Result<Event> parse_event(std::string_view line);

std::string_view type_of(const Change& change) noexcept;

}  // namespace memdb::control
