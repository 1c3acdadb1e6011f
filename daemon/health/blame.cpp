#include "health/blame.hpp"

#include "health/finding_catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace memdb::health {
namespace {

using control::LayerState;

std::string short_name(const std::string& name) {
    // An address has no labels to leave out.
    const bool is_address = name.find_first_not_of("0123456789.:abcdefABCDEF") == std::string::npos;
    return is_address ? name : name.substr(0, name.find('.'));
}

std::string describe(const NodeFacts& node) {
    if (node.shard.empty()) return short_name(node.name);
    return fmt::format("{} ({} of shard {})", short_name(node.name), node.role.empty() ? "node" : node.role,
                       node.shard);
}

/// "6 of 6 nodes", "demo-0002-002 (replica of shard 2)", "a-1 (…), b-1 (…) and 3 more".
std::string subject(const std::vector<const NodeFacts*>& nodes, std::size_t of) {
    if (nodes.size() == of && of > 1) return fmt::format("{} of {} nodes", of, of);
    constexpr std::size_t shown = 2;
    std::string text;
    for (std::size_t i = 0; i < std::min(nodes.size(), shown); ++i) text += (i > 0 ? ", " : "") + describe(*nodes[i]);
    if (nodes.size() > shown) text += fmt::format(" and {} more", nodes.size() - shown);
    return text;
}

/// What each node-level code says of its subject. Codes that are not of nodes never come here.
std::string predicate(std::string_view code, std::uint16_t port, bool several) {
    const auto verb = [several](std::string_view one, std::string_view many) { return several ? many : one; };
    if (code == "cluster-name-unresolved") return fmt::format("{} no address", verb("has", "have"));
    if (code == "port-refused") return fmt::format("{} connections on TCP {}", verb("refuses", "refuse"), port);
    if (code == "tls-not-offered") return fmt::format("{} no TLS", verb("speaks", "speak"));
    if (code == "tls-untrusted") return fmt::format("{} a certificate of an unknown issuer", verb("shows", "show"));
    if (code == "tls-name-mismatch") return fmt::format("{} a certificate for another name", verb("shows", "show"));
    if (code == "tls-expired") return fmt::format("{} an expired certificate", verb("shows", "show"));
    if (code == "tls-handshake-failed") return fmt::format("{} the TLS handshake", verb("breaks off", "break off"));
    if (code == "auth-required") return fmt::format("{} a user and password", verb("wants", "want"));
    if (code == "auth-rejected") return fmt::format("{} this user or password", verb("rejects", "reject"));
    if (code == "auth-no-permission") return fmt::format("{} PING to this user", verb("forbids", "forbid"));
    if (code == "node-loading") return fmt::format("{} still loading data", verb("is", "are"));
    if (code == "node-busy") return fmt::format("{} busy", verb("is", "are"));
    return fmt::format("{} not answer", verb("does", "do"));
}

std::size_t count_of(const ClusterFacts& cluster, NodeVerdict verdict) {
    return static_cast<std::size_t>(std::ranges::count(cluster.nodes, verdict, &NodeFacts::verdict));
}

bool is_silent_on_tcp(const NodeFacts& node) {
    return node.verdict == NodeVerdict::failed && node.code == "node-unreachable" && node.failed_at == Layer::tcp;
}

/// Every node is silent on TCP: a filter in between, not the nodes (they would not all die at once).
Condition port_filtered(const ClusterFacts& cluster, const Facts& facts) {
    const std::size_t n = cluster.nodes.size();
    const std::string while_what = facts.direct ? "" : " while the tunnel carries traffic";
    return {"port-filtered",
            fmt::format("{} of {} {} silent on TCP {}{}", n, n, n == 1 ? "node" : "nodes", cluster.port, while_what),
            cluster.nodes.front().evidence};
}

void blame_cluster(const ClusterFacts& cluster, const Facts& facts, std::vector<Condition>& out) {
    if (!cluster.tls)
        out.push_back({"tls-off", "TLS is off for " + cluster.endpoint, "the profile says tls = \"off\""});
    if (!cluster.nodes.empty() && std::ranges::all_of(cluster.nodes, is_silent_on_tcp)) {
        out.push_back(port_filtered(cluster, facts));
        return;  // without a connection nothing newer is known of the cluster
    }
    std::map<std::string, std::vector<const NodeFacts*>> by_code;
    for (const NodeFacts& node : cluster.nodes)
        if (node.verdict == NodeVerdict::failed) by_code[node.code].push_back(&node);
    for (const auto& [code, nodes] : by_code)
        out.push_back({code,
                       fmt::format("{} {}", subject(nodes, cluster.nodes.size()),
                                   predicate(code, cluster.port, nodes.size() > 1)),
                       nodes.front()->evidence});
    out.insert(out.end(), cluster.conditions.begin(), cluster.conditions.end());
}

std::string failure_summary(const TunnelFacts& tunnel) {
    const std::string& code = *tunnel.failure;
    const std::string& who = tunnel.server;
    if (code == "endpoint-silent") return fmt::format("the endpoint {} does not answer", who);
    if (code == "endpoint-name-unresolved") return fmt::format("the endpoint's name {} has no address", who);
    if (code == "handshake-rejected")
        return fmt::format("the endpoint {} answers but does not finish the handshake", who);
    if (code == "auth-failed") return fmt::format("the endpoint {} rejects the login", who);
    if (code == "openvpn-crashed") return "openvpn ended by itself";
    if (code == "openvpn-hung") return "openvpn does not answer any more";
    if (code == "openvpn-missing") return "the program openvpn is not there";
    if (code == "tun-device-unavailable") return "no tun device can be opened";
    if (code == "no-net-admin") return "openvpn may not configure the network";
    if (code == "config-refused") return "openvpn refuses the configuration";
    if (code == "network-offline") return "this machine has no network";
    if (code == "tunnel-silent") return fmt::format("nothing comes from the endpoint {} any more", who);
    if (code == "server-cert-untrusted") return fmt::format("the certificate of {} is not trusted", who);
    if (code == "server-name-mismatch") return fmt::format("the certificate of {} is for another name", who);
    if (code == "server-cert-expired") return fmt::format("the certificate of {} has expired", who);
    if (code == "client-key-mismatch") return "certificate and key do not belong together";
    if (code == "client-cert-unusable") return "openvpn cannot use the client certificate";
    return fmt::format("no tunnel to {}", who);
}

bool any_failed(const Facts& facts) {
    for (const ClusterFacts& cluster : facts.clusters)
        if (count_of(cluster, NodeVerdict::failed) > 0) return true;
    return false;
}

bool all_silent(const Facts& facts) {
    bool any = false;
    for (const ClusterFacts& cluster : facts.clusters)
        for (const NodeFacts& node : cluster.nodes) {
            if (node.verdict == NodeVerdict::ok) return false;
            any = any || node.verdict == NodeVerdict::failed;
        }
    return any;
}

/// The layer at which a tunnel that is up in name only is dead: nodes fail, and no way leads to the server any more, or
/// nothing comes from it.
std::optional<Layer> dead_at(const Facts& facts) {
    const bool no_way = facts.tunnel.route_to_server.has_value() && !*facts.tunnel.route_to_server;
    if (no_way && any_failed(facts)) return Layer::handshake;  // nodes fail one by one, the reason is the same for all
    if (all_silent(facts) && facts.tunnel.server_silent_for >= kServerSilence) return Layer::tunnel;
    return std::nullopt;
}

LayerState of_tunnel_that_is_up(Layer layer, const Facts& facts) {
    const std::optional<Layer> dead = dead_at(facts);
    if (layer == dead || (layer == Layer::tunnel && facts.tunnel.fault)) return LayerState::failed;
    return dead && layer > *dead ? LayerState::unknown : LayerState::ok;
}

/// The tunnel's own trouble; true when it explains everything behind it.
bool blame_tunnel(const Facts& facts, std::vector<Condition>& out) {
    const TunnelFacts& tunnel = facts.tunnel;
    const bool no_way = tunnel.route_to_server.has_value() && !*tunnel.route_to_server;
    if (tunnel.stage != TunnelStage::up) {
        if (no_way && tunnel.stage != TunnelStage::blocked)
            out.push_back({"network-offline", "this machine has no network", "no route to " + tunnel.server});
        else if (tunnel.failure)
            out.push_back({*tunnel.failure, failure_summary(tunnel), tunnel.failure_evidence});
        return true;
    }
    if (const auto dead = dead_at(facts); dead == Layer::handshake) {
        out.push_back({"network-offline", "this machine has no network", "no route to " + tunnel.server});
        return true;
    } else if (dead) {
        out.push_back({"tunnel-silent", fmt::format("nothing comes from the endpoint {} any more", tunnel.server),
                       fmt::format("no byte for {} s", tunnel.server_silent_for / 1s)});
        return true;
    }
    if (tunnel.fault)
        out.push_back(
            {*tunnel.fault, "openvpn connected, but not everything could be set up", tunnel.failure_evidence});
    return false;
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

}  // namespace

std::vector<Condition> blame(const Facts& facts) {
    std::vector<Condition> out;
    if (!facts.wanted) return facts.credential;
    const bool explained = !facts.direct && blame_tunnel(facts, out);
    if (!explained && facts.direct && all_silent(facts) && facts.route_to_nodes && !*facts.route_to_nodes) {
        out.push_back({"network-offline", "this machine has no network", "no route to the cluster's nodes"});
    } else if (!explained) {
        for (const ClusterFacts& cluster : facts.clusters) blame_cluster(cluster, facts, out);
    }
    // Dates matter whatever else is broken: an expired certificate is the root of a rejected handshake, so it comes
    // first.
    out.insert(out.begin(), facts.credential.begin(), facts.credential.end());
    return out;
}

std::array<LayerState, kWay.size()> ladder(const Facts& facts) {
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
        else if (layer == Layer::route)  // a TCP connection is the proof of a route: what a look-up says is weaker
            out[i] = any_passed(Layer::tcp, facts) ? LayerState::ok : LayerState::unknown;
        else
            out[i] = of_node_layer(layer, facts);
    }
    return out;
}

}  // namespace memdb::health
