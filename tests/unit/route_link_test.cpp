// Against the real kernel, in a network namespace of its own for each test.
#include "host/route_link.hpp"

#include "tests/support/addresses.hpp"
#include "tests/support/got.hpp"
#include "tests/support/network_namespace.hpp"

#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace memdb;
using namespace memdb::host;
using memdb::tests::got;
using memdb::tests::in_own_network;
using memdb::tests::ip;
using memdb::tests::make_laptop;
using memdb::tests::net;
using memdb::tests::sh;

namespace {

Route via(const char* to, const char* gateway, std::uint32_t metric = 0) {
    return {.to = net(to), .device = "lan", .gateway = ip(gateway), .metric = metric};
}

}  // namespace

TEST(RouteLink, says_how_the_kernel_would_send) {
    in_own_network([] {
        make_laptop();
        sh("ip -6 route add default via fd00:2::1 && ip route add 10.20.0.0/16 via 192.0.2.3"
           " && ip route add 10.20.4.0/24 dev lan src 192.0.2.2 && ip -6 route add fd20::/16 via fd00:2::3"
           " && ip route add 10.77.0.0/16 via 192.0.2.7 table 77 && ip rule add to 10.77.0.0/16 lookup 77"
           " && ip -6 route add fd77::/16 via fd00:2::7 table 1000 && ip -6 rule add to fd77::/16 lookup 1000"
           " && ip route add 10.78.0.0/16 nexthop via 192.0.2.7 nexthop via 192.0.2.8"
           " && ip route add 10.79.0.0/16 via inet6 fd00:2::9 dev lan");
        struct Row {
            const char *to, *device, *gateway, *source, *matched;
            std::uint32_t table;
        };
        const Row rows[] = {
            {"192.0.2.9", "lan", "", "192.0.2.2", "192.0.2.0/24", kMainTable},
            {"198.51.100.1", "lan", "192.0.2.1", "192.0.2.2", "0.0.0.0/0", kMainTable},
            {"10.20.1.1", "lan", "192.0.2.3", "192.0.2.2", "10.20.0.0/16", kMainTable},
            {"10.20.4.1", "lan", "", "192.0.2.2", "10.20.4.0/24", kMainTable},
            {"10.77.1.1", "lan", "192.0.2.7", "192.0.2.2", "10.77.0.0/16", 77},
            {"10.79.1.1", "lan", "fd00:2::9", "192.0.2.2", "10.79.0.0/16", kMainTable},
            {"192.0.2.2", "lo", "", "192.0.2.2", "192.0.2.2/32", kLocalTable},
            {"fd00:2::9", "lan", "", "fd00:2::2", "fd00:2::/64", kMainTable},
            {"2001:db8::1", "lan", "fd00:2::1", "fd00:2::2", "::/0", kMainTable},
            {"fd20::1", "lan", "fd00:2::3", "fd00:2::2", "fd20::/16", kMainTable},
            {"fd77::1", "lan", "fd00:2::7", "fd00:2::2", "fd77::/16", 1000},
            {"::1", "lo", "", "::1", "::1/128", kLocalTable},
        };
        RouteLink link = got(RouteLink::open());
        for (const Row& row : rows) {
            const RouteAnswer answer = got(link.route_to(ip(row.to)));
            EXPECT_EQ(answer.kind, RouteAnswer::Kind::found) << row.to;
            EXPECT_EQ(answer.device, row.device) << row.to;
            EXPECT_EQ(answer.gateway ? to_string(*answer.gateway) : "", row.gateway) << row.to;
            EXPECT_EQ(answer.source ? to_string(*answer.source) : "", row.source) << row.to;
            EXPECT_EQ(answer.matched ? to_string(*answer.matched) : "", row.matched) << row.to;
            EXPECT_EQ(answer.table, row.table) << row.to;
        }
        const RouteAnswer either = got(link.route_to(ip("10.78.1.1")));
        EXPECT_TRUE(either.gateway == ip("192.0.2.7") || either.gateway == ip("192.0.2.8"));
        EXPECT_EQ(either.matched, net("10.78.0.0/16"));
    });
}

