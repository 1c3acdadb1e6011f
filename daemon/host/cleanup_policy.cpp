#include "host/cleanup_policy.hpp"

#include "base/overloaded.hpp"

#include <algorithm>

namespace memdb::host {
namespace {

/// By hand, and by openvpn: what a DHCP client or a network manager made has another mark.
bool may_be_openvpns(const Route& route) {
    return route.table == kMainTable && route.protocol == kProtocolBoot && !route.one_of_several;
}

bool is_left_over(const Footprint& footprint, const HostNow& now, const Route& route) {
    if (!may_be_openvpns(route)) return false;
    if (!footprint.device.empty() && route.device == footprint.device) return now.device_is_there;
    const bool to_server = route.to == IpNetwork{footprint.server, footprint.server.bits()};
    if (to_server && route.gateway) return !footprint.had_server_route;
    return !footprint.had_gateway_route && is_gateway_route(route, footprint.default_routes);
}

}  // namespace

std::vector<CleanupAction> plan_cleanup(const Footprint& footprint, const HostNow& now) {
    if (now.process_lives) return {EndOpenvpn{}};

    std::vector<CleanupAction> actions;
    if (footprint.dns_set && now.device_is_there) actions.emplace_back(RevertDns{footprint.device_index});
    bool has_default[2] = {false, false};  // of IPv4, of IPv6
    for (const Route& route : now.routes) {
        if (is_left_over(footprint, now, route))
            actions.emplace_back(RemoveRoute{route});
        else if (is_default(route))
            has_default[route.to.address.is_v6 ? 1 : 0] = true;
    }
    for (const Route& route : footprint.default_routes) {
        if (has_default[route.to.address.is_v6 ? 1 : 0]) continue;
        if (route.protocol == kProtocolRouterAdvertisement || route.device == footprint.device) continue;
        actions.emplace_back(RestoreRoute{route});
    }
    return actions;
}

bool is_of_another_boot(const Footprint& footprint, std::string_view boot_id_now, std::uint64_t ticks_now) noexcept {
    if (!footprint.boot_id.empty() && !boot_id_now.empty()) return footprint.boot_id != boot_id_now;
    return footprint.openvpn_pid && footprint.openvpn_start_time > ticks_now;
}

std::string done_text(const CleanupAction& action) {
    return std::visit(Overloaded{
                          [](const EndOpenvpn&) -> std::string { return "ended the leftover openvpn"; },
                          [](const RemoveRoute& remove) { return "removed the route " + to_string(remove.route); },
                          [](const RestoreRoute& restore) { return "restored the route " + to_string(restore.route); },
                          [](const RevertDns&) -> std::string { return "took the tunnel's DNS back"; },
                      },
                      action);
}

}  // namespace memdb::host
