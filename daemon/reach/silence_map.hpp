// From the probes of all nodes to one question: since when does nothing answer?
//
// In: the states of the probes, of one cluster or of several behind the same tunnel. Out: a moment, or none.
#pragma once

#include "reach/probe_state.hpp"

#include <optional>
#include <span>

namespace memdb::reach {

/// @param probes  null entries are passed over.
/// @return the first miss after which no node has answered a PING; none without such a miss. A node whose turn has not
///         come is no objection: the sentinel's first miss is enough. A reply that is not the due one (an error,
///         garbage, a refusal) counts as no answer: what came through the tunnel meanwhile is for the caller to look
///         at.
[[nodiscard]] std::optional<TimePoint> silent_since(std::span<const ProbeState* const> probes) noexcept;

}  // namespace memdb::reach
