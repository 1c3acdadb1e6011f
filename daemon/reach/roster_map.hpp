// From the members that a cluster announces to the nodes that are tracked: who stays, who comes, who goes.
//
// In: the nodes so far and a ClusterMap. Out: a Roster. Used by cluster_tracker alone.
#pragma once

#include "reach/cluster_tracker.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::reach {

struct Roster {
    std::vector<TrackedNode> nodes;   ///< in the order of the map, with what was known of them; the seed last
    std::vector<std::size_t> joined;  ///< their places in `nodes`
    std::vector<std::string> left;    ///< labels
    std::string announcement;         ///< "2 shards, 4 nodes"; empty when members, shards and roles are as before
    bool operator==(const Roster&) const = default;
};

/// A seed that the map does not name stays all the same: somebody must answer until a member is proved.
[[nodiscard]] Roster follow_map(const std::vector<TrackedNode>& known, const ClusterMap& map, const ClusterSeed& seed);

/// @return null when there is no such node.
[[nodiscard]] const TrackedNode* find_node(const std::vector<TrackedNode>& nodes, std::string_view label) noexcept;

}  // namespace memdb::reach
