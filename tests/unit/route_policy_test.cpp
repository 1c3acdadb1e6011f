#include "health/route_policy.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace memdb::health {
namespace {

using host::RouteAnswer;

struct Row {
    const char* name;
    const char* node;
    const char* device;   ///< of the way that the kernel chose; "": unreachable
    const char* matched;  ///< the route that it chose; "": not told
    std::uint32_t table;
    std::vector<const char*> pushed;
    bool captures_all;
    RouteState state;
    const char* evidence;
};

constexpr auto kOk = RouteState::ok, kMissing = RouteState::missing, kShadowed = RouteState::shadowed,
               kElsewhere = RouteState::not_via_tunnel, kOutside = RouteState::outside;

// clang-format off
const Row kTable[] = {
    {"the pushed route is used", "10.20.1.1", "tun0", "10.20.0.0/16", 254, {"10.20.0.0/16"}, false, kOk, ""},
    {"a route of another's making leads there too", "10.20.1.1", "tun0", "10.20.1.0/24", 254, {}, false, kOk, ""},
    {"the pushed route is gone", "10.20.1.1", "eth0", "0.0.0.0/0", 254, {"10.20.0.0/16"}, false, kMissing,
     "10.20.0.0/16 dev tun0 is gone: 10.20.1.1 would go over 0.0.0.0/0 dev eth0"},
    {"and there is no other", "10.20.1.1", "", "", 0, {"10.20.0.0/16"}, false, kMissing,
     "10.20.0.0/16 dev tun0 is gone: 10.20.1.1 has no route at all"},
    {"a wider route of the host's takes over", "10.20.1.1", "eth0", "10.0.0.0/8", 254, {"10.20.0.0/16"}, false, kMissing,
     "10.20.0.0/16 dev tun0 is gone: 10.20.1.1 would go over 10.0.0.0/8 dev eth0"},
    {"the kernel does not tell which route it chose", "10.20.1.1", "eth0", "", 254, {"10.20.0.0/16"}, false, kMissing,
     "10.20.0.0/16 dev tun0 is gone: 10.20.1.1 would go over a route dev eth0"},
    {"a local network is more exact", "10.20.1.1", "eth0", "10.20.1.0/24", 254, {"10.20.0.0/16"}, false, kShadowed,
     "10.20.1.1 goes over 10.20.1.0/24 dev eth0 instead of 10.20.0.0/16 dev tun0"},
    {"Docker is more exact", "172.17.0.9", "docker0", "172.17.0.0/16", 254, {"172.16.0.0/12"}, false, kShadowed,
     "172.17.0.9 goes over 172.17.0.0/16 dev docker0 instead of 172.16.0.0/12 dev tun0"},
    {"as exact, on another device", "10.20.1.1", "wg0", "10.20.0.0/16", 254, {"10.20.0.0/16"}, false, kShadowed,
     "10.20.1.1 goes over 10.20.0.0/16 dev wg0 instead of 10.20.0.0/16 dev tun0"},
    {"the longest pushed prefix counts", "10.20.1.1", "eth0", "10.20.0.0/16", 254, {"10.0.0.0/8", "10.20.1.0/24", "10.20.0.0/16"}, false, kMissing,
     "10.20.1.0/24 dev tun0 is gone: 10.20.1.1 would go over 10.20.0.0/16 dev eth0"},
    {"another VPN's table is asked first", "10.20.1.1", "wg0", "0.0.0.0/0", 51820, {"10.20.0.0/16"}, false, kShadowed,
     "10.20.1.1 goes over 0.0.0.0/0 dev wg0 table 51820 instead of 10.20.0.0/16 dev tun0"},
    {"the address is this host's own", "10.20.1.1", "lo", "10.20.1.1/32", host::kLocalTable, {"10.20.0.0/16"}, false, kShadowed,
     "10.20.1.1 goes over 10.20.1.1/32 dev lo table 255 instead of 10.20.0.0/16 dev tun0"},
    {"nothing was pushed", "10.20.1.1", "eth0", "0.0.0.0/0", 254, {}, false, kElsewhere,
     "10.20.1.1 would go over 0.0.0.0/0 dev eth0; the endpoint pushed no route"},
    {"nothing was pushed, and there is no route", "10.20.1.1", "", "", 0, {}, false, kElsewhere,
     "10.20.1.1 has no route at all; the endpoint pushed no route"},
    {"others were pushed", "10.99.1.1", "eth0", "0.0.0.0/0", 254, {"10.20.0.0/16", "10.21.0.0/16", "10.22.0.0/16", "10.23.0.0/16", "10.24.0.0/16"}, false, kOutside,
     "10.99.1.1 lies outside what the endpoint pushed: 10.20.0.0/16, 10.21.0.0/16, 10.22.0.0/16 and 2 more"},
    {"others were pushed, and the address is in a local network", "192.168.1.9", "eth0", "192.168.1.0/24", 254, {"10.20.0.0/16"}, false, kOutside,
     "192.168.1.9 lies outside what the endpoint pushed: 10.20.0.0/16"},
    {"the default route is captured and used", "10.20.1.1", "tun0", "0.0.0.0/1", 254, {}, true, kOk, ""},
    {"the captured default route is gone", "10.20.1.1", "eth0", "0.0.0.0/0", 254, {}, true, kMissing,
     "0.0.0.0/0 dev tun0 is gone: 10.20.1.1 would go over 0.0.0.0/0 dev eth0"},
    {"a local network stays out of a captured default route", "192.168.1.9", "eth0", "192.168.1.0/24", 254, {"10.20.0.0/16"}, true, kShadowed,
     "192.168.1.9 goes over 192.168.1.0/24 dev eth0 instead of 0.0.0.0/0 dev tun0"},
    {"IPv6 is used", "fd00:20::1", "tun0", "fd00:20::/32", 254, {"fd00:20::/32"}, false, kOk, ""},
    {"IPv6 is shadowed", "fd00:20::1", "eth0", "fd00:20::/64", 254, {"10.20.0.0/16", "fd00:20::/32"}, false, kShadowed,
     "fd00:20::1 goes over fd00:20::/64 dev eth0 instead of fd00:20::/32 dev tun0"},
    {"only IPv4 was pushed", "fd00:20::1", "eth0", "::/0", 254, {"10.20.0.0/16"}, false, kOutside,
     "fd00:20::1 lies outside what the endpoint pushed: 10.20.0.0/16"},
    {"a captured IPv6 default route is gone", "fd00:20::1", "eth0", "::/0", 254, {}, true, kMissing,
     "::/0 dev tun0 is gone: fd00:20::1 would go over ::/0 dev eth0"},
};
// clang-format on

std::vector<IpNetwork> networks(const std::vector<const char*>& texts) {
    std::vector<IpNetwork> out;
    for (const char* text : texts) out.push_back(parse_network(text).value());
    return out;
}

RouteVerdict judged(const Row& row, const std::string& tunnel_device) {
    RouteAnswer chosen;
    if (*row.device != '\0') chosen.kind = RouteAnswer::Kind::found;
    chosen.device = row.device;
    if (*row.matched != '\0') chosen.matched = parse_network(row.matched).value();
    chosen.table = row.table;
    return judge_route(parse_address(row.node).value(), chosen, tunnel_device, networks(row.pushed), row.captures_all);
}

TEST(RoutePolicy, says_what_the_kernels_choice_means) {
    for (const Row& row : kTable) {
        const RouteVerdict verdict = judged(row, "tun0");
        EXPECT_EQ(verdict.state, row.state) << row.name;
        EXPECT_EQ(verdict.evidence, row.evidence) << row.name;
        EXPECT_EQ(verdict.way.empty(), verdict.state != kShadowed) << row.name;
    }
}

TEST(RoutePolicy, knows_nothing_before_the_tunnel_has_a_device) {
    for (const Row& row : kTable) {
        const RouteVerdict verdict = judged(row, "");
        EXPECT_EQ(verdict.state, RouteState::unknown) << row.name;
        EXPECT_EQ(verdict.evidence, "") << row.name;
    }
}

TEST(RoutePolicy, lists_three_networks_at_most) {
    EXPECT_EQ(list_networks({}), "");
    EXPECT_EQ(list_networks(networks({"10.20.0.0/16"})), "10.20.0.0/16");
    EXPECT_EQ(list_networks(networks({"10.20.0.0/16", "fd00::/8", "10.22.0.0/16"})),
              "10.20.0.0/16, fd00::/8, 10.22.0.0/16");
    EXPECT_EQ(list_networks(networks({"10.20.0.0/16", "fd00::/8", "10.22.0.0/16", "10.23.0.0/16"})),
              "10.20.0.0/16, fd00::/8, 10.22.0.0/16 and 1 more");
}

}  // namespace
}  // namespace memdb::health
