#include "host/host_footprint.hpp"

#include "tests/support/addresses.hpp"
#include "tests/support/got.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace memdb;
using namespace memdb::host;
using memdb::tests::got;
using memdb::tests::ip;
using memdb::tests::net;

namespace {

Footprint full() {
    return {.profile = "demo",
            .boot_id = "5b0c2f0e-7d1f-4f7e-9a53-3f2f7c1d2e10",
            .openvpn_pid = 4711,
            .openvpn_start_time = 18'446'744'073'709'551'615U,
            .openvpn_exe = "/usr/sbin/openvpn",
            .device = "tun0",
            .device_index = 9,
            .dns_set = true,
            .server = ip("2001:db8::443"),
            .default_routes = {{.to = net("0.0.0.0/0"),
                                .device = "eth0",
                                .gateway = ip("192.0.2.1"),
                                .source = ip("192.0.2.2"),
                                .metric = 100,
                                .protocol = 16,
                                .gateway_on_link = true,
                                .one_of_several = true},
                               {.to = net("::/0"), .device = "ppp0", .metric = 1024, .protocol = 3, .scope = 253}},
            .had_server_route = true,
            .had_gateway_route = true};
}

}  // namespace

TEST(HostFootprint, comes_back_equal_from_its_text) {
    const Footprint early{.profile = "demo", .server = ip("192.0.2.1")};
    for (const Footprint& footprint : {full(), early}) {
        const std::string text = to_json(footprint);
        EXPECT_EQ(got(parse_footprint(text)), footprint) << text;
        EXPECT_TRUE(text.ends_with("}\n")) << text;
    }
}

TEST(HostFootprint, the_text_is_a_contract_between_versions) {
    EXPECT_EQ(got(parse_footprint(
                  R"({"schema":1,"profile":"demo","server":"192.0.2.1","server_route":"absent","gateway_route":"absent",
        "openvpn":{"pid":4711,"start_time":12,"exe":"/usr/sbin/openvpn"},"device":{"name":"tun0","index":9},
        "default_routes":[{"to":"0.0.0.0/0","device":"eth0","metric":0,"protocol":3,"scope":0,"gateway":"192.0.2.1"}]})")),
              (Footprint{.profile = "demo",
                         .openvpn_pid = 4711,
                         .openvpn_start_time = 12,
                         .openvpn_exe = "/usr/sbin/openvpn",
                         .device = "tun0",
                         .device_index = 9,
                         .server = ip("192.0.2.1"),
                         .default_routes = {
                             {.to = net("0.0.0.0/0"), .device = "eth0", .gateway = ip("192.0.2.1"), .protocol = 3}}}));
}

TEST(HostFootprint, cut_anywhere_it_is_malformed) {
    const std::string text = to_json(full());
    for (std::size_t size = 0; size + 2 < text.size(); ++size)
        EXPECT_EQ(parse_footprint(text.substr(0, size)).error().code, Errc::malformed) << size;
}

TEST(HostFootprint, refuses_what_it_would_not_have_written) {
    const std::string good = to_json(full());
    const auto with = [&](const std::string& old_text, const std::string& new_text) {
        const auto at = good.find(old_text);
        EXPECT_NE(at, std::string::npos) << old_text;
        return std::string(good).replace(at, old_text.size(), new_text);
    };
    const std::string wrong[] = {
        with(R"("schema":1)", R"("schema":2)"),
        with(R"("profile":"demo")", R"("profile":"../demo")"),
        with(R"("profile":"demo")", R"("profile":"demo","more":1)"),
        with(R"("server":"2001:db8::443")", R"("server":"nowhere")"),
        with(R"("server_route":"present")", R"("server_route":"perhaps")"),
        with(R"(,"gateway_route":"present")", ""),
        with(R"("pid":4711)", R"("pid":1)"),
        with(R"("pid":4711)", R"("pid":-1)"),
        with(R"("pid":4711)", R"("pid":4194305)"),
        with(R"("start_time":18446744073709551615)", R"("start_time":-1)"),
        with(R"(/usr/sbin/openvpn)", R"(openvpn)"),
        with(R"("name":"tun0")", R"("name":"")"),
        with(R"("name":"tun0")", R"("name":"a-name-that-is-too-long")"),
        with(R"("name":"tun0")", R"("name":"tun 0")"),
        with(R"("dns":"set")", R"("dns":"unset")"),
        with(R"("dns":"set")", R"("dns":true)"),
        with(R"("to":"0.0.0.0/0")", R"("to":"10.0.0.0/8")"),
        with(R"("to":"0.0.0.0/0")", R"("to":"::/0")"),  // with a source of the other family
        with(R"("metric":100)", R"("metric":4294967296)"),
        with(R"("protocol":16)", R"("protocol":256)"),
        with(R"("device":"eth0")", R"("device":"../eth0")"),
        with(R"("flags":["gateway-on-link")", R"("flags":["something-else")"),
        with(R"("boot_id":"5b0c)", R"("boot_id":"\n5b0c)"),
        "[]",
        "",
    };
    for (const std::string& text : wrong) EXPECT_EQ(parse_footprint(text).error().code, Errc::malformed) << text;
}

TEST(HostFootprint, has_limits) {
    EXPECT_EQ(parse_footprint(std::string(kFootprintLimit + 1, ' ')).error().code, Errc::too_large);
    Footprint footprint = full();
    footprint.default_routes.resize(kFootprintRoutes, footprint.default_routes[0]);
    EXPECT_TRUE(parse_footprint(to_json(footprint)));
    footprint.default_routes.push_back(footprint.default_routes[0]);
    EXPECT_EQ(parse_footprint(to_json(footprint)).error().code, Errc::malformed);
}

TEST(HostFootprint, the_first_record_keeps_the_default_routes_and_whether_the_server_had_one) {
    const Route by_default{.to = net("0.0.0.0/0"), .device = "eth0", .gateway = ip("192.0.2.1")};
    const Route by_default_ip6{.to = net("::/0"), .device = "eth0", .gateway = ip("fe80::1")};
    Route elsewhere = by_default;
    elsewhere.table = 77;
    const Route lan{.to = net("192.0.2.0/24"), .device = "eth0"};
    Route host{.to = net("198.51.100.1/32"), .device = "eth0", .gateway = ip("192.0.2.1")};

    Footprint before =
        footprint_before("demo", "boot", ip("198.51.100.1"), {by_default, lan, by_default_ip6, elsewhere});
    EXPECT_EQ(before, (Footprint{.profile = "demo",
                                 .boot_id = "boot",
                                 .server = ip("198.51.100.1"),
                                 .default_routes = {by_default, by_default_ip6}}));
    before = footprint_before("demo", "boot", ip("198.51.100.1"), {by_default, host});
    EXPECT_TRUE(before.had_server_route);
    host.table = 77;
    before = footprint_before("demo", "boot", ip("198.51.100.1"), {by_default, host});
    EXPECT_FALSE(before.had_server_route);
    const Route gateway{.to = net("192.0.2.1/32"), .device = "eth0", .gateway = ip("192.0.2.1")};
    EXPECT_FALSE(before.had_gateway_route);
    EXPECT_TRUE(footprint_before("demo", "", ip("198.51.100.1"), {gateway, by_default}).had_gateway_route);
    EXPECT_FALSE(footprint_before("demo", "", ip("198.51.100.1"), {gateway}).had_gateway_route);
    before = footprint_before("demo", "", ip("198.51.100.1"), std::vector<Route>(kFootprintRoutes + 1, by_default));
    EXPECT_EQ(before.default_routes.size(), kFootprintRoutes);
}
