#include "host/netlink_codec.hpp"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace memdb::host {
namespace {

// ---- reading

/// A part of a datagram that has one attribute after the other.
using Bytes = std::span<const std::byte>;

Failure malformed(std::string_view what) { return {Errc::malformed, "netlink: " + std::string(what)}; }

/// A fixed structure at the start of `bytes`; copied, for nothing there is aligned for certain.
template <class T>
std::optional<T> head(Bytes bytes) {
    if (bytes.size() < sizeof(T)) return std::nullopt;
    T value{};
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

template <class T>
Bytes behind(Bytes bytes) {
    return bytes.subspan(std::min(bytes.size(), static_cast<std::size_t>(MNL_ALIGN(sizeof(T)))));
}

/// Calls each(type, payload) for every attribute until one says no. False when it did, or a length does not fit.
template <class Each>
bool each_attribute(Bytes bytes, Each each) {
    while (!bytes.empty()) {
        const auto header = head<nlattr>(bytes);
        if (!header || !mnl_attr_ok(&*header, static_cast<int>(bytes.size()))) return false;
        if (!each(mnl_attr_get_type(&*header), bytes.subspan(MNL_ATTR_HDRLEN, mnl_attr_get_payload_len(&*header))))
            return false;
        bytes = bytes.subspan(std::min(bytes.size(), static_cast<std::size_t>(MNL_ALIGN(mnl_attr_get_len(&*header)))));
    }
    return true;
}

template <class T>
bool take(Bytes payload, T& out) {
    const auto value = head<T>(payload);
    if (value) out = *value;
    return value.has_value();
}

bool take_address(Bytes payload, bool is_v6, IpAddress& out) {
    if (payload.size() != (is_v6 ? 16U : 4U)) return false;
    out = IpAddress{is_v6, {}};
    std::memcpy(out.bytes.data(), payload.data(), payload.size());
    return true;
}

bool take_address(Bytes payload, bool is_v6, std::optional<IpAddress>& out) {
    return take_address(payload, is_v6, out.emplace());
}

/// A gateway of a family of its own.
bool take_via(Bytes payload, std::optional<IpAddress>& out) {
    std::uint16_t family = 0;
    if (!take(payload, family) || (family != AF_INET && family != AF_INET6)) return false;
    return take_address(payload.subspan(sizeof family), family == AF_INET6, out);
}

using Body = decltype(NetlinkMessage::body);

Result<Body> parse_link(std::uint16_t type, Bytes payload) {
    const auto info = head<ifinfomsg>(payload);
    if (!info) return malformed("a link cut short");
    if (info->ifi_family != AF_UNSPEC) return Body{OtherMessage{type}};  // AF_BRIDGE: a port, not the link itself
    LinkMessage link{.gone = type == RTM_DELLINK,
                     .index = static_cast<unsigned>(info->ifi_index),
                     .up = (info->ifi_flags & IFF_UP) != 0,
                     .running = (info->ifi_flags & IFF_RUNNING) != 0,
                     .loopback = (info->ifi_flags & IFF_LOOPBACK) != 0};
    const bool good = each_attribute(behind<ifinfomsg>(payload), [&](std::uint16_t attribute, Bytes value) {
        if (attribute == IFLA_IFNAME) {
            const auto* text = reinterpret_cast<const char*>(value.data());
            link.name.assign(text, strnlen(text, std::min<std::size_t>(value.size(), IFNAMSIZ - 1)));
        }
        if (attribute == IFLA_STATS64) {
            // Newer kernels append fields; ours are at the start, after two counts of packets.
            std::array<std::uint64_t, 4> first{};
            if (!take(value, first)) return false;
            link.counters = LinkCounters{.received_bytes = first[2], .sent_bytes = first[3]};
        }
        return true;
    });
    if (!good) return malformed("a link with an attribute that does not fit");
    return Body{std::move(link)};
}

Result<Body> parse_address_message(std::uint16_t type, Bytes payload) {
    const auto info = head<ifaddrmsg>(payload);
    if (!info) return malformed("an address cut short");
    const bool is_v6 = info->ifa_family == AF_INET6;
    if (!is_v6 && info->ifa_family != AF_INET) return Body{OtherMessage{type}};
    std::uint32_t flags = info->ifa_flags;
    std::optional<IpAddress> local, peer;
    const bool good = each_attribute(behind<ifaddrmsg>(payload), [&](std::uint16_t attribute, Bytes value) {
        switch (attribute) {
            case IFA_LOCAL: return take_address(value, is_v6, local);
            case IFA_ADDRESS: return take_address(value, is_v6, peer);
            case IFA_FLAGS: return take(value, flags);
            default: return true;
        }
    });
    if (!good || (!local && !peer)) return malformed("an address with an attribute that does not fit");
    const IpAddress own = local ? *local : *peer;  // IPv6 says only IFA_ADDRESS where there is no peer
    if (info->ifa_prefixlen > own.bits()) return malformed("an address with a prefix that does not fit");
    const bool unproven = (flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
    return Body{AddressMessage{.gone = type == RTM_DELADDR,
                               .index = info->ifa_index,
                               .address = own,
                               .network = network_of(peer ? *peer : own, info->ifa_prefixlen),
                               .usable = !unproven && (flags & IFA_F_DADFAILED) == 0,
                               .deprecated = (flags & IFA_F_DEPRECATED) != 0}};
}

bool take_gateway(std::uint16_t attribute, Bytes value, bool is_v6, NextHop& hop) {
    if (attribute == RTA_GATEWAY) return take_address(value, is_v6, hop.gateway);
    if (attribute == RTA_VIA) return take_via(value, hop.gateway);
    return true;
}

bool take_hops(Bytes list, bool is_v6, std::vector<NextHop>& hops) {
    while (!list.empty()) {
        const auto header = head<rtnexthop>(list);
        if (!header || header->rtnh_len < sizeof(rtnexthop) || header->rtnh_len > list.size()) return false;
        NextHop hop{.index = static_cast<unsigned>(header->rtnh_ifindex),
                    .on_link = (header->rtnh_flags & RTNH_F_ONLINK) != 0};
        const bool good = each_attribute(
            behind<rtnexthop>(list.first(header->rtnh_len)),
            [&](std::uint16_t attribute, Bytes value) { return take_gateway(attribute, value, is_v6, hop); });
        if (!good) return false;
        hops.push_back(hop);
        list = list.subspan(std::min(list.size(), static_cast<std::size_t>(MNL_ALIGN(header->rtnh_len))));
    }
    return true;
}

Result<Body> parse_route(std::uint16_t type, Bytes payload) {
    const auto info = head<rtmsg>(payload);
    if (!info) return malformed("a route cut short");
    const bool is_v6 = info->rtm_family == AF_INET6;
    if (!is_v6 && info->rtm_family != AF_INET) return Body{OtherMessage{type}};
    RouteMessage route{.gone = type == RTM_DELROUTE,
                       .cached = (info->rtm_flags & RTM_F_CLONED) != 0,
                       .table = info->rtm_table,
                       .service = info->rtm_tos,
                       .type = info->rtm_type,
                       .protocol = info->rtm_protocol,
                       .scope = info->rtm_scope};
    std::optional<IpAddress> to;
    NextHop only{.on_link = (info->rtm_flags & RTNH_F_ONLINK) != 0};
    const bool good = each_attribute(behind<rtmsg>(payload), [&](std::uint16_t attribute, Bytes value) {
        switch (attribute) {
            case RTA_DST: return take_address(value, is_v6, to);
            case RTA_PREFSRC: return take_address(value, is_v6, route.source);
            case RTA_TABLE: return take(value, route.table);
            case RTA_PRIORITY: return take(value, route.metric);
            case RTA_OIF: return take(value, only.index);
            case RTA_MULTIPATH: return take_hops(value, is_v6, route.hops);
            default: return take_gateway(attribute, value, is_v6, only);
        }
    });
    if (!good) return malformed("a route with an attribute that does not fit");
    if (!to && info->rtm_dst_len != 0) return malformed("a route without destination");
    const IpAddress address = to ? *to : IpAddress{is_v6, {}};
    if (info->rtm_dst_len > address.bits()) return malformed("a route with a prefix that does not fit");
    route.to = network_of(address, info->rtm_dst_len);
    if (route.hops.empty()) route.hops.push_back(only);
    return Body{std::move(route)};
}

Result<Body> parse_end(std::uint16_t type, Bytes payload) {
    const auto error = head<int>(payload);
    if (!error && type == NLMSG_ERROR) return malformed("an error cut short");
    return Body{EndMessage{error && *error < 0 && *error >= -4095 ? -*error : 0}};
}

Result<Body> parse_body(std::uint16_t type, Bytes payload) {
    switch (type) {
        case NLMSG_ERROR:
        case NLMSG_DONE: return parse_end(type, payload);
        case RTM_NEWLINK:
        case RTM_DELLINK: return parse_link(type, payload);
        case RTM_NEWADDR:
        case RTM_DELADDR: return parse_address_message(type, payload);
        case RTM_NEWROUTE:
        case RTM_DELROUTE: return parse_route(type, payload);
        default: return Body{OtherMessage{type}};
    }
}

// ---- writing

/// Room for the longest request: a route with destination, gateway, source, table, metric and device.
class Builder {
  public:
    Builder(std::uint16_t type, unsigned flags, std::uint32_t sequence)
        : header_(mnl_nlmsg_put_header(buffer_.data())) {
        header_->nlmsg_type = type;
        header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        header_->nlmsg_seq = sequence;
    }
    /// The fixed structure, zeroed. Before the attributes.
    template <class T>
    T& extra() {
        return *static_cast<T*>(mnl_nlmsg_put_extra_header(header_, sizeof(T)));
    }
    void put(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(header_, type, value); }
    void put(std::uint16_t type, const IpAddress& address) {
        mnl_attr_put(header_, type, address.bits() / 8, address.bytes.data());
    }
    void put(std::uint16_t type, const std::string& text) { mnl_attr_put_strz(header_, type, text.c_str()); }
    void put_via(const IpAddress& address) {
        std::array<std::byte, 18> via{};
        const std::uint16_t family = address.is_v6 ? AF_INET6 : AF_INET;
        std::memcpy(via.data(), &family, sizeof family);
        std::memcpy(via.data() + sizeof family, address.bytes.data(), address.bits() / 8);
        mnl_attr_put(header_, RTA_VIA, sizeof family + address.bits() / 8, via.data());
    }
    [[nodiscard]] NetlinkRequest done() const {
        const auto bytes = std::as_bytes(std::span(buffer_)).first(header_->nlmsg_len);
        return {bytes.begin(), bytes.end()};
    }

  private:
    alignas(nlmsghdr) std::array<char, 256> buffer_{};
    nlmsghdr* header_;
};

unsigned char family_of(const IpAddress& address) { return address.is_v6 ? AF_INET6 : AF_INET; }

NetlinkRequest link_question(std::uint32_t sequence, unsigned index, const std::string& name) {
    Builder request(RTM_GETLINK, 0, sequence);
    request.extra<ifinfomsg>().ifi_index = static_cast<int>(index);
    if (!name.empty()) request.put(IFLA_IFNAME, name.substr(0, IFNAMSIZ - 1));
    return request.done();
}

void put_route(Builder& request, rtmsg& message, const Route& route, unsigned index) {
    message.rtm_family = family_of(route.to.address);
    message.rtm_dst_len = static_cast<unsigned char>(route.to.prefix);
    message.rtm_type = RTN_UNICAST;
    message.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE says it: it has room for all
    if (route.gateway_on_link) message.rtm_flags = RTNH_F_ONLINK;
    if (route.to.prefix != 0) request.put(RTA_DST, route.to.address);
    request.put(RTA_TABLE, route.table);
    if (route.metric != 0) request.put(RTA_PRIORITY, route.metric);
    if (route.gateway && route.gateway->is_v6 == route.to.address.is_v6) request.put(RTA_GATEWAY, *route.gateway);
    if (route.gateway && route.gateway->is_v6 != route.to.address.is_v6) request.put_via(*route.gateway);
    if (index != 0) request.put(RTA_OIF, index);
}

}  // namespace

Result<std::vector<NetlinkMessage>> parse_netlink(std::span<const std::byte> datagram) {
    std::vector<NetlinkMessage> messages;
    while (!datagram.empty()) {
        const auto header = head<nlmsghdr>(datagram);
        // Not mnl_nlmsg_ok: it takes a length beyond INT_MAX for a negative one, which fits everywhere.
        if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > datagram.size())
            return malformed("a message with a length that does not fit");
        auto body = parse_body(header->nlmsg_type, behind<nlmsghdr>(datagram.first(header->nlmsg_len)));
        if (!body) return body.error();
        messages.push_back({header->nlmsg_seq, (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0, *std::move(body)});
        datagram = datagram.subspan(std::min(datagram.size(), static_cast<std::size_t>(MNL_ALIGN(header->nlmsg_len))));
    }
    return messages;
}

NetlinkRequest encode_question(const IpAddress& to, RouteQuestion question, std::uint32_t sequence) {
    Builder request(RTM_GETROUTE, 0, sequence);
    auto& message = request.extra<rtmsg>();
    message.rtm_family = family_of(to);
    message.rtm_dst_len = static_cast<unsigned char>(to.bits());
    message.rtm_flags = RTM_F_LOOKUP_TABLE;
    if (question == RouteQuestion::match) message.rtm_flags |= RTM_F_FIB_MATCH;
    request.put(RTA_DST, to);
    return request.done();
}

NetlinkRequest encode_dump(DumpOf what, std::uint32_t sequence) {
    // One list of both families: where the kernel has no IPv6, asking for its routes alone gets those of IPv4.
    switch (what) {
        case DumpOf::links: {
            Builder request(RTM_GETLINK, NLM_F_DUMP, sequence);
            request.extra<ifinfomsg>().ifi_family = AF_UNSPEC;
            request.put(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
            return request.done();
        }
        case DumpOf::addresses: {
            Builder request(RTM_GETADDR, NLM_F_DUMP, sequence);
            request.extra<ifaddrmsg>().ifa_family = AF_UNSPEC;
            return request.done();
        }
        case DumpOf::routes: break;
    }
    Builder request(RTM_GETROUTE, NLM_F_DUMP, sequence);
    request.extra<rtmsg>().rtm_family = AF_UNSPEC;
    return request.done();
}

NetlinkRequest encode_link_question(const std::string& name, std::uint32_t sequence) {
    return link_question(sequence, 0, name);
}

NetlinkRequest encode_link_question(unsigned index, std::uint32_t sequence) {
    return link_question(sequence, index, {});
}

NetlinkRequest encode_add(const Route& route, unsigned index, std::uint32_t sequence) {
    // APPEND without EXCL: only the very same route is refused, and nothing is put before what is there.
    Builder request(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND, sequence);
    auto& message = request.extra<rtmsg>();
    message.rtm_protocol = route.protocol;
    message.rtm_scope = route.scope;
    put_route(request, message, route, index);
    if (route.source) request.put(RTA_PREFSRC, *route.source);
    return request.done();
}

NetlinkRequest encode_remove(const Route& route, unsigned index, std::uint32_t sequence) {
    Builder request(RTM_DELROUTE, NLM_F_ACK, sequence);
    auto& message = request.extra<rtmsg>();
    message.rtm_scope = RT_SCOPE_NOWHERE;  // of any scope
    put_route(request, message, route, index);
    return request.done();
}

std::vector<Route> routes_of(const RouteMessage& message) {
    std::vector<Route> routes;
    if (message.type != RTN_UNICAST) return routes;
    for (const NextHop& hop : message.hops)
        routes.push_back({.to = message.to,
                          .gateway = hop.gateway,
                          .source = message.source,
                          .table = message.table,
                          .metric = message.metric,
                          .protocol = message.protocol,
                          .scope = message.scope,
                          .gateway_on_link = hop.on_link,
                          .one_of_several = message.hops.size() > 1});
    return routes;
}

}  // namespace memdb::host
