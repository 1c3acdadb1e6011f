#include "config/endpoint_parser.hpp"

#include <gtest/gtest.h>

namespace memdb::config {
namespace {

TEST(EndpointParser, reads_what_people_type) {
    struct Row {
        std::string_view text;
        Endpoint endpoint;
    };
    const Row rows[] = {
        {"clustercfg.demo.x.memorydb.us-east-1.amazonaws.com",
         {"clustercfg.demo.x.memorydb.us-east-1.amazonaws.com", 6379}},
        {"ClusterCfg.Demo:7000", {"clustercfg.demo", 7000}},
        {"node.test.", {"node.test", 6379}},
        {"localhost:1", {"localhost", 1}},
        {"10.20.0.11", {"10.20.0.11", 6379}},
        {"10.20.0.11:65535", {"10.20.0.11", 65535}},
        {"2001:db8::1", {"2001:db8::1", 6379}},
        {"[2001:db8::1]", {"2001:db8::1", 6379}},
        {"[2001:db8::1]:6380", {"2001:db8::1", 6380}},
        {"::1", {"::1", 6379}},
        {"2001:DB8::1", {"2001:db8::1", 6379}},
        {"a_b.test", {"a_b.test", 6379}},
    };
    for (const Row& row : rows) {
        const auto endpoint = parse_endpoint(row.text, 6379);
        ASSERT_TRUE(endpoint) << row.text << ": " << endpoint.error().message;
        EXPECT_EQ(*endpoint, row.endpoint) << row.text;
    }
}

TEST(EndpointParser, refuses_the_rest_in_one_line) {
    using std::string_literals::operator""s;
    const std::string rows[] = {"",
                                ":",
                                ":6379",
                                "host:",
                                "host:0",
                                "host:65536",
                                "host:6379x",
                                "host:+1",
                                "host: 1",
                                "a b",
                                "a/b",
                                "-a",
                                "a-",
                                "a..b",
                                ".a",
                                "300.1.1.1",
                                "1.2.3",
                                "1",
                                "[::1",
                                "[::1]x",
                                "[host]:1",
                                "[]:1",
                                "::1:port",
                                "a:b:c",
                                "fe80::1%eth0",
                                "redis://host:6379",
                                "h\xC3\xB6st",
                                "host\n",
                                "ho\0st"s,
                                std::string(64, 'a'),
                                std::string(300, 'a'),
                                "*.host"};
    for (const std::string& text : rows) {
        const auto endpoint = parse_endpoint(text, 6379);
        ASSERT_FALSE(endpoint) << text;
        EXPECT_EQ(endpoint.error().code, Errc::bad_input);
        EXPECT_EQ(endpoint.error().message.find('\n'), std::string::npos);
        EXPECT_LT(endpoint.error().message.size(), 160u);
    }
}

TEST(EndpointParser, writes_brackets_round_ipv6) {
    EXPECT_EQ(endpoint_text("host.test", 6379), "host.test:6379");
    EXPECT_EQ(endpoint_text("192.0.2.1", 443), "192.0.2.1:443");
    EXPECT_EQ(endpoint_text("2001:db8::1", 443), "[2001:db8::1]:443");
}

TEST(EndpointParser, a_profile_name_is_safe_as_a_folder_and_a_socket) {
    for (const std::string_view good : {"demo", "a", "0", "prod-eu_1.x", "abcdefghijklmnopqrstuvwxyz012345"}) {
        EXPECT_TRUE(check_profile_name(good)) << good;
    }
    for (const std::string_view bad : {"", ".", "..", ".new", "-a", "_a", "a/b", "a..b", "A", "a b", "a\n", "\xC3\xA4",
                                       "abcdefghijklmnopqrstuvwxyz0123456", "../x", "a\\b"}) {
        EXPECT_FALSE(check_profile_name(bad)) << bad;
    }
}

TEST(EndpointParser, a_user_name_needs_no_escaping) {
    for (const std::string_view good : {"default", "memdb-check", "a@b"}) EXPECT_TRUE(check_user(good)) << good;
    for (const std::string_view bad : {"", "a b", "a\"", "a\\", "a'", "a\n", "\xC3\xA4"})
        EXPECT_FALSE(check_user(bad)) << bad;
    EXPECT_FALSE(check_user(std::string(129, 'a')));
}

}  // namespace
}  // namespace memdb::config
