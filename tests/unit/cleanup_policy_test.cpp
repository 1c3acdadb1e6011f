#include "host/cleanup_policy.hpp"

#include <gmock/gmock.h>
#include "tests/support/addresses.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace memdb;
using namespace memdb::host;
using memdb::tests::ip;

namespace {

Route route(const char* to, const char* device, const char* gateway, std::uint8_t protocol = kProtocolBoot) {
    Route made{.to = parse_network(to).value(), .device = device, .protocol = protocol};
    if (*gateway != '\0') made.gateway = ip(gateway);
    return made;
}

constexpr std::uint8_t kDhcp = 16;

const Route by_default = route("0.0.0.0/0", "eth0", "192.0.2.1", kDhcp);
const Route by_default_ip6 = route("::/0", "eth0", "fe80::1", kDhcp);
const Route advertised = route("::/0", "eth0", "fe80::1", kProtocolRouterAdvertisement);
const Route lan = route("192.0.2.0/24", "eth0", "", kProtocolKernel);
const Route server = route("198.51.100.1/32", "eth0", "192.0.2.1");
const Route gateway = route("192.0.2.1/32", "eth0", "192.0.2.1");
const Route vpc = route("10.20.0.0/16", "tun0", "10.8.0.1");
const Route tunnel_net = route("10.8.0.0/24", "tun0", "", kProtocolKernel);
const Route half = route("0.0.0.0/1", "tun0", "10.8.0.1");
const Route through_tunnel = route("0.0.0.0/0", "tun0", "10.8.0.1");

Footprint record(std::vector<Route> defaults) {
    return {.profile = "demo",
            .boot_id = "this",
            .openvpn_pid = 4711,
            .openvpn_start_time = 1000,
            .openvpn_exe = "/usr/sbin/openvpn",
            .device = "tun0",
            .device_index = 9,
            .server = ip("198.51.100.1"),
            .default_routes = std::move(defaults)};
}

/// "-ROUTE" for one that is removed, "+ROUTE" for one that is restored.
std::string text_of(const CleanupAction& action) {
    if (const auto* remove = std::get_if<RemoveRoute>(&action)) return "-" + to_string(remove->route);
    if (const auto* restore = std::get_if<RestoreRoute>(&action)) return "+" + to_string(restore->route);
    if (const auto* revert = std::get_if<RevertDns>(&action)) return "revert " + std::to_string(revert->link);
    return "end openvpn";
}

struct Row {
    const char* name;
    Footprint footprint;
    HostNow now;
    std::vector<std::string> actions;
};

Footprint with_server_route(Footprint footprint) {
    footprint.had_server_route = true;
    return footprint;
}

Footprint with_dns(Footprint footprint) {
    footprint.dns_set = true;
    return footprint;
}

Footprint with_gateway_route(Footprint footprint) {
    footprint.had_gateway_route = true;
    return footprint;
}

Footprint without_device(Footprint footprint) {
    footprint.device.clear();
    footprint.device_index = 0;
    return footprint;
}

Route in_table(Route made, std::uint32_t table) {
    made.table = table;
    return made;
}

Route over(Route made, const char* device) {
    made.device = device;
    return made;
}

Route made_by(Route made, std::uint8_t protocol) {
    made.protocol = protocol;
    return made;
}

Route several(Route made) {
    made.one_of_several = true;
    return made;
}

std::vector<Row> rows() {
    const Footprint usual = record({by_default});
    const std::string minus_server = "-198.51.100.1/32 via 192.0.2.1 dev eth0";
    const std::string plus_default = "+default via 192.0.2.1 dev eth0";
    return {
        {"nothing left: nothing to do", usual, {{by_default, lan}}, {}},
        {"the process lives: it ends first, it may undo the rest itself",
         usual,
         {{lan, server, vpc, half}, true, true},
         {"end openvpn"}},
        {"the host route to the server", usual, {{by_default, lan, server}}, {minus_server}},
        {"which was there before", with_server_route(usual), {{by_default, lan, server}}, {}},
        {"or to another server", usual, {{by_default, lan, route("198.51.100.2/32", "eth0", "192.0.2.1")}}, {}},
        {"or without gateway", usual, {{by_default, lan, route("198.51.100.1/32", "eth0", "")}}, {}},
        {"or in a table of somebody's", usual, {{by_default, in_table(server, 77)}}, {}},
        {"or made by a network manager", usual, {{by_default, made_by(server, kDhcp)}}, {}},
        {"or with several next hops", usual, {{by_default, several(server)}}, {}},
        {"the host route to the gateway",
         usual,
         {{by_default, lan, gateway}},
         {"-192.0.2.1/32 via 192.0.2.1 dev eth0"}},
        {"which was there before", with_gateway_route(usual), {{by_default, lan, gateway}}, {}},
        {"or to a gateway that was not the default one",
         usual,
         {{by_default, route("192.0.2.9/32", "eth0", "192.0.2.9")}},
         {}},
        {"or over another device", usual, {{by_default, over(gateway, "wlan0")}}, {}},
        {"or made by a network manager", usual, {{by_default, made_by(gateway, kDhcp)}}, {}},
        {"the device outlived the process",
         usual,
         {{by_default, lan, vpc, tunnel_net, half}, false, true},
         {"-10.20.0.0/16 via 10.8.0.1 dev tun0", "-0.0.0.0/1 via 10.8.0.1 dev tun0"}},
        {"and its DNS", with_dns(usual), {{by_default, lan, tunnel_net}, false, true}, {"revert 9"}},
        {"DNS goes with the device", with_dns(usual), {{by_default, lan}}, {}},
        {"or with the process that keeps it", with_dns(usual), {{by_default, lan, vpc}, true, true}, {"end openvpn"}},
        {"another device has its name now", usual, {{by_default, lan, vpc, half, over(server, "tun0")}}, {}},
        {"the device was never known", without_device(usual), {{by_default, lan, vpc, server}}, {minus_server}},
        {"the default route is gone", usual, {{lan}}, {plus_default}},
        {"and the host route is left", usual, {{lan, server}}, {minus_server, plus_default}},
        {"there is none but through the leftover device",
         usual,
         {{lan, through_tunnel}, false, true},
         {"-default via 10.8.0.1 dev tun0", plus_default}},
        {"the user added an own default meanwhile: leave it",
         usual,
         {{lan, route("0.0.0.0/0", "wlan0", "10.0.0.1")}},
         {}},
        {"one in another table is no default route", usual, {{lan, in_table(by_default, 77)}}, {plus_default}},
        {"several were recorded, one is there", record({by_default, over(by_default, "wlan0")}), {{by_default}}, {}},
        {"several were recorded, none is there",
         record({by_default, over(by_default, "wlan0")}),
         {{}},
         {plus_default, "+default via 192.0.2.1 dev wlan0"}},
        {"there was none before either", record({}), {{lan}}, {}},
        {"each family for itself",
         record({by_default, by_default_ip6}),
         {{by_default}},
         {"+default via fe80::1 dev eth0"}},
        {"and the other way round", record({by_default, by_default_ip6}), {{by_default_ip6}}, {plus_default}},
        {"router advertisements come again by themselves", record({by_default, advertised}), {{by_default}}, {}},
        {"a default over the device itself is not restored", record({through_tunnel}), {{lan}}, {}},
    };
}

}  // namespace

