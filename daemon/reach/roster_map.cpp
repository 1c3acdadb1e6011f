#include "reach/roster_map.hpp"

#include "reach/sentinel_policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace memdb::reach {
namespace {

std::string label_of(const ClusterNode& node, const ClusterSeed& seed) {
    if (node.port == seed.port) return node.name;
    return node.name.find(':') == std::string::npos ? fmt::format("{}:{}", node.name, node.port)
                                                    : fmt::format("[{}]:{}", node.name, node.port);
}

using ByLabel = std::unordered_map<std::string_view, const TrackedNode*>;

ByLabel by_label(const std::vector<TrackedNode>& nodes) {
    ByLabel found;
    found.reserve(nodes.size());
    for (const TrackedNode& node : nodes) found.emplace(node.label, &node);
    return found;
}

TrackedNode tracked(const ClusterNode& node, const ByLabel& known, const ClusterSeed& seed) {
    TrackedNode next{label_of(node, seed), node.name, node.port, node.ip, node.role, node.shard};
    const auto found = known.find(next.label);
    if (found == known.end()) {
        next.share = share_of(next.label);
        return next;
    }
    const TrackedNode* const before = found->second;
    next.share = before->share;
    next.health = before->health;
    next.code = before->code;
    next.silent_in_tls = before->silent_in_tls;
    next.rhythm = before->rhythm;
    if (!node.has_slots && !node.is_online && before->shard != 0)
        next.shard = before->shard;  // where people look for it
    return next;
}

std::string outline(const std::vector<TrackedNode>& nodes) {
    std::string text;
    for (const TrackedNode& node : nodes)
        if (!node.is_seed) text += fmt::format("{}/{}/{};", node.label, node.shard, node.role == Role::primary);
    return text;
}

std::string announce(const ClusterMap& map) {
    unsigned shards = 0;  // slotless ones have the highest numbers and do not count
    for (const ClusterNode& node : map.nodes)
        if (node.has_slots) shards = std::max(shards, node.shard);
    return fmt::format("{} {}, {} {}", shards, shards == 1 ? "shard" : "shards", map.nodes.size(),
                       map.nodes.size() == 1 ? "node" : "nodes");
}

}  // namespace

const TrackedNode* find_node(const std::vector<TrackedNode>& nodes, std::string_view label) noexcept {
    const auto found =
        std::find_if(nodes.begin(), nodes.end(), [&](const TrackedNode& node) { return node.label == label; });
    return found == nodes.end() ? nullptr : &*found;
}

Roster follow_map(const std::vector<TrackedNode>& known, const ClusterMap& map, const ClusterSeed& seed) {
    Roster roster;
    const ByLabel before = by_label(known);
    for (const ClusterNode& node : map.nodes) {
        roster.nodes.push_back(tracked(node, before, seed));
        if (!before.contains(roster.nodes.back().label)) roster.joined.push_back(roster.nodes.size() - 1);
    }
    roster.nodes.reserve(roster.nodes.size() + 1);  // for the seed: `after` points into it
    const ByLabel after = by_label(roster.nodes);
    for (const TrackedNode& node : known) {
        if (after.contains(node.label)) continue;
        if (node.is_seed)
            roster.nodes.push_back(node);
        else
            roster.left.push_back(node.label);
    }
    if (outline(known) != outline(roster.nodes)) roster.announcement = announce(map);
    return roster;
}

}  // namespace memdb::reach
