// Rtnetlink's language: requests to bytes, bytes to messages. Pure: libmnl's helpers that it uses do no I/O.
//
// Interfaces are numbers here, as the kernel says them; names are put to them by route_link. Numbers in messages are in
// the host's byte order, as netlink has them.
#pragma once

#include "base/error.hpp"
#include "base/ip_network.hpp"
#include "host/route.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace memdb::host {

// ---- what the kernel says

/// RTM_NEWLINK, RTM_DELLINK.
struct LinkMessage {
    bool gone = false;
    unsigned index = 0;
    std::string name;  ///< empty when the message does not say it
    bool up = false, running = false, loopback = false;
    std::optional<LinkCounters> counters;

    bool operator==(const LinkMessage&) const = default;
};

/// RTM_NEWADDR, RTM_DELADDR.
struct AddressMessage {
    bool gone = false;
    unsigned index = 0;
    IpAddress address;
    IpNetwork network;
    bool usable = true;       ///< not, while or because duplicate address detection says no
    bool deprecated = false;  ///< for running connections only

    bool operator==(const AddressMessage&) const = default;
};

struct NextHop {
    unsigned index = 0;  ///< 0: none, as of a blackhole
    std::optional<IpAddress> gateway;
    bool on_link = false;

    bool operator==(const NextHop&) const = default;
};

/// RTM_NEWROUTE, RTM_DELROUTE: notifications, dumps and answers to a question.
struct RouteMessage {
    bool gone = false;
    bool cached = false;  ///< RTM_F_CLONED: no route, but what the cache made of one
    IpNetwork to;
    std::optional<IpAddress> source;
    std::uint32_t table = 0;
    std::uint32_t metric = 0;
    std::uint8_t service = 0;  ///< TOS
    std::uint8_t type = 0;     ///< RTN_UNICAST, RTN_BLACKHOLE, …
    std::uint8_t protocol = 0;
    std::uint8_t scope = 0;
    std::vector<NextHop> hops;

    bool operator==(const RouteMessage&) const = default;
};

/// NLMSG_ERROR and NLMSG_DONE: how a request ended.
struct EndMessage {
    int error = 0;  ///< an errno, positive; 0 is success

    bool operator==(const EndMessage&) const = default;
};

/// Everything else: rules, next hop objects, links as a bridge sees them, …
struct OtherMessage {
    std::uint16_t type = 0;

    bool operator==(const OtherMessage&) const = default;
};

struct NetlinkMessage {
    std::uint32_t sequence = 0;  ///< of the request that it answers; 0 for a notification
    bool interrupted = false;    ///< NLM_F_DUMP_INTR: the list changed while it was read, so it may have gaps
    std::variant<LinkMessage, AddressMessage, RouteMessage, EndMessage, OtherMessage> body;

    bool operator==(const NetlinkMessage&) const = default;
};

/// All messages of one datagram. Errc::malformed when a length does not fit or an attribute has not the form it must
/// have; attributes that we do not know are skipped.
[[nodiscard]] Result<std::vector<NetlinkMessage>> parse_netlink(std::span<const std::byte> datagram);

// ---- what we say; `sequence` comes back in every part of the answer

using NetlinkRequest = std::vector<std::byte>;

enum class RouteQuestion : std::uint8_t {
    path,   ///< the next hop and the source address for this destination
    match,  ///< the entry of the routing table that decides
};
[[nodiscard]] NetlinkRequest encode_question(const IpAddress& to, RouteQuestion question, std::uint32_t sequence);

enum class DumpOf : std::uint8_t { links, addresses, routes };
/// All of one kind, both families.
[[nodiscard]] NetlinkRequest encode_dump(DumpOf what, std::uint32_t sequence);

/// One link with its counters. A name has 1 to 15 bytes: of longer ones the rest is cut.
[[nodiscard]] NetlinkRequest encode_link_question(const std::string& name, std::uint32_t sequence);
[[nodiscard]] NetlinkRequest encode_link_question(unsigned index, std::uint32_t sequence);

/// Adds `route` over the link `index` (0: the kernel chooses by the gateway). Fails with EEXIST when it is there, and
/// never displaces another route: of one with the same destination and metric IPv4 goes on using the older.
[[nodiscard]] NetlinkRequest encode_add(const Route& route, unsigned index, std::uint32_t sequence);
/// Removes it, whoever made it. Fails with ESRCH when it is not there; mind that the kernel takes a metric of 0 for
/// any.
[[nodiscard]] NetlinkRequest encode_remove(const Route& route, unsigned index, std::uint32_t sequence);

/// The routes in `message`, one for each next hop, their devices empty; none when its type is not unicast.
[[nodiscard]] std::vector<Route> routes_of(const RouteMessage& message);

}  // namespace memdb::host
