#include "app/dns_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::app {
namespace {

using config::DnsDomains;
using config::DnsSettings;
using testing::ElementsAre;

const std::string kCluster = "clustercfg.demo.abc123.memorydb.eu-west-1.amazonaws.com";

tunnel::PushedOptions pushed() {
    tunnel::PushedOptions options;
    options.dns = {{*parse_address("10.20.0.2")}};
    options.domains = {{"corp.example", true}, {"route.example", false}};
    return options;
}

bool everywhere(const IpAddress&) { return true; }

std::string told(const tunnel::PushedOptions& options, const std::vector<std::string>& hosts = {kCluster},
                 const DnsSettings& settings = {}) {
    const DnsPlan plan = plan_dns(options, hosts, settings, everywhere);
    return plan.dns ? to_string(*plan.dns) + (plan.dns->default_route ? ", default" : "") : "nothing";
}

TEST(DnsPolicy, a_suffix_is_what_a_cluster_and_its_nodes_share_and_no_more) {
    struct Row {
        const char *host, *suffix;
    };
    for (const Row& row : {
             Row{"clustercfg.demo.abc123.memorydb.eu-west-1.amazonaws.com",
                 "demo.abc123.memorydb.eu-west-1.amazonaws.com"},
             Row{"demo-0001-001.demo.abc123.memorydb.eu-west-1.amazonaws.com",
                 "demo.abc123.memorydb.eu-west-1.amazonaws.com"},
             Row{"clustercfg.demo.abc123.memorydb.cn-north-1.amazonaws.com.cn",
                 "demo.abc123.memorydb.cn-north-1.amazonaws.com.cn"},
             Row{"clustercfg.demo.lab.memorydb.test", "demo.lab.memorydb.test"},
             Row{"clustercfg.a.b.c", "a.b.c"},
             Row{"clustercfg.example.com", "clustercfg.example.com"},
             Row{"clustercfg.com", "clustercfg.com"},
             Row{"redis.prod.example.com", "redis.prod.example.com"},
             Row{"redis", "redis"},
             Row{"10.20.1.1", ""},
             Row{"fd00::1", ""},
         })
        EXPECT_EQ(cluster_suffix(row.host), row.suffix) << row.host;
}

TEST(DnsPolicy, by_default_only_the_clusters_names_go_to_the_vpc) {
    EXPECT_EQ(told(pushed()), "10.20.0.2 for ~demo.abc123.memorydb.eu-west-1.amazonaws.com");
    EXPECT_EQ(told(pushed(), {"clustercfg.a.lab.memorydb.test", "clustercfg.b.lab.memorydb.test", "10.1.1.1"}),
              "10.20.0.2 for ~a.lab.memorydb.test, ~b.lab.memorydb.test");
}

TEST(DnsPolicy, settings_choose_more) {
    DnsSettings settings;
    settings.more = {"internal.example"};
    EXPECT_EQ(told(pushed(), {"clustercfg.a.lab.memorydb.test"}, settings),
              "10.20.0.2 for ~a.lab.memorydb.test, ~internal.example");
    settings.domains = DnsDomains::pushed;
    EXPECT_EQ(told(pushed(), {"clustercfg.a.lab.memorydb.test"}, settings),
              "10.20.0.2 for ~a.lab.memorydb.test, ~internal.example, corp.example, ~route.example");
    settings.more = {"corp.example"};
    EXPECT_EQ(told(pushed(), {}, settings), "10.20.0.2 for corp.example, ~route.example")
        << "each once; search says more";
    settings = {};
    settings.domains = DnsDomains::all;
    EXPECT_EQ(told(pushed(), {"10.1.1.1"}, settings), "10.20.0.2 for ~., corp.example, ~route.example, default");
}

TEST(DnsPolicy, a_pushed_root_is_every_name_and_completes_none) {
    tunnel::PushedOptions options = pushed();
    options.domains = {{".", true}};
    EXPECT_EQ(told(options, {}), "nothing") << "only asked for with domains = pushed";
    DnsSettings settings;
    settings.domains = DnsDomains::pushed;
    EXPECT_EQ(told(options, {}, settings), "10.20.0.2 for ~., default");
}

TEST(DnsPolicy, a_full_tunnel_takes_every_name) {
    tunnel::PushedOptions options = pushed();
    options.redirect_gateway = true;
    options.redirect_flags = "def1";
    EXPECT_EQ(told(options, {"clustercfg.a.lab.memorydb.test"}), "10.20.0.2 for ~., ~a.lab.memorydb.test, default");
    options.redirect_gateway = false;  // redirect-private
    EXPECT_EQ(told(options, {"clustercfg.a.lab.memorydb.test"}), "10.20.0.2 for ~a.lab.memorydb.test");
    options.redirect_gateway = true;
    options.redirect_flags = "!ipv4";
    EXPECT_EQ(told(options, {"clustercfg.a.lab.memorydb.test"}), "10.20.0.2 for ~a.lab.memorydb.test");
}

TEST(DnsPolicy, servers_that_nobody_could_ask_through_the_tunnel_are_left_out) {
    tunnel::PushedOptions options;
    for (const char* text : {"127.0.0.53", "0.0.0.0", "224.0.0.251", "255.255.255.255", "::", "::1", "ff02::fb",
                             "fe80::1", "169.254.169.253", "10.20.0.2", "10.20.0.2", "8.8.8.8", "fd00::2"})
        options.dns.push_back({*parse_address(text)});
    options.dns.push_back({*parse_address("10.20.0.2"), 5353});
    const auto in_vpc = [](const IpAddress& address) { return address != *parse_address("8.8.8.8"); };
    const DnsPlan plan = plan_dns(options, {"clustercfg.a.lab.memorydb.test"}, {}, in_vpc);
    ASSERT_TRUE(plan.dns);
    std::vector<std::string> servers;
    for (const DnsServer& server : plan.dns->servers) servers.push_back(to_string(server));
    EXPECT_THAT(servers, ElementsAre("10.20.0.2", "fd00::2", "10.20.0.2:5353"));
}

TEST(DnsPolicy, says_why_nothing_is_told) {
    DnsSettings off;
    off.apply = false;
    EXPECT_EQ(plan_dns(pushed(), {kCluster}, off, everywhere), (DnsPlan{std::nullopt, DnsStanding::off}));
    EXPECT_EQ(plan_dns({}, {kCluster}, {}, everywhere), (DnsPlan{std::nullopt, DnsStanding::no_server}));
    EXPECT_EQ(plan_dns(pushed(), {kCluster}, {}, [](const IpAddress&) { return false; }),
              (DnsPlan{std::nullopt, DnsStanding::no_server}));
    EXPECT_EQ(plan_dns(pushed(), {"10.1.1.1"}, {}, everywhere), (DnsPlan{std::nullopt, DnsStanding::no_name}));
}

TEST(DnsPolicy, each_case_has_its_own_way_on) {
    std::vector<std::string> ways;
    for (const auto standing : {DnsStanding::off, DnsStanding::no_server, DnsStanding::applied, DnsStanding::absent,
                                DnsStanding::denied, DnsStanding::managed, DnsStanding::failed}) {
        const DnsAdvice advice = dns_advice(standing, "tun0");
        EXPECT_FALSE(advice.evidence.empty());
        EXPECT_THAT(ways, testing::Not(testing::Contains(advice.advice)));
        ways.push_back(advice.advice);
    }
    EXPECT_THAT(dns_advice(DnsStanding::absent, "tun0").advice, testing::HasSubstr("apt install systemd-resolved"));
    EXPECT_THAT(dns_advice(DnsStanding::denied, "tun0").advice, testing::HasSubstr("50-memdbd.rules"));
    EXPECT_EQ(dns_advice(DnsStanding::idle, "tun0"), DnsAdvice{});
    EXPECT_EQ(dns_advice(DnsStanding::pending, "tun0"), DnsAdvice{});
    EXPECT_EQ(dns_advice(DnsStanding::no_name, "tun0").advice, "") << "nothing that a person could do";
}

TEST(DnsPolicy, trouble_is_what_was_to_be_told_and_was_not) {
    using enum DnsStanding;
    for (const auto standing : {absent, denied, failed})
        EXPECT_EQ(dns_trouble(standing), dns_advice(standing, "tun0").evidence);
    EXPECT_EQ(dns_trouble(managed), "systemd-networkd manages the device");
    for (const auto standing : {idle, off, no_server, no_name, pending, applied}) EXPECT_EQ(dns_trouble(standing), "");
}

}  // namespace
}  // namespace memdb::app
