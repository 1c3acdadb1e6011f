// What is left over of an openvpn that did not end in order, and must be undone: exactly that. Pure.
//
// In: the record made before it was spawned, and how the host is now. Out: actions, in order.
#pragma once

#include "host/host_footprint.hpp"
#include "host/route.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace memdb::host {

/// End the leftover openvpn. It may undo its changes itself: look at the host again, and plan again.
struct EndOpenvpn {
    bool operator==(const EndOpenvpn&) const = default;
};
struct RemoveRoute {
    Route route;
    bool operator==(const RemoveRoute&) const = default;
};
struct RestoreRoute {
    Route route;
    bool operator==(const RestoreRoute&) const = default;
};
/// Take back what systemd-resolved was told of the device.
struct RevertDns {
    unsigned link = 0;  ///< its number
    bool operator==(const RevertDns&) const = default;
};
using CleanupAction = std::variant<EndOpenvpn, RemoveRoute, RestoreRoute, RevertDns>;

/// The host as far as a record speaks of it.
struct HostNow {
    std::vector<Route> routes;     ///< of all tables
    bool process_lives = false;    ///< the recorded openvpn: pid, start time and program
    bool device_is_there = false;  ///< the recorded device: name and number
};

/// - The process lives: EndOpenvpn, alone.
/// - The host route to the server, over another device, which was not there before: RemoveRoute. openvpn's
///   redirect-gateway leaves it behind when killed. Likewise the one to the default gateway (block-local).
/// - Routes over the device, when that has outlived the process: RemoveRoute; not those that the kernel made for its
///   addresses.
/// - DNS was set for the device, and that has outlived the process: RevertDns.
/// - No default route of a family is left: RestoreRoute for the recorded ones, except what router advertisements bring
///   back by themselves. openvpn's redirect-gateway without def1 takes them away.
[[nodiscard]] std::vector<CleanupAction> plan_cleanup(const Footprint& footprint, const HostNow& now);

/// Whether the record is of another boot: nothing of it can be left. Where a boot id is unknown, a process that started
/// later than now says so; else it is taken for this boot's, since whatever is done is proven by the process' start
/// time and program, and by exact routes.
///
/// @param ticks_now  clock ticks after boot
[[nodiscard]] bool is_of_another_boot(const Footprint& footprint, std::string_view boot_id_now,
                                      std::uint64_t ticks_now) noexcept;

/// What was done, for the log and for a person: "removed the route 192.0.2.1/32 via 10.0.0.1 dev eth0".
[[nodiscard]] std::string done_text(const CleanupAction& action);

}  // namespace memdb::host
