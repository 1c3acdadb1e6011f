// One node's connection as a pure function: (state, event, now) -> (state, actions).
//
// In:   ProbeEvent, made by reach/node_link and reach/cluster_runner; `took` is measured there, in microseconds.
// Out:  ProbeAction, carried out by reach/cluster_runner in the given order.
// A node counts as ok only after a PONG. A miss is followed by two whole re-probes on new connections before blame; an
// answer that no re-probe can change is blamed at once. Does no I/O, reads no clock, logs nothing.
#pragma once

#include "reach/probe_state.hpp"
#include "reach/probe_timings.hpp"

#include <boost/container/small_vector.hpp>

#include <string_view>

namespace memdb::reach {

/// A PING and its answer happen hundreds of times a second in a large cluster: what they lead to has its room inside.
using ProbeActions = boost::container::small_vector<ProbeAction, 3>;

struct ProbeStep {
    ProbeState state;      ///< always replaces the old one
    ProbeActions actions;  ///< in order; empty when nothing is to be done
    std::string_view why;  ///< the rule that fired, a literal; logged and tested
};

/// Advances the probe of one node by one event.
///
/// @param now  monotonic time of the event; must not go back between calls (ms).
/// @return     the new state and what to do. Never fails: an event that makes no sense in the current phase leaves the
///             state as it is, with `why` = "ignored".
[[nodiscard]] ProbeStep step(ProbeState state, const ProbeEvent& event, TimePoint now, const ProbeTarget& target,
                             const ProbeTimings& timings);

}  // namespace memdb::reach