TEST(RouteLink, tells_what_is_unreachable_whatever_the_reason) {
    in_own_network([] {
        make_laptop();
        sh("ip route del default"
           " && ip route add blackhole 10.1.0.0/16 && ip route add prohibit 10.2.0.0/16"
           " && ip route add unreachable 10.3.0.0/16 && ip route add throw 10.4.0.0/16"
           " && ip -6 route add blackhole fd71::/16 && ip -6 route add prohibit fd72::/16"
           " && ip -6 route add unreachable fd73::/16");
        RouteLink link = got(RouteLink::open());
        for (const char* to : {"8.8.8.8", "10.1.0.1", "10.2.0.1", "10.3.0.1", "10.4.0.1", "2001:db8::1", "fd71::1",
                               "fd72::1", "fd73::1"})
            EXPECT_EQ(got(link.route_to(ip(to))), RouteAnswer{}) << to;
    });
}

TEST(RouteLink, follows_a_device_that_goes_and_comes_back_with_the_same_name) {
    in_own_network([] {
        RouteLink link = got(RouteLink::open());
        std::optional<unsigned> before;
        for (int i = 0; i < 2; ++i) {
            sh("ip tuntap add dev tun7 mode tun && ip address add 10.8.0.2 peer 10.8.0.1/32 dev tun7"
               " && ip link set tun7 up && ip route add 10.20.0.0/16 via 10.8.0.1");
            EXPECT_EQ(got(link.route_to(ip("10.20.1.1"))).device, "tun7");
            const auto index = got(link.index_of("tun7"));
            EXPECT_TRUE(index && index != before);
            before = index;
            sh("ip tuntap del dev tun7 mode tun");
            EXPECT_EQ(got(link.route_to(ip("10.20.1.1"))), RouteAnswer{});
            EXPECT_EQ(got(link.index_of("tun7")), std::nullopt);
        }
    });
}

TEST(RouteLink, lists_unicast_routes_of_all_tables_but_local) {
    in_own_network([] {
        make_laptop();
        sh("ip route add 10.77.0.0/16 via 192.0.2.7 table 77 metric 5 proto static"
           " && ip route add blackhole 10.1.0.0/16"
           " && ip route add 10.78.0.0/16 nexthop via 192.0.2.7 nexthop via 192.0.2.8"
           " && ip -6 route add fd78::/16 nexthop via fd00:2::7 nexthop via fd00:2::8"
           " && ip route add 10.79.0.0/16 via 203.0.113.1 dev lan onlink");
        RouteLink link = got(RouteLink::open());
        std::vector<Route> routes = got(link.routes());
        std::erase_if(routes, [](const Route& route) { return is_loopback_or_link_local(route.to.address); });
        const auto hop = [](const char* to, const char* gateway, std::uint32_t metric) {
            Route route = via(to, gateway, metric);
            route.protocol = kProtocolBoot;
            route.one_of_several = true;
            return route;
        };
        Route by_default = via("0.0.0.0/0", "192.0.2.1");
        by_default.protocol = kProtocolBoot;
        Route in_table = via("10.77.0.0/16", "192.0.2.7", 5);
        in_table.table = 77;
        Route on_link = via("10.79.0.0/16", "203.0.113.1");
        on_link.protocol = kProtocolBoot;
        on_link.gateway_on_link = true;
        const std::vector<Route> expected = {
            by_default,
            in_table,
            hop("10.78.0.0/16", "192.0.2.7", 0),
            hop("10.78.0.0/16", "192.0.2.8", 0),
            hop("fd78::/16", "fd00:2::7", 1024),
            hop("fd78::/16", "fd00:2::8", 1024),
            on_link,
            {.to = net("192.0.2.0/24"), .device = "lan", .source = ip("192.0.2.2"), .protocol = 2, .scope = 253},
            {.to = net("fd00:2::/64"), .device = "lan", .metric = 256, .protocol = 2},
        };
        EXPECT_TRUE(std::ranges::is_permutation(routes, expected)) << routes.size();
    });
}

TEST(RouteLink, lists_the_networks_of_links_that_are_up) {
    in_own_network([] {
        make_laptop();
        sh("ip tuntap add dev tun7 mode tun && ip address add 10.8.0.2 peer 10.8.0.1/32 dev tun7"
           " && ip link set tun7 up && ip tuntap add dev tun8 mode tun && ip address add 10.9.0.2/24 dev tun8"
           " && ip address add 169.254.7.7/16 dev lan");
        RouteLink link = got(RouteLink::open());
        std::vector<LocalNetwork> networks = got(link.local_networks());
        std::ranges::sort(networks);
        const std::vector<LocalNetwork> expected = {
            {"lan", ip("192.0.2.2"), net("192.0.2.0/24")},
            {"lan", ip("fd00:2::2"), net("fd00:2::/64")},
            {"tun7", ip("10.8.0.2"), net("10.8.0.1/32")},
        };
        EXPECT_EQ(networks, expected);
    });
}

