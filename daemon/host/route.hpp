// Routes, addresses and links of this host as plain values. Pure.
#pragma once

#include "base/ip_network.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace memdb::host {

inline constexpr std::uint32_t kMainTable = 254;
inline constexpr std::uint32_t kLocalTable = 255;  ///< the kernel's own: addresses of this host, broadcasts

/// Who made a route (rtm_protocol), as far as we must tell apart.
inline constexpr std::uint8_t kProtocolKernel = 2;
inline constexpr std::uint8_t kProtocolBoot = 3;  ///< by hand, and by openvpn
inline constexpr std::uint8_t kProtocolStatic = 4;
inline constexpr std::uint8_t kProtocolRouterAdvertisement = 9;

/// One unicast route with one next hop; of a route with several, each is a Route of its own.
struct Route {
    IpNetwork to;
    std::string device;
    std::optional<IpAddress> gateway;  ///< may be of the other family (IPv4 via IPv6)
    std::optional<IpAddress> source;   ///< preferred source address
    std::uint32_t table = kMainTable;
    std::uint32_t metric = 0;  ///< smaller wins; for IPv6 the kernel makes 1024 of 0

    // What restoring it needs.
    std::uint8_t protocol = kProtocolStatic;
    std::uint8_t scope = 0;        ///< 253: on the link, as IPv4 routes without gateway are by custom; 0: universe
    bool gateway_on_link = false;  ///< the gateway is reached over `device` whatever the other routes say
    bool one_of_several = false;   ///< a next hop of a multipath route

    auto operator<=>(const Route&) const = default;
};

/// Whether the two are one route to the kernel: where to, over what, in which table, with which metric.
[[nodiscard]] inline bool same_route(const Route& a, const Route& b) noexcept {
    return a.to == b.to && a.device == b.device && a.gateway == b.gateway && a.table == b.table && a.metric == b.metric;
}

[[nodiscard]] inline bool is_default(const Route& route) noexcept {
    return route.to.prefix == 0 && route.table == kMainTable;
}

/// "10.20.0.0/16 via 192.0.2.1 dev eth0", "default dev tun0": for the log and for people.
[[nodiscard]] std::string to_string(const Route& route);

/// How the kernel would send to one destination now.
struct RouteAnswer {
    enum class Kind : std::uint8_t { found, unreachable };

    Kind kind = Kind::unreachable;  ///< unreachable: no route, or one of type blackhole, unreachable or prohibit
    std::string device;
    std::optional<IpAddress> gateway;
    std::optional<IpAddress> source;   ///< the address that a socket bound to none would get
    std::optional<IpNetwork> matched;  ///< the prefix of the route that the kernel chose
    std::uint32_t table = 0;           ///< its table; 255 when the destination is this host

    bool operator==(const RouteAnswer&) const = default;
};

/// An address of a link that is up, with the network that it makes reachable: its prefix, or that of its peer.
struct LocalNetwork {
    std::string device;
    IpAddress address;
    IpNetwork network;

    auto operator<=>(const LocalNetwork&) const = default;
};

/// What a device has moved since it was made, in bytes.
struct LinkCounters {
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;

    bool operator==(const LinkCounters&) const = default;
};

}  // namespace memdb::host
