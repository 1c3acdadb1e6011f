// What the decision table of blame is made of: everything that can be known of a tunnel that is up and of its nodes,
// in words, and the Facts that a combination of them stands for. See unit/blame_table_test.cpp.
#pragma once

#include "tests/support/cell_pattern.hpp"
#include "tests/support/health_facts.hpp"

#include <array>
#include <string>
#include <string_view>

namespace memdb::health::cells {

enum Up : std::size_t { kWayOut, kHeartbeat, kLink, kTun, kReset, kRoutes, kNodes, kVpc, kUpDimensions };

inline const tests::Grid& up_grid() {
    static const tests::Grid grid({
        {"way", {"yes", "no", "unknown"}},
        {"heartbeat", {"answers", "unanswered"}},
        {"link", {"grows", "stopped", "no_ping"}},  // stopped: for 3 of the server's pings
        // answers: some node does. first_miss: none since just now. just_came: none, but something came this moment;
        // again_2s: it came 2 s ago. silent_*: nothing since the first miss.
        {"tun", {"answers", "first_miss", "just_came", "again_2s", "silent_2s", "silent_20s"}},
        {"reset", {"not_asked", "answered", "unanswered"}},
        {"routes",
         {"ok", "unknown", "one_missing", "one_shadowed", "one_elsewhere", "one_outside", "all_missing", "all_shadowed",
          "all_elsewhere", "all_outside"}},
        // one_silent: the others are ok. no_dns: the questions are unanswered; no_name: answered with no.
        // mixed: none is ok, each fails in its own way or is not tried yet.
        {"nodes",
         {"ok", "unknown", "one_silent", "all_silent", "all_refused", "all_tls_silent", "no_dns", "no_name", "mixed"}},
        // knows: it has an address for the cluster's name. asked, silent: since the nodes fell silent.
        {"vpc", {"none", "knows", "asked", "silent"}},
    });
    return grid;
}

/// The finding of a route that leads astray, and its layer.
struct Astray {
    std::string_view word;
    RouteState state;
    std::string_view code;
    Layer layer;
};
inline constexpr std::array kAstray = {
    Astray{"missing", RouteState::missing, "route-missing", Layer::route},
    Astray{"shadowed", RouteState::shadowed, "route-shadowed", Layer::route},
    Astray{"elsewhere", RouteState::not_via_tunnel, "route-not-via-tunnel", Layer::route},
    Astray{"outside", RouteState::outside, "cluster-address-outside-routes", Layer::dns},
};

/// Of the routes in `cell`; null when none leads astray.
inline const Astray* astray_of(const tests::Cell& cell) {
    const std::string_view routes = up_grid().word(cell, kRoutes);
    for (const Astray& each : kAstray)
        if (routes.ends_with(each.word)) return &each;
    return nullptr;
}

inline void set_tunnel(TunnelFacts& tunnel, const tests::Cell& cell) {
    const auto word = [&](Up dimension) { return up_grid().word(cell, dimension); };
    if (word(kWayOut) == "unknown")
        tunnel.route_to_server.reset();
    else
        tunnel.route_to_server = word(kWayOut) == "yes";
    if (word(kHeartbeat) == "unanswered") tunnel.openvpn_silent_for = 600ms;
    if (word(kLink) == "stopped") tunnel.server_silent_for = 3s;
    if (word(kLink) == "no_ping") {
        tunnel.ping.reset();
        tunnel.server_silent_for = 1h;
    }
    const std::string_view tun = word(kTun);
    if (tun == "first_miss" || tun == "just_came") tunnel.tun_silent_for = 0ms;
    if (tun.ends_with("_2s")) tunnel.tun_silent_for = 2s;
    if (tun == "silent_20s") tunnel.tun_silent_for = 20s;
    if (word(kReset) != "not_asked") tunnel.server_answers = word(kReset) == "answered";
    // As incident_machine has it: nothing has come through, the server was not heard, and it is early.
    tunnel.is_suspected = (tun == "first_miss" || tun == "silent_2s") && !tunnel.server_answers;
}

inline void set_nodes(ClusterFacts& cluster, std::string_view nodes) {
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
        NodeFacts& node = cluster.nodes[i];
        if (nodes == "unknown") node.verdict = NodeVerdict::unknown;
        if (nodes == "all_silent" || (nodes == "one_silent" && i == 0)) silence(node);
        if (nodes == "all_refused") fail(node, Layer::tcp, "port-refused", Layer::dns);
        if (nodes == "all_tls_silent") fail(node, Layer::tls, "node-unreachable", Layer::tcp);
        if (nodes == "no_dns" || nodes == "no_name") fail(node, Layer::dns, "cluster-name-unresolved");
        node.silent = node.silent || nodes == "all_tls_silent" || nodes == "no_dns";
    }
    if (nodes != "mixed") return;
    silence(cluster.nodes[0]);
    fail(cluster.nodes[1], Layer::tcp, "port-refused", Layer::dns);
    fail(cluster.nodes[2], Layer::tls, "tls-expired", Layer::tcp);
    cluster.nodes[3].verdict = NodeVerdict::unknown;
}

inline Facts up_facts(const tests::Cell& cell) {
    Facts facts = good_day(2);
    set_tunnel(facts.tunnel, cell);
    ClusterFacts& cluster = facts.clusters[0];
    set_nodes(cluster, up_grid().word(cell, kNodes));
    const std::string_view routes = up_grid().word(cell, kRoutes);
    const Astray* const astray = astray_of(cell);
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
        NodeFacts& node = cluster.nodes[i];
        if (routes == "unknown") node.route = RouteState::unknown;
        if (astray == nullptr || (i > 0 && routes.starts_with("one"))) continue;
        node.route = astray->state;
        node.route_evidence = "where it goes";
    }
    cluster.vpc_resolver = "10.20.0.2";
    const std::string_view vpc = up_grid().word(cell, kVpc);
    if (vpc == "knows") cluster.vpc_answer = "10.20.1.1";
    if (vpc == "asked") facts.vpc = VpcVoice::asked;
    if (vpc == "silent") facts.vpc = VpcVoice::silent;
    return facts;
}

}  // namespace memdb::health::cells
