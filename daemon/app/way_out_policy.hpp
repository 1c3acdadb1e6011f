// How this host gets out to an endpoint, and whether that is another network than before. Pure.
#pragma once

#include "base/ip_network.hpp"
#include "host/route.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace memdb::app {

/// The kernel's way to one address of the endpoint; none: it gave no answer.
struct EndpointWay {
    IpAddress address;
    std::optional<host::RouteAnswer> answer;
};

struct WayOut {
    bool online = true;
    bool by_networks = false;  ///< no address of the endpoint is known: told by the networks that this host is in
    std::map<std::string, std::string> ways;  ///< "192.0.2.1" or "eth0 10.0.0.7" to "eth0 10.0.0.1 10.0.0.7"
    bool operator==(const WayOut&) const = default;
};

/// @param before  a way that the tunnel itself hides now (redirect-gateway) is taken from there: what the tunnel does
///                to the routes is no other network.
/// @param tunnel_device  the profile's own, which is no way out; empty: none.
[[nodiscard]] WayOut way_out(const WayOut& before, std::span<const EndpointWay> endpoint,
                             std::span<const host::LocalNetwork> networks, const std::string& tunnel_device);

struct NetworkMove {
    bool tell_tunnel = false;  ///< online or offline now, or online another way: a wait makes no sense any more
    bool probe = false;        ///< is what we had still there, and what was missing there now?
    bool operator==(const NetworkMove&) const = default;
};

/// @param well  all is proven at present: then only another network is a reason to probe.
[[nodiscard]] NetworkMove judge_move(const WayOut& before, const WayOut& after, bool well);

}  // namespace memdb::app
