// Who of a cluster's nodes is the sentinel, who are its witnesses, and how often each is asked.
//
// In: the tracked nodes. Out: one of them, some of them, a Rhythm. Used by cluster_tracker alone.
#pragma once

#include "reach/cluster_tracker.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::reach {

/// The first node that is ok in the shard after `current`'s, round and round. Nobody is ok: `current`, else the first.
/// @param current  may be null. @param nodes  at least one.
[[nodiscard]] const TrackedNode& next_sentinel(const std::vector<TrackedNode>& nodes, const TrackedNode* current);

[[nodiscard]] Rhythm rhythm_of(const TrackedNode& node, bool is_sentinel, std::size_t count,
                               const ProbeTimings& timings);

}  // namespace memdb::reach
