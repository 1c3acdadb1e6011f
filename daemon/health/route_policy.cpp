#include "health/route_policy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace memdb::health {
namespace {

using host::kMainTable;
using host::RouteAnswer;

/// The longest of `pushed` that covers `node`.
std::optional<IpNetwork> covering(const IpAddress& node, std::span<const IpNetwork> pushed, bool captures_all) {
    std::optional<IpNetwork> best;
    if (captures_all) best = network_of(node, 0);
    for (const IpNetwork& network : pushed)
        if (contains(network, node) && (!best || network.prefix > best->prefix)) best = network;
    return best;
}

std::string way_of(const RouteAnswer& chosen) {
    std::string text = chosen.matched ? to_string(*chosen.matched) : "a route";
    text += " dev " + chosen.device;
    if (chosen.table != 0 && chosen.table != kMainTable) text += fmt::format(" table {}", chosen.table);
    return text;
}

}  // namespace

std::string list_networks(std::span<const IpNetwork> networks) {
    constexpr std::size_t shown = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(networks.size(), shown); ++i)
        text += (i > 0 ? ", " : "") + to_string(networks[i]);
    if (networks.size() > shown) text += fmt::format(" and {} more", networks.size() - shown);
    return text;
}

RouteVerdict judge_route(const IpAddress& node, const RouteAnswer& chosen, const std::string& tunnel_device,
                         std::span<const IpNetwork> pushed, bool captures_all) {
    if (tunnel_device.empty()) return {};
    const bool reachable = chosen.kind == RouteAnswer::Kind::found;
    if (reachable && chosen.device == tunnel_device) return {RouteState::ok, ""};
    const std::string where =
        to_string(node) + (reachable ? " would go over " + way_of(chosen) : " has no route at all");
    const auto expected = covering(node, pushed, captures_all);
    if (!expected && pushed.empty()) return {RouteState::not_via_tunnel, where + "; the endpoint pushed no route"};
    if (!expected)
        return {RouteState::outside,
                fmt::format("{} lies outside what the endpoint pushed: {}", to_string(node), list_networks(pushed))};
    // Something as exact as the pushed route, or in a table that is asked before, takes the packets away.
    const bool stolen =
        reachable && ((chosen.matched && chosen.matched->prefix >= expected->prefix && chosen.matched->prefix > 0) ||
                      (chosen.table != 0 && chosen.table != kMainTable));
    if (stolen)
        return {RouteState::shadowed,
                fmt::format("{} goes over {} instead of {} dev {}", to_string(node), way_of(chosen),
                            to_string(*expected), tunnel_device),
                way_of(chosen)};
    return {RouteState::missing, fmt::format("{} dev {} is gone: {}", to_string(*expected), tunnel_device, where)};
}

std::string_view finding_code(RouteState state) noexcept {
    switch (state) {
        case RouteState::missing: return "route-missing";
        case RouteState::shadowed: return "route-shadowed";
        case RouteState::not_via_tunnel: return "route-not-via-tunnel";
        case RouteState::outside: return "cluster-address-outside-routes";
        case RouteState::unknown:
        case RouteState::ok: return {};
    }
    return {};
}

}  // namespace memdb::health