TEST(CleanupPolicy, undoes_exactly_what_is_left_over) {
    for (const Row& row : rows()) {
        std::vector<std::string> actions;
        for (const CleanupAction& action : plan_cleanup(row.footprint, row.now)) actions.push_back(text_of(action));
        EXPECT_EQ(actions, row.actions) << row.name;
    }
}

TEST(CleanupPolicy, after_its_own_actions_nothing_is_left_to_do) {
    for (const Row& row : rows()) {
        HostNow now = row.now;
        Footprint footprint = row.footprint;
        now.process_lives = false;
        for (const CleanupAction& action : plan_cleanup(row.footprint, now)) {
            if (std::holds_alternative<RevertDns>(action)) footprint.dns_set = false;
            if (const auto* remove = std::get_if<RemoveRoute>(&action)) std::erase(now.routes, remove->route);
            if (const auto* restore = std::get_if<RestoreRoute>(&action)) now.routes.push_back(restore->route);
        }
        EXPECT_THAT(plan_cleanup(footprint, now), testing::IsEmpty()) << row.name;
    }
}

TEST(CleanupPolicy, knows_a_record_of_another_boot) {
    Footprint footprint = record({by_default});
    EXPECT_FALSE(is_of_another_boot(footprint, "this", 5000));
    EXPECT_TRUE(is_of_another_boot(footprint, "that", 5000));
    EXPECT_FALSE(is_of_another_boot(footprint, "", 5000)) << "unknown: only what is proven is done";
    EXPECT_TRUE(is_of_another_boot(footprint, "", 999)) << "its process would start later than now";
    footprint.boot_id.clear();
    EXPECT_FALSE(is_of_another_boot(footprint, "that", 5000));
    EXPECT_TRUE(is_of_another_boot(footprint, "that", 999));
    footprint.openvpn_pid.reset();
    EXPECT_FALSE(is_of_another_boot(footprint, "that", 0));
}

TEST(CleanupPolicy, says_what_was_done) {
    EXPECT_EQ(done_text(EndOpenvpn{}), "ended the leftover openvpn");
    EXPECT_EQ(done_text(RemoveRoute{server}), "removed the route 198.51.100.1/32 via 192.0.2.1 dev eth0");
    EXPECT_EQ(done_text(RestoreRoute{by_default}), "restored the route default via 192.0.2.1 dev eth0");
}
