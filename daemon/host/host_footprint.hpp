// What one profile's openvpn may change on this host, written down before it does; and its text form on disk. Pure.
//
// openvpn undoes its changes when it ends in order. When it is killed, or memdbd with it, the record says what to look
// for (cleanup_policy): a process, a host route to the server, routes over the device, a default route that is gone.
#pragma once

#include "base/error.hpp"
#include "base/ip_network.hpp"
#include "host/route.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::host {

inline constexpr std::size_t kFootprintLimit = 64 * 1024;  ///< bytes of text
inline constexpr std::size_t kFootprintRoutes = 64;        ///< default routes in one record

struct Footprint {
    std::string profile;
    std::string boot_id;                   ///< empty: unknown, as in a sandbox that hides it
    std::optional<int> openvpn_pid;        ///< none: not yet spawned
    std::uint64_t openvpn_start_time = 0;  ///< clock ticks after boot
    std::string openvpn_exe;               ///< what /proc/PID/exe said: the program, not what was asked for
    std::string device;                    ///< empty: not yet known
    unsigned device_index = 0;             ///< 0: not yet known
    bool dns_set = false;                  ///< systemd-resolved was told something of the device
    IpAddress server;
    std::vector<Route> default_routes;  ///< of the main table, both families, as they were before
    bool had_server_route = false;      ///< a host route to the server was there before
    bool had_gateway_route = false;     ///< a host route to a default gateway, over itself, was there before

    bool operator==(const Footprint&) const = default;
};

/// Whether `route` is a host route to the gateway of one of the default routes, over that gateway: what openvpn adds
/// for `redirect-gateway block-local`.
[[nodiscard]] bool is_gateway_route(const Route& route, const std::vector<Route>& default_routes) noexcept;

/// The record to write before openvpn is spawned: `routes` are those of now, without anything of this profile's. Of
/// more than kFootprintRoutes default routes the first ones are kept.
[[nodiscard]] Footprint footprint_before(std::string profile, std::string boot_id, const IpAddress& server,
                                         const std::vector<Route>& routes);

/// One line of JSON, schema 1, ended by a newline.
[[nodiscard]] std::string to_json(const Footprint& footprint);

/// Errc::malformed for anything that to_json would not have written, Errc::too_large above kFootprintLimit.
[[nodiscard]] Result<Footprint> parse_footprint(std::string_view text);

}  // namespace memdb::host
