// What the kernel's choice of a way to a node means, given what the tunnel's server pushed. Pure.
#pragma once

#include "base/ip_network.hpp"
#include "health/facts.hpp"
#include "host/route.hpp"

#include <span>
#include <string>
#include <string_view>

namespace memdb::health {

struct RouteVerdict {
    RouteState state = RouteState::unknown;
    std::string evidence;  ///< empty when ok
    std::string way;       ///< when shadowed: what takes the packets, "10.20.1.0/24 dev docker0"
};

/// @param tunnel_device  "tun0".
/// @param pushed         the prefixes that the server said lie behind it.
/// @param captures_all   it also pushed redirect-gateway: every address lies behind it.
[[nodiscard]] RouteVerdict judge_route(const IpAddress& node, const host::RouteAnswer& chosen,
                                       const std::string& tunnel_device, std::span<const IpNetwork> pushed,
                                       bool captures_all);

/// The finding that says so; empty for what is right, or not known.
[[nodiscard]] std::string_view finding_code(RouteState state) noexcept;

/// "10.20.0.0/16, 10.21.0.0/16 and 3 more".
[[nodiscard]] std::string list_networks(std::span<const IpNetwork> networks);

}  // namespace memdb::health
