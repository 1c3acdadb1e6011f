// Spans to incidents and reachability. Pure.
//
// An incident is a time in which a wanted profile was not `reachable`: nothing answered (unreachable, or connecting
// after it had been reachable), or something was amiss though it answered (degraded); these are told apart, for a
// certificate that ends in a month must not make one long failure of a short one. What is not counted, either way: the
// time in which the agent did not run or the machine slept, in which nobody wanted the profile, and the first
// connecting after that.
#pragma once

#include "control/history_view.hpp"
#include "history/record.hpp"

#include <span>
#include <vector>

namespace memdb::history {

/// Two spans of one profile with less between them belong together: the agent was restarted.
inline constexpr Duration kSameIncident = 2min;
/// A shorter time without a finding is how a tunnel is renewed, not an incident; it counts for the reachability.
inline constexpr Duration kWorthTelling = 1s;

struct Incidents {
    std::vector<control::IncidentView> incidents;     ///< newest first
    std::vector<control::ReachabilityView> profiles;  ///< by name, of all that have a verdict in this time
};

/// @param spans  of all kinds, in any order; those without a part in [since, until] do not count.
[[nodiscard]] Incidents incidents_of(std::span<const Span> spans, WallTime since, WallTime until);

}  // namespace memdb::history
