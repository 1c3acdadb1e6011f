#include "app/way_out_policy.hpp"
#include "tests/support/addresses.hpp"

#include <gtest/gtest.h>

namespace memdb::app {
namespace {

using host::RouteAnswer;
using tests::ip;
using tests::net;

RouteAnswer via(std::string device, const char* gateway, const char* source) {
    RouteAnswer answer;
    answer.kind = RouteAnswer::Kind::found;
    answer.device = std::move(device);
    answer.gateway = ip(gateway);
    answer.source = ip(source);
    return answer;
}

const RouteAnswer kHome = via("wlan0", "10.0.0.1", "10.0.0.7");
const RouteAnswer kCable = via("eth0", "10.1.0.1", "10.1.0.7");
const RouteAnswer kTunnel = via("tun0", "10.9.0.1", "10.9.0.2");
const RouteAnswer kNone;
const std::vector<host::LocalNetwork> kWifi = {{"wlan0", ip("10.0.0.7"), net("10.0.0.0/24")}};
const std::vector<host::LocalNetwork> kOwnTunnel = {{"tun0", ip("10.9.0.2"), net("10.9.0.0/24")}};

/// Two addresses of the endpoint, and the kernel's ways to them.
WayOut two(std::optional<RouteAnswer> first, std::optional<RouteAnswer> second, const WayOut& before = {}) {
    const std::vector<EndpointWay> endpoint = {{ip("192.0.2.1"), std::move(first)}, {ip("fd00::1"), std::move(second)}};
    return way_out(before, endpoint, {}, "tun0");
}

WayOut in(const std::vector<host::LocalNetwork>& networks) { return way_out({}, {}, networks, "tun0"); }

TEST(WayOutPolicy, is_online_while_any_address_can_be_reached_past_the_tunnel) {
    EXPECT_TRUE(two(kHome, kNone).online);
    EXPECT_TRUE(two(kNone, kHome).online);
    EXPECT_FALSE(two(kNone, kNone).online);
    EXPECT_FALSE(two(kTunnel, kTunnel).online) << "the link is gone, and the tunnel's default route is what is left";
    EXPECT_TRUE(two(std::nullopt, kNone).online) << "the kernel gave no answer: better one attempt too many";
}

TEST(WayOutPolicy, goes_by_the_networks_of_the_host_while_no_address_is_known) {
    EXPECT_TRUE(in(kWifi).online);
    EXPECT_FALSE(in({}).online);
    EXPECT_FALSE(in(kOwnTunnel).online);
}

struct Move {
    const char* name;
    WayOut before, after;
    bool well;
    NetworkMove expected;
};

TEST(WayOutPolicy, tells_another_network_from_what_the_tunnel_itself_does) {
    const WayOut home = two(kHome, kHome), offline = two(kNone, kNone);
    const WayOut captured = two(kHome, kTunnel, home);  // redirect-gateway, with a host route to the server in use
    const Move moves[] = {
        {"nothing changed", home, home, true, {false, false}},
        {"nothing changed, but something is wrong", home, home, false, {false, true}},
        {"the cable is plugged in", home, two(kCable, kCable), true, {true, true}},
        {"one of two ways is another", home, two(kHome, kCable), true, {true, true}},
        {"one of two ways is gone", home, two(kHome, kNone), true, {false, false}},
        {"offline", home, offline, true, {true, false}},
        {"offline, as before", offline, offline, false, {false, false}},
        {"online again", offline, home, false, {true, true}},
        {"the tunnel takes the default route", home, captured, true, {false, false}},
        {"the tunnel gives it back", captured, two(kHome, kHome, captured), true, {false, false}},
        {"the network changed under a tunnel that has it",
         captured,
         two(kCable, kTunnel, captured),
         true,
         {true, true}},
        {"another network beside the first",
         in(kWifi),
         in({kWifi[0], {"eth0", ip("10.1.0.7"), net("10.1.0.0/24")}}),
         false,
         {true, true}},
        {"a network less",
         in({kWifi[0], {"eth0", ip("10.1.0.7"), net("10.1.0.0/24")}}),
         in(kWifi),
         true,
         {false, false}},
        {"the own tunnel comes", in(kWifi), in({kWifi[0], kOwnTunnel[0]}), true, {false, false}},
        {"the first addresses become known", in(kWifi), home, true, {false, false}},
        {"and are not to be reached", in(kWifi), offline, false, {true, false}},
    };
    for (const Move& move : moves)
        EXPECT_EQ(judge_move(move.before, move.after, move.well), move.expected) << move.name;
}

/// A tunnel that is captured, lost and made again must not talk itself out of its own back-off.
TEST(WayOutPolicy, a_flapping_tunnel_that_takes_the_default_route_is_never_another_network) {
    WayOut now = two(kHome, kHome);
    for (int i = 0; i < 3; ++i)
        for (const auto& second : {kTunnel, kHome}) {
            const WayOut before = std::exchange(now, two(kHome, second, now));
            EXPECT_FALSE(judge_move(before, now, false).tell_tunnel);
        }
}

}  // namespace
}  // namespace memdb::app
