// Which of the kernel's notifications tell a change that matters. Pure.
//
// Links report their statistics, addresses their lifetimes, and programs replace routes by the same ones with every
// router advertisement: what only says again what is known is no change. In doubt it is one.
#pragma once

#include "host/netlink_codec.hpp"

#include <cstdint>
#include <map>
#include <tuple>

namespace memdb::host {

class HostChangeTracker {
  public:
    static constexpr std::size_t kRouteLimit = 4096;  ///< remembered; beyond it all are forgotten

    /// Takes a notification, or an entry of a list. @return whether something that matters differs from before.
    bool take(const NetlinkMessage& message);

    /// Forgets everything, as after lost notifications: what comes next is news.
    void forget();

  private:
    struct Link {
        std::string name;
        bool up = false, running = false;
        bool operator==(const Link&) const = default;
    };
    using AddressKey = std::tuple<unsigned, IpAddress, unsigned>;
    using RouteKey = std::tuple<IpNetwork, std::uint32_t, std::uint32_t, std::uint8_t>;

    bool take_link(const LinkMessage& link);
    bool take_address(const AddressMessage& address);
    bool take_route(const RouteMessage& route);

    std::map<unsigned, Link> links_;
    std::map<AddressKey, AddressMessage> addresses_;
    std::map<RouteKey, RouteMessage> routes_;
};

}  // namespace memdb::host
