// Who of a cluster's nodes is the sentinel, who are its witnesses, and how often each is asked.
//
// In: the tracked nodes. Out: one of them, some of them, a Rhythm. Used by cluster_tracker alone.
#pragma once

#include "reach/cluster_tracker.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::reach {

/// The first node that is ok in the shard after `current`'s, round and round. Nobody is ok: `current`, else the first.
/// @param current  may be null. @param nodes  at least one.
[[nodiscard]] const TrackedNode& next_sentinel(const std::vector<TrackedNode>& nodes, const TrackedNode* current);

/// Labels of nodes that are ok and not the sentinel, one of each other shard first: those who can tell at once whether
/// the sentinel's silence is its own.
[[nodiscard]] std::vector<std::string> witnesses_of(const std::vector<TrackedNode>& nodes, std::string_view sentinel);
inline constexpr std::size_t kMostWitnesses = 8;

/// A number from the label, evenly spread, that says when in an interval a node is asked.
[[nodiscard]] std::uint32_t share_of(std::string_view label) noexcept;

[[nodiscard]] Rhythm rhythm_of(const TrackedNode& node, bool is_sentinel, std::size_t count,
                               const ProbeTimings& timings);

}  // namespace memdb::reach
