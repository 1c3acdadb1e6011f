#include "tunnel/push_reply_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

using namespace memdb;
using namespace memdb::tunnel;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

/// The log lines that are in a file of the fuzzer's corpus.
std::vector<std::string> recorded(const std::string& name) {
    std::ifstream in(MEMDB_SOURCE_DIR "/tests/fuzz/corpus/push_reply_parser_fuzz/" + name);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::string log_line(const std::string& options) {
    return "PUSH: Received control message: 'PUSH_REPLY" + (options.empty() ? "" : "," + options) + "'";
}

PushedOptions options_of(const std::string& options) {
    PushReplyParser parser;
    const auto pushed = parser.feed(log_line(options));
    EXPECT_TRUE(pushed) << options;
    return pushed.value_or(PushedOptions{});
}

std::vector<std::string> texts(const auto& values) {
    std::vector<std::string> texts;
    for (const auto& value : values) texts.push_back(to_string(value));
    return texts;
}

std::vector<std::string> routes_of(const std::string& options) { return texts(options_of(options).routes); }
std::vector<std::string> dns_of(const std::string& options) { return texts(options_of(options).dns); }

TEST(PushReplyParser, reads_what_a_real_server_pushed) {
    PushReplyParser parser;
    PushedOptions expected;
    expected.routes = {*parse_network("10.20.0.0/16"), *parse_network("fd00:20::/64")};
    expected.dns = {{*parse_address("10.20.0.2")}};
    expected.ping = 1s;
    expected.ping_restart = 20s;
    expected.tun_mtu = 1500;
    EXPECT_EQ(parser.feed(recorded("recorded_split_tunnel").at(0)), expected);
}

TEST(PushReplyParser, waits_for_the_last_of_three_real_messages) {
    PushReplyParser parser;
    const auto lines = recorded("recorded_three_messages");
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_FALSE(parser.feed(lines[0]));
    EXPECT_FALSE(parser.feed("OPTIONS IMPORT: route options modified"));
    EXPECT_FALSE(parser.feed(lines[1]));
    const auto pushed = parser.feed(lines[2]);
    ASSERT_TRUE(pushed);
    ASSERT_EQ(pushed->routes.size(), 64U);
    EXPECT_EQ(to_string(pushed->routes[2]), "192.0.2.9/32");
    EXPECT_EQ(to_string(pushed->routes[3]), "203.0.113.0/24") << "198.51.100.0 goes past the tunnel";
    EXPECT_EQ(to_string(pushed->routes[4]), "10.30.1.0/24");
    EXPECT_EQ(to_string(pushed->routes[63]), "10.30.60.0/24");
    EXPECT_THAT(texts(pushed->dns), ElementsAre("10.20.0.3", "fd00:20::3"));
    EXPECT_THAT(pushed->domains, ElementsAre(PushedDomain{"corp.example", true}, PushedDomain{"a.example", true},
                                             PushedDomain{"lab.test", true}));
    EXPECT_TRUE(pushed->redirect_gateway);
    EXPECT_EQ(pushed->redirect_flags, "def1 bypass-dhcp block-local");
    EXPECT_EQ(pushed->ping_restart, 20s);
    EXPECT_EQ(pushed->tun_mtu, 1500U) << "the later one holds";
    EXPECT_FALSE(pushed->cut);
}

TEST(PushReplyParser, each_reply_starts_from_nothing) {
    PushReplyParser parser;
    const auto lines = recorded("recorded_three_messages");
    const auto split_tunnel = recorded("recorded_split_tunnel").at(0);
    const auto first = parser.feed(split_tunnel);
    EXPECT_EQ(parser.feed(split_tunnel), first);
    EXPECT_FALSE(parser.feed(lines[0]));  // never finished
    parser.reset();
    EXPECT_EQ(parser.feed(split_tunnel), first);
}

TEST(PushReplyParser, ignores_every_other_line) {
    PushReplyParser parser;
    for (const char* line : {"", "PUSH", "SENT CONTROL [server]: 'PUSH_REQUEST' (status=1)",
                             "VERIFY OK: CN=PUSH: Received control message: 'PUSH_REPLY,route 10.0.0.0'",
                             "PUSH: Received control message: 'PUSH_UPDATE,route 10.0.0.0'",
                             "PUSH: Received control message: 'PUSH_REPLYX,route 10.0.0.0'"})
        EXPECT_FALSE(parser.feed(line)) << line;
    EXPECT_EQ(parser.feed(log_line("")), PushedOptions{});
}

TEST(PushReplyParser, reads_routes) {
    EXPECT_THAT(routes_of("route 10.20.0.0 255.255.0.0,route 10.21.0.7"), ElementsAre("10.20.0.0/16", "10.21.0.7/32"));
    EXPECT_THAT(routes_of("route 10.20.0.0 255.255.0.0,route 10.20.0.0 255.255.0.0"), ElementsAre("10.20.0.0/16"));
    EXPECT_THAT(routes_of("route 10.20.3.4 255.255.0.0 vpn_gateway 100,route 10.21.0.7 default default"),
                ElementsAre("10.20.0.0/16", "10.21.0.7/32"));
    EXPECT_THAT(routes_of("route 10.20.0.0 255.255.0.0 10.8.0.1,route 0.0.0.0 0.0.0.0"),
                ElementsAre("10.20.0.0/16", "0.0.0.0/0"));
    EXPECT_THAT(routes_of("route-ipv6 fd00:20::/64,route-ipv6 2000::/3 fd00::1 5,route-ipv6 fd00::7"),
                ElementsAre("fd00:20::/64", "2000::/3", "fd00::7/128"));
}

TEST(PushReplyParser, leaves_out_routes_past_the_tunnel_and_malformed_ones) {
    for (const char* option :
         {"route 192.0.2.0 255.255.255.0 net_gateway", "route 192.0.2.9 255.255.255.255 net_gateway 5",
          "route 192.0.2.9 default remote_host", "route remote_host 255.255.255.255 net_gateway",
          "route-ipv6 fd00::/64 net_gateway_ipv6", "route", "route x", "route 10.0.0.0 255.0.255.0",
          "route 10.0.0.0 255.255.0", "route 10.0.0.0/8", "route fd00::1", "route 10.0.0.0 255.0.0.0 gateway.example",
          "route-ipv6 10.0.0.0/8", "route-ipv6 fd00::/129", "route-ipv6 fd00::/-1", "route-ipv6"}) {
        EXPECT_THAT(routes_of(option), IsEmpty()) << option;
        EXPECT_THAT(routes_of(std::string(option) + ",route 10.1.1.1"), ElementsAre("10.1.1.1/32")) << option;
    }
}

TEST(PushReplyParser, reads_dns_of_both_kinds) {
    EXPECT_THAT(dns_of("dhcp-option DNS 10.20.0.2,dhcp-option DNS6 fd00::2,dhcp-option DNS fd00::3"),
                ElementsAre("10.20.0.2", "fd00::2", "fd00::3"));
    EXPECT_THAT(dns_of("dns server 1 address 10.20.0.3,dhcp-option DNS 10.20.0.2"), ElementsAre("10.20.0.3"));
    EXPECT_THAT(dns_of("dns server 1 address [fd00::2]:53 10.0.0.1:5353 [fd00::3] [fd00::4]:54 fd00::5"),
                ElementsAre("fd00::2", "10.0.0.1:5353", "fd00::3", "[fd00::4]:54", "fd00::5"));
    for (const char* option :
         {"dhcp-option DNS", "dhcp-option DNS x", "dhcp-option DNS6 10.0.0.1", "dhcp-option NTP 10.0.0.1",
          "dns server 1 address 10.0.0.1:", "dns server 1 address 10.0.0.1:0", "dns server 1 address 10.0.0.1:65536",
          "dns server x address 10.0.0.1", "dns server 1 address [10.0.0.1]:53", "dns server 1 address [fd00::1]x:53",
          "dns server 1 address [fd00::1", "dns server 1 address []:53 :53 [", "dns server 1", "dns"})
        EXPECT_THAT(dns_of(option), IsEmpty()) << option;
}

TEST(PushReplyParser, one_server_counts_with_its_own_domains_the_first_by_priority_that_can_be_used) {
    const std::string servers =
        "dns server 2 address 10.20.0.3,dns server 2 resolve-domains b.test,"
        "dns server -1 address fd00::2,dns server -1 resolve-domains a.test x.test";
    EXPECT_THAT(dns_of(servers), ElementsAre("fd00::2"));
    EXPECT_THAT(options_of(servers).domains, ElementsAre(PushedDomain{"a.test", false}, PushedDomain{"x.test", false}));
    const std::string encrypted = servers + ",dns server -1 transport DoT";
    EXPECT_THAT(dns_of(encrypted), ElementsAre("10.20.0.3"));
    EXPECT_THAT(options_of(encrypted).domains, ElementsAre(PushedDomain{"b.test", false}));
    EXPECT_THAT(dns_of(servers + ",dns server -1 transport plain"), ElementsAre("fd00::2"));
    EXPECT_THAT(dns_of("dns server 1 resolve-domains a.test,dns server 2 address 10.20.0.3"), ElementsAre("10.20.0.3"));
    EXPECT_THAT(dns_of("dns server 1 address 10.0.0.1,dns server 1 transport DoH,dhcp-option DNS 10.20.0.2"),
                ElementsAre("10.20.0.2"));
}

TEST(PushReplyParser, reads_domains) {
    EXPECT_THAT(options_of("dhcp-option DOMAIN a.test,dhcp-option DOMAIN-SEARCH b.test,dhcp-option DOMAIN-ROUTE a.test,"
                           "dhcp-option DOMAIN-ROUTE c.test.,dhcp-option DOMAIN-ROUTE d.test,dns search-domains d.test,"
                           "dhcp-option DOMAIN-ROUTE .")
                    .domains,
                ElementsAre(PushedDomain{"a.test", true}, PushedDomain{"b.test", true}, PushedDomain{"c.test", false},
                            PushedDomain{"d.test", true}, PushedDomain{".", false}));
    for (const std::string& wrong : {std::string("a/b"), std::string(64, 'a') + ".test", std::string("a..b"),
                                     std::string(".a"), std::string(".."), std::string("a.test..")})
        EXPECT_THAT(options_of("dhcp-option DOMAIN " + wrong).domains, IsEmpty()) << wrong;
    const std::string label(63, 'a');
    EXPECT_EQ(
        options_of("dns search-domains " + label + "." + label + "." + label + "." + label.substr(2)).domains.size(),
        1U);
    EXPECT_THAT(options_of("dns search-domains " + label + "." + label + "." + label + "." + label).domains, IsEmpty());
}

TEST(PushReplyParser, reads_timers_and_mtu) {
    EXPECT_EQ(options_of("ping 10,ping-restart 120").ping, 10s);
    EXPECT_EQ(options_of("ping 10,ping-restart 120").ping_restart, 120s);
    EXPECT_EQ(options_of("ping 10,ping 0").ping, std::nullopt);
    EXPECT_EQ(options_of("ping 10,ping x,ping -1,ping 1s,ping 99999999999999").ping, 10s);
    EXPECT_EQ(options_of("ping-restart 4294967295").ping_restart, 4294967295s);
    EXPECT_EQ(options_of("tun-mtu 1420").tun_mtu, 1420U);
    EXPECT_EQ(options_of("tun-mtu 1420,tun-mtu 67,tun-mtu 65536,tun-mtu").tun_mtu, 1420U);
}

TEST(PushReplyParser, reads_redirects) {
    const auto aws = options_of("redirect-gateway def1 bypass-dhcp");
    EXPECT_TRUE(aws.redirect_gateway);
    EXPECT_EQ(aws.redirect_flags, "def1 bypass-dhcp");
    EXPECT_TRUE(options_of("redirect-gateway").redirect_gateway);
    EXPECT_EQ(options_of("redirect-gateway block-local").redirect_flags, "block-local");
    const auto own_routes = options_of("redirect-private def1 def1 !ipv4 NONSENSE");
    EXPECT_FALSE(own_routes.redirect_gateway);
    EXPECT_EQ(own_routes.redirect_flags, "def1 !ipv4");
    EXPECT_EQ(options_of("redirect-gateway " + std::string(200, 'a')).redirect_flags, "");
}

TEST(PushReplyParser, an_option_that_was_cut_is_not_believed) {
    const std::string line =
        log_line("route 10.20.0.0 255.255.0.0,route-ipv6 fd00:20::/64,ping 10,dhcp-option DNS 10.20.0.25");
    PushReplyParser whole_parser;
    const PushedOptions whole = whole_parser.feed(line).value();
    for (std::size_t size = 0; size < line.size(); ++size) {
        PushReplyParser parser;
        const auto pushed = parser.feed(line.substr(0, size));
        if (!pushed) continue;
        EXPECT_TRUE(pushed->cut) << size;
        EXPECT_THAT(pushed->routes.size(), testing::Le(2U));
        for (std::size_t i = 0; i < pushed->routes.size(); ++i) EXPECT_EQ(pushed->routes[i], whole.routes[i]) << size;
        EXPECT_EQ(pushed->ping.value_or(10s), 10s) << size;
        EXPECT_THAT(pushed->dns, IsEmpty()) << size;
    }
    PushReplyParser parser;
    const auto cleaned_and_cut = parser.feed(line.substr(0, 80) + "…");
    ASSERT_TRUE(cleaned_and_cut);
    EXPECT_TRUE(cleaned_and_cut->cut);
    EXPECT_THAT(texts(cleaned_and_cut->routes), ElementsAre("10.20.0.0/16"));
}

TEST(PushReplyParser, has_limits) {
    std::string routes, dns, servers, domains;
    for (int i = 0; i < 600; ++i) {
        const std::string number = std::to_string(i / 250) + "." + std::to_string(i % 250);
        routes += ",route 10.1." + number;
        dns += ",dhcp-option DNS 10.1." + number;
        servers += ",dns server 1 address 10.1." + number;
        domains += ",dhcp-option DOMAIN a" + std::to_string(i);
    }
    EXPECT_EQ(options_of(routes).routes.size(), PushReplyParser::kRouteLimit);
    EXPECT_TRUE(options_of(routes).cut);
    EXPECT_EQ(options_of(dns).dns.size(), PushReplyParser::kDnsLimit);
    EXPECT_EQ(options_of(servers).dns.size(), PushReplyParser::kDnsLimit);
    EXPECT_EQ(options_of(domains).domains.size(), PushReplyParser::kDomainLimit);
    std::string many;
    for (int i = 0; i < 600; ++i) many += ",dns server " + std::to_string(i) + " resolve-domains a.test";
    EXPECT_THAT(dns_of(many + ",dns server 700 address 10.0.0.1"), IsEmpty());
    EXPECT_TRUE(options_of(many).cut);
}

TEST(PushReplyParser, a_reply_without_an_end_is_ended) {
    PushReplyParser parser;
    for (std::size_t i = 1; i < PushReplyParser::kMessageLimit; ++i)
        ASSERT_FALSE(parser.feed(log_line("route 10.0.0." + std::to_string(i) + ",push-continuation 2")));
    const auto pushed = parser.feed(log_line("push-continuation 2"));
    ASSERT_TRUE(pushed);
    EXPECT_TRUE(pushed->cut);
    EXPECT_EQ(pushed->routes.size(), PushReplyParser::kMessageLimit - 1);
    EXPECT_EQ(parser.feed(log_line("push-continuation 1")), PushedOptions{});
}

TEST(PushReplyParser, redirect_gateway_takes_ipv4_by_itself_and_ipv6_only_by_flag) {
    struct Row {
        bool redirect;
        const char* flags;
        bool v4, v6;
    };
    for (const Row& row : {Row{false, "", false, false}, Row{false, "ipv6", false, false}, Row{true, "", true, false},
                           Row{true, "def1 bypass-dhcp", true, false}, Row{true, "def1 ipv6", true, true},
                           Row{true, "ipv6 !ipv4", false, true}, Row{true, "block-local", true, false}}) {
        PushedOptions pushed;
        pushed.redirect_gateway = row.redirect;
        pushed.redirect_flags = row.flags;
        EXPECT_EQ(captures_default(pushed, false), row.v4) << row.flags;
        EXPECT_EQ(captures_default(pushed, true), row.v6) << row.flags;
    }
}

}  // namespace