TEST(RouteLink, counts_the_bytes_of_a_device) {
    in_own_network([] {
        make_laptop();
        RouteLink link = got(RouteLink::open());
        const auto before = got(link.counters("lo"));
        ASSERT_TRUE(before);
        boost::asio::io_context io;
        boost::asio::ip::udp::socket socket(io, boost::asio::ip::udp::v4());
        socket.send_to(boost::asio::buffer(std::string(1000, 'x')), {boost::asio::ip::address_v4::loopback(), 9});
        const auto after = got(link.counters("lo"));
        ASSERT_TRUE(after);
        EXPECT_GE(after->sent_bytes, before->sent_bytes + 1000);
        EXPECT_GE(after->received_bytes, before->received_bytes + 1000);
        EXPECT_EQ(got(link.counters("nothing")), std::nullopt);
        EXPECT_EQ(got(link.counters("a-name-that-is-too-long")), std::nullopt);
        EXPECT_EQ(got(link.counters("")), std::nullopt);
    });
}

TEST(RouteLink, adds_and_removes_as_often_as_one_likes) {
    in_own_network([] {
        make_laptop();
        RouteLink link = got(RouteLink::open());
        const std::vector<Route> before = got(link.routes());
        Route v6 = via("fd20::/16", "fd00:2::3", 50);
        Route in_table = via("10.21.0.0/16", "192.0.2.3");
        in_table.table = 1000;
        Route direct{.to = net("10.22.0.0/16"), .device = "lan", .source = ip("192.0.2.2"), .scope = 253};
        Route other_family = via("10.23.0.0/16", "fd00:2::3");
        for (const Route& route : {via("10.20.0.0/16", "192.0.2.3", 7), v6, in_table, direct, other_family}) {
            for (int i = 0; i < 2; ++i) EXPECT_TRUE(link.add(route)) << to_string(route.to);
            EXPECT_EQ(std::ranges::count(got(link.routes()), route), 1) << to_string(route.to);
            for (int i = 0; i < 2; ++i) EXPECT_TRUE(link.remove(route)) << to_string(route.to);
            EXPECT_EQ(std::ranges::count(got(link.routes()), route), 0) << to_string(route.to);
        }
        EXPECT_TRUE(std::ranges::is_permutation(got(link.routes()), before));
    });
}

TEST(RouteLink, removes_exactly_the_route_and_displaces_none) {
    in_own_network([] {
        make_laptop();
        RouteLink link = got(RouteLink::open());
        ASSERT_TRUE(link.add(via("10.20.0.0/16", "192.0.2.3", 7)));
        ASSERT_TRUE(link.add(via("10.20.0.0/16", "192.0.2.4", 7)));
        EXPECT_EQ(got(link.route_to(ip("10.20.1.1"))).gateway, ip("192.0.2.3"));
        const auto routes = got(link.routes());
        EXPECT_TRUE(link.remove(via("10.20.0.0/16", "192.0.2.3")));     // another metric: is not there
        EXPECT_TRUE(link.remove(via("10.20.0.0/16", "192.0.2.5", 7)));  // another gateway
        EXPECT_EQ(got(link.routes()), routes);
        EXPECT_TRUE(link.remove(via("10.20.0.0/16", "192.0.2.4", 7)));
        EXPECT_EQ(got(link.route_to(ip("10.20.1.1"))).gateway, ip("192.0.2.3"));
    });
}

TEST(RouteLink, says_why_a_route_cannot_be_added) {
    in_own_network([] {
        make_laptop();
        RouteLink link = got(RouteLink::open());
        Route nowhere = via("10.20.0.0/16", "192.0.2.3");
        nowhere.device = "nothing";
        EXPECT_EQ(link.add(nowhere).error().code, Errc::not_found);
        EXPECT_TRUE(link.remove(nowhere));
        const Failure failure = link.add(via("10.20.0.0/16", "203.0.113.1")).error();
        EXPECT_EQ(failure.code, Errc::not_found);
        EXPECT_NE(failure.message.find("10.20.0.0/16 via 203.0.113.1 dev lan"), std::string::npos) << failure.message;
        Route hop = via("10.20.0.0/16", "192.0.2.3");
        hop.one_of_several = true;
        EXPECT_EQ(link.remove(hop).error().code, Errc::bad_input);
    });
}
