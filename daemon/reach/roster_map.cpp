#include "reach/roster_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memdb::reach {
namespace {

std::string label_of(const ClusterNode& node, const ClusterSeed& seed) {
    if (node.port == seed.port) return node.name;
    return node.name.find(':') == std::string::npos ? fmt::format("{}:{}", node.name, node.port)
                                                    : fmt::format("[{}]:{}", node.name, node.port);
}

TrackedNode tracked(const ClusterNode& node, const std::vector<TrackedNode>& known, const ClusterSeed& seed) {
    TrackedNode next{label_of(node, seed), node.name, node.port, node.ip, node.role, node.shard};
    const TrackedNode* before = find_node(known, next.label);
    if (before == nullptr) return next;
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
    for (const ClusterNode& node : map.nodes) {
        roster.nodes.push_back(tracked(node, known, seed));
        const std::string& label = roster.nodes.back().label;
        if (find_node(known, label) == nullptr) roster.joined.push_back(label);
    }
    for (const TrackedNode& node : known) {
        if (find_node(roster.nodes, node.label) != nullptr) continue;
        if (node.is_seed)
            roster.nodes.push_back(node);
        else
            roster.left.push_back(node.label);
    }
    if (outline(known) != outline(roster.nodes)) roster.announcement = announce(map);
    return roster;
}

}  // namespace memdb::reach
