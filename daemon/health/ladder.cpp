#include "health/ladder.hpp"

#include "health/finding_catalog.hpp"

#include <algorithm>

namespace memdb::health {
namespace {

using control::LayerState;

std::size_t count_of(const ClusterFacts& cluster, NodeVerdict verdict) {
    return static_cast<std::size_t>(std::ranges::count(cluster.nodes, verdict, &NodeFacts::verdict));
}

/// The layer at which a tunnel that is up in name only is dead.
std::optional<Layer> dead_at(const Facts& facts) {
    if (is_offline(facts)) return Layer::handshake;
    if (is_hung(facts)) return Layer::process;
    return is_silent(facts) ? std::optional(Layer::tunnel) : std::nullopt;
}

LayerState of_tunnel_that_is_up(Layer layer, const Facts& facts) {
    const std::optional<Layer> dead = dead_at(facts);
    if (layer == dead || (layer == Layer::tunnel && facts.tunnel.fault)) return LayerState::failed;
    return dead && layer > *dead ? LayerState::unknown : LayerState::ok;
}

LayerState of_tunnel_layer(Layer layer, const Facts& facts) {
    const TunnelFacts& tunnel = facts.tunnel;
    // What blocks without a failure is the credential, which the handshake would need.
    const bool failed = tunnel.failure.has_value() || tunnel.stage == TunnelStage::blocked;
    const CatalogEntry* const entry = tunnel.failure ? find_entry(*tunnel.failure) : nullptr;
    const Layer broken = entry != nullptr && entry->layer <= Layer::tunnel ? entry->layer : Layer::handshake;
    switch (tunnel.stage) {
        case TunnelStage::up: return of_tunnel_that_is_up(layer, facts);
        case TunnelStage::handshaking:
        case TunnelStage::starting:
        case TunnelStage::waiting:
        case TunnelStage::blocked:
            if (layer == broken && failed) return LayerState::failed;
            if (layer == Layer::process && tunnel.process_runs) return LayerState::ok;
            return LayerState::unknown;
        case TunnelStage::none:
        case TunnelStage::stopped: return LayerState::unknown;
    }
    return LayerState::unknown;
}

bool any_passed(Layer layer, const Facts& facts) {
    for (const ClusterFacts& cluster : facts.clusters) {
        if (layer == Layer::tls && !cluster.tls) continue;  // nothing was secured there
        for (const NodeFacts& node : cluster.nodes)
            if (node.verdict == NodeVerdict::ok ||
                (node.verdict == NodeVerdict::failed && node.passed && *node.passed >= layer))
                return true;
    }
    return false;
}

/// Of one layer over all nodes: failed when any node's last try broke there, ok when any went through and none broke.
LayerState of_node_layer(Layer layer, const Facts& facts) {
    if (layer == Layer::tls && std::ranges::none_of(facts.clusters, &ClusterFacts::tls)) return LayerState::skipped;
    for (const ClusterFacts& cluster : facts.clusters)
        for (const NodeFacts& node : cluster.nodes)
            if (node.verdict == NodeVerdict::failed && node.failed_at == layer) return LayerState::failed;
    return any_passed(layer, facts) ? LayerState::ok : LayerState::unknown;
}

LayerState of_cluster_layer(const Facts& facts) {
    bool all_known = !facts.clusters.empty();
    for (const ClusterFacts& cluster : facts.clusters) {
        if (!cluster.conditions.empty()) return LayerState::failed;
        all_known = all_known && cluster.topology_known && count_of(cluster, NodeVerdict::ok) > 0;
    }
    return all_known ? LayerState::ok : LayerState::unknown;
}

/// The kernel's word counts where a connection has not proven more.
LayerState of_route_layer(const Facts& facts) {
    if (any_passed(Layer::tcp, facts)) return LayerState::ok;
    bool any = false;
    for (const ClusterFacts& cluster : facts.clusters)
        for (const NodeFacts& node : cluster.nodes) {
            if (node.route != RouteState::ok) return LayerState::unknown;
            any = true;
        }
    return any ? LayerState::ok : LayerState::unknown;
}

/// Whether blame has named an error of this layer.
bool is_blamed(Layer layer, const Blame& blamed) {
    if (layer == blamed.first_failing) return true;
    return std::ranges::any_of(blamed.conditions, [&](const Condition& condition) {
        const CatalogEntry* const entry = find_entry(condition.code);
        return entry != nullptr && entry->layer == layer && entry->severity == Severity::error;
    });
}

}  // namespace

std::array<LayerState, kWay.size()> ladder(const Facts& facts, const Blame& blamed) {
    std::array<LayerState, kWay.size()> out{};
    for (std::size_t i = 0; i < kWay.size(); ++i) {
        const Layer layer = kWay[i];
        if (layer <= Layer::tunnel)
            out[i] = facts.direct   ? LayerState::skipped
                     : facts.wanted ? of_tunnel_layer(layer, facts)
                                    : LayerState::unknown;
        else if (!facts.wanted || (!facts.direct && facts.tunnel.stage != TunnelStage::up))
            out[i] = LayerState::unknown;
        else if (layer == Layer::cluster)
            out[i] = of_cluster_layer(facts);
        else if (layer == Layer::route)
            out[i] = of_route_layer(facts);
        else
            out[i] = of_node_layer(layer, facts);
        // What no stage of openvpn or of a node shows: the network, the dates before a tunnel; what carries the nodes.
        const bool in_use = facts.direct || facts.tunnel.stage == TunnelStage::up;
        const bool shown_elsewhere = in_use ? layer < Layer::tunnel || layer > Layer::dns : layer > Layer::tunnel;
        if (facts.wanted && !shown_elsewhere && out[i] != LayerState::skipped && is_blamed(layer, blamed))
            out[i] = LayerState::failed;
    }
    return out;
}

}  // namespace memdb::health
