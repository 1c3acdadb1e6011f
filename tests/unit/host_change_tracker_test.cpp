#include "host/host_change_tracker.hpp"

#include "tests/support/addresses.hpp"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <string>
#include <utility>

using namespace memdb;
using namespace memdb::host;
using memdb::tests::ip;
using memdb::tests::net;

namespace {

NetlinkMessage told(decltype(NetlinkMessage::body) body) { return {0, false, std::move(body)}; }

LinkMessage lan() { return {.index = 3, .name = "lan", .up = true, .running = true}; }

AddressMessage address() { return {.index = 3, .address = ip("192.0.2.2"), .network = net("192.0.2.0/24")}; }

RouteMessage by_default(const char* gateway) {
    return {.to = net("0.0.0.0/0"),
            .table = kMainTable,
            .type = RTN_UNICAST,
            .hops = {{.index = 3, .gateway = ip(gateway)}}};
}

template <class Message>
Message gone(Message message) {
    message.gone = true;
    return message;
}

/// A tracker that knows a link, an address and a default route.
HostChangeTracker informed() {
    HostChangeTracker tracker;
    EXPECT_TRUE(tracker.take(told(lan())));
    EXPECT_TRUE(tracker.take(told(address())));
    EXPECT_TRUE(tracker.take(told(by_default("192.0.2.1"))));
    return tracker;
}

}  // namespace

TEST(HostChangeTracker, what_is_only_said_again_is_no_change) {
    HostChangeTracker tracker = informed();
    LinkMessage counted = lan();
    counted.counters = LinkCounters{1, 2};
    EXPECT_FALSE(tracker.take(told(counted)));
    LinkMessage nameless = lan();
    nameless.name.clear();  // as wireless events are
    EXPECT_FALSE(tracker.take(told(nameless)));
    EXPECT_FALSE(tracker.take(told(address())));
    EXPECT_FALSE(tracker.take(told(by_default("192.0.2.1"))));
    RouteMessage cached = by_default("192.0.2.9");
    cached.cached = true;
    EXPECT_FALSE(tracker.take(told(cached)));
    EXPECT_FALSE(tracker.take(told(EndMessage{})));
    EXPECT_FALSE(tracker.take(told(OtherMessage{RTM_NEWNEIGH})));
    EXPECT_FALSE(tracker.take(told(OtherMessage{RTM_DELLINK}))) << "a bridge lets go of a port";
}

TEST(HostChangeTracker, what_differs_is_a_change_and_only_once) {
    const auto once = [](const auto& message) {
        HostChangeTracker tracker = informed();
        EXPECT_TRUE(tracker.take(told(message)));
        EXPECT_FALSE(tracker.take(told(message)));
    };
    LinkMessage link = lan();
    link.running = false;
    once(link);
    link = lan();
    link.up = false;
    once(link);
    link = lan();
    link.name = "office";
    once(link);
    AddressMessage other = address();
    other.deprecated = true;
    once(other);
    other = address();
    other.usable = false;
    once(other);
    other = address();
    other.network = net("192.0.2.0/25");
    once(other);
    once(by_default("192.0.2.7"));
    RouteMessage route = by_default("192.0.2.1");
    route.metric = 5;
    once(route);
    route.type = RTN_BLACKHOLE;
    once(route);
}

TEST(HostChangeTracker, rules_and_next_hop_objects_are_always_a_change) {
    HostChangeTracker tracker = informed();
    for (const std::uint16_t type : {RTM_NEWRULE, RTM_DELRULE, RTM_NEWNEXTHOP, RTM_DELNEXTHOP})
        EXPECT_TRUE(tracker.take(told(OtherMessage{type})));
}

TEST(HostChangeTracker, what_goes_is_a_change_and_news_when_it_comes_back) {
    HostChangeTracker tracker = informed();
    EXPECT_TRUE(tracker.take(told(gone(by_default("192.0.2.1")))));
    EXPECT_TRUE(tracker.take(told(by_default("192.0.2.1"))));
    EXPECT_TRUE(tracker.take(told(gone(address()))));
    EXPECT_TRUE(tracker.take(told(address())));
    EXPECT_TRUE(tracker.take(told(gone(lan()))));
    EXPECT_TRUE(tracker.take(told(lan())));
}

TEST(HostChangeTracker, a_route_that_was_replaced_is_news_when_it_comes_back) {
    HostChangeTracker tracker = informed();
    EXPECT_TRUE(tracker.take(told(by_default("192.0.2.7"))));
    EXPECT_TRUE(tracker.take(told(by_default("192.0.2.1"))));
}

TEST(HostChangeTracker, a_route_that_may_have_gone_silently_is_news_when_it_comes_back) {
    LinkMessage down = lan();
    down.up = false;
    for (const NetlinkMessage& cause :
         {told(down), told(gone(lan())), told(gone(address())), told(OtherMessage{RTM_DELNEXTHOP})}) {
        HostChangeTracker tracker = informed();
        EXPECT_TRUE(tracker.take(cause));
        EXPECT_TRUE(tracker.take(told(by_default("192.0.2.1"))));
    }
}

TEST(HostChangeTracker, after_forgetting_everything_is_news) {
    HostChangeTracker tracker = informed();
    tracker.forget();
    EXPECT_TRUE(tracker.take(told(lan())));
    EXPECT_TRUE(tracker.take(told(address())));
    EXPECT_TRUE(tracker.take(told(by_default("192.0.2.1"))));
}

TEST(HostChangeTracker, remembers_a_bounded_number_of_routes) {
    HostChangeTracker tracker;
    RouteMessage route = by_default("192.0.2.1");
    for (std::uint32_t metric = 0; metric <= HostChangeTracker::kRouteLimit; ++metric) {
        route.metric = metric;
        EXPECT_TRUE(tracker.take(told(route)));
    }
    EXPECT_FALSE(tracker.take(told(route)));
    route.metric = 0;
    EXPECT_TRUE(tracker.take(told(route))) << "was forgotten: a change more, never one less";
}
