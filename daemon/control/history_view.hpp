// What `GET /v1/history` answers, as plain values: incidents, reachability, spans, and the PING of each node.
//
// Made by history/history_map from what is stored, turned into JSON and back by control/api_history, shown by the
// client. Fields are only ever added. An interval of time counts as observed only while the agent ran, the machine was
// awake and the profile was wanted: what nobody watched is neither good nor bad.
#pragma once

#include "base/time.hpp"
#include "health/finding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::control {

/// Whether there is a history. `off`: the settings say so. `failed`: it cannot be kept now, `message` says why.
enum class HistoryState : std::uint8_t { on, off, failed };

/// How a profile was, over the time that was asked for.
struct ReachabilityView {
    std::string profile;
    std::int64_t observed_ms = 0;  ///< wanted, watched, and past the first connecting after a start or a connect
    std::int64_t answered_ms = 0;  ///< of these: verdict reachable or degraded, so a PING was answered
    std::int64_t degraded_ms = 0;  ///< of these: verdict degraded
    std::int64_t incidents = 0;    ///< in which nothing answered
    bool operator==(const ReachabilityView&) const = default;
};

/// A time in which a wanted profile was not `reachable`.
struct IncidentView {
    std::string profile;
    WallTime began{};
    WallTime ended{};  ///< the last moment known of it, while it is open
    bool open = false;
    health::Verdict worst = health::Verdict::unreachable;  ///< unreachable, connecting (a gap) or degraded
    std::optional<std::string> cause;    ///< code of the finding that explains it; or what the tunnel's restart was for
    std::optional<std::string> summary;  ///< that finding's sentence
    std::optional<health::Layer> layer;  ///< that finding's
    bool operator==(const IncidentView&) const = default;
};

struct VerdictSpan {
    std::string profile;
    health::Verdict verdict = health::Verdict::stopped;
    WallTime began{};
    WallTime ended{};
    bool open = false;
    bool operator==(const VerdictSpan&) const = default;
};

struct PhaseSpan {
    std::string profile;
    std::string phase;                 ///< of the tunnel
    std::optional<std::string> cause;  ///< of the restart or the block that led to it
    WallTime began{};
    WallTime ended{};
    bool open = false;
    bool operator==(const PhaseSpan&) const = default;
};

struct FindingSpan {
    std::string profile;  ///< empty: about the agent itself
    std::string code;
    health::Severity severity = health::Severity::error;
    health::Layer layer = health::Layer::agent;
    std::string summary;
    WallTime began{};
    WallTime ended{};
    bool open = false;
    bool operator==(const FindingSpan&) const = default;
};

/// PINGs of one node in one bucket of time. Latencies are absent where none was answered.
struct PingPoint {
    WallTime at{};           ///< begin of the bucket
    std::int64_t count = 0;  ///< answered
    std::int64_t lost = 0;
    std::optional<std::int64_t> min_us, median_us, p99_us;
    bool operator==(const PingPoint&) const = default;
};

struct NodeHistory {
    std::string profile;
    std::string node;
    PingPoint total;                ///< of the whole time: total.median_us is "the median PING of the last 24 h"
    std::vector<PingPoint> points;  ///< in order of time; buckets without a PING are not there
    bool operator==(const NodeHistory&) const = default;
};

struct History {
    HistoryState state = HistoryState::on;
    std::optional<std::string> message;  ///< why there is none
    WallTime since{};
    WallTime until{};
    std::int64_t bucket_s = 60;      ///< of the nodes' points
    std::optional<WallTime> oldest;  ///< of all that is stored; absent: nothing is
    std::int64_t dropped = 0;        ///< records that could not be written since the agent started
    bool cut = false;                ///< there was more than one answer may hold; the newest is here
    std::vector<ReachabilityView> profiles;
    std::vector<IncidentView> incidents;  ///< newest first
    std::vector<VerdictSpan> verdicts;    ///< in order of time, as phases and findings
    std::vector<PhaseSpan> phases;
    std::vector<FindingSpan> findings;
    std::vector<NodeHistory> nodes;
    bool operator==(const History&) const = default;
};

std::string_view to_string(HistoryState state) noexcept;
std::optional<HistoryState> parse_history_state(std::string_view word) noexcept;

/// The node of that name, or null: `find_node(history, "demo", node)->total.median_us`. Ownership stays.
const NodeHistory* find_node(const History& history, std::string_view profile, std::string_view node) noexcept;

}  // namespace memdb::control
