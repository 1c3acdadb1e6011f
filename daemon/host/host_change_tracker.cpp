#include "host/host_change_tracker.hpp"

#include "base/overloaded.hpp"

#include <linux/rtnetlink.h>

#include <utility>
#include <variant>

namespace memdb::host {

bool HostChangeTracker::take(const NetlinkMessage& message) {
    return std::visit(Overloaded{
                          [&](const LinkMessage& link) { return take_link(link); },
                          [&](const AddressMessage& address) { return take_address(address); },
                          [&](const RouteMessage& route) { return take_route(route); },
                          [](const EndMessage&) { return false; },
                          [&](const OtherMessage& other) {
                              switch (other.type) {
                                  case RTM_NEWNEXTHOP:
                                  case RTM_DELNEXTHOP: routes_.clear(); return true;  // routes may have gone with it
                                  case RTM_NEWRULE:
                                  case RTM_DELRULE: return true;
                                  default: return false;
                              }
                          },
                      },
                      message.body);
}

void HostChangeTracker::forget() {
    links_.clear();
    addresses_.clear();
    routes_.clear();
}

bool HostChangeTracker::take_link(const LinkMessage& link) {
    const auto known = links_.find(link.index);
    if (link.gone) {
        if (known != links_.end()) links_.erase(known);
        routes_.clear();  // IPv4 routes go with their link, or their address, without a word
        return true;
    }
    Link now{link.name, link.up, link.running};
    if (known != links_.end() && now.name.empty()) now.name = known->second.name;
    if (known != links_.end() && known->second == now) return false;
    links_[link.index] = std::move(now);
    routes_.clear();
    return true;
}

bool HostChangeTracker::take_address(const AddressMessage& address) {
    const AddressKey key{address.index, address.address, address.network.prefix};
    if (address.gone) {
        addresses_.erase(key);
        routes_.clear();
        return true;
    }
    const auto [entry, added] = addresses_.try_emplace(key, address);
    if (!added && entry->second == address) return false;
    entry->second = address;
    return true;
}

bool HostChangeTracker::take_route(const RouteMessage& route) {
    if (route.cached) return false;
    // One entry for all that share destination, table and metric, the one told of last: with two of them, each is news
    // again when it is repeated. Were they kept apart, a route that another replaced and that then comes back would not
    // be.
    const RouteKey key{route.to, route.table, route.metric, route.service};
    if (route.gone) {
        routes_.erase(key);
        return true;
    }
    if (routes_.size() >= kRouteLimit && !routes_.contains(key)) routes_.clear();
    const auto [entry, added] = routes_.try_emplace(key, route);
    if (!added && entry->second == route) return false;
    entry->second = route;
    return true;
}

}  // namespace memdb::host
