// The course of one tunnel (design §4): events and `now` in, a new state and actions out. Owns every retry.
//
// Knows nothing of sockets, processes, clocks or logs: tunnel_runner brings the events and performs the actions.
// openvpn is held at its management hold before every attempt, so each attempt is this machine's choice.
#pragma once

#include "tunnel/tunnel_event.hpp"
#include "tunnel/tunnel_state.hpp"
#include "tunnel/tunnel_timings.hpp"

#include <string_view>
#include <vector>

namespace memdb::tunnel {

struct Step {
    TunnelState state;                  ///< always replaces the old one
    std::vector<TunnelAction> actions;  ///< in order
    std::string_view why;               ///< the rule that fired, a literal; "ignored": the state is untouched
};

/// One event. Never fails.
///
/// @param jitter01  0 to 1, fresh for each call: spreads the back-off.
[[nodiscard]] Step step(const TunnelState& state, const TunnelEvent& event, TimePoint now, double jitter01,
                        const TunnelTimings& timings);

}  // namespace memdb::tunnel
