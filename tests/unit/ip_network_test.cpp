#include "base/ip_network.hpp"

#include <gtest/gtest.h>

using namespace memdb;

TEST(IpNetwork, AddressesAreReadAndWrittenInOneForm) {
    for (const char* text : {"10.20.1.1", "0.0.0.0", "255.255.255.255", "fd00:20::1:1", "::", "::1"}) {
        const auto address = parse_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_string(*address), text);
    }
    EXPECT_EQ(to_string(*parse_address("FD00:0:0::0001")), "fd00::1");
    const std::string with_nul("10.0.0.1\0", 9);
    for (const std::string& text :
         {std::string(), std::string("10.20.1"), std::string("10.20.1.256"), std::string("[::1]"),
          std::string("fe80::1%eth0"), std::string("10.0.0.1/8"), std::string("name"), with_nul})
        EXPECT_FALSE(parse_address(text)) << text;
}

TEST(IpNetwork, WhatLiesBehindThePrefixIsCleared) {
    EXPECT_EQ(to_string(*parse_network("10.20.1.1/16")), "10.20.0.0/16");
    EXPECT_EQ(to_string(*parse_network("10.20.255.1/20")), "10.20.240.0/20");
    EXPECT_EQ(to_string(*parse_network("10.20.1.1")), "10.20.1.1/32");
    EXPECT_EQ(to_string(*parse_network("fd00:20:ffff::1/33")), "fd00:20:8000::/33");
    EXPECT_EQ(to_string(*parse_network("0.0.0.0/0")), "0.0.0.0/0");
    for (const char* text : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "/8"})
        EXPECT_FALSE(parse_network(text)) << text;
}

TEST(IpNetwork, NetmasksBecomePrefixes) {
    for (unsigned prefix = 0; prefix <= 32; ++prefix) {
        IpAddress ones;
        ones.bytes.fill(0xff);
        EXPECT_EQ(prefix_of_mask(network_of(ones, prefix).address), prefix);
    }
    EXPECT_EQ(prefix_of_mask(*parse_address("255.255.0.0")), 16U);
    EXPECT_FALSE(prefix_of_mask(*parse_address("255.0.255.0")));
    EXPECT_FALSE(prefix_of_mask(*parse_address("0.0.0.255")));
}

TEST(IpNetwork, ContainsAndOverlaps) {
    const IpNetwork vpc = *parse_network("10.20.0.0/16");
    EXPECT_TRUE(contains(vpc, *parse_address("10.20.255.255")));
    EXPECT_FALSE(contains(vpc, *parse_address("10.21.0.0")));
    EXPECT_FALSE(contains(vpc, *parse_address("::")));
    EXPECT_TRUE(contains(*parse_network("0.0.0.0/0"), *parse_address("1.2.3.4")));
    struct Row {
        const char *a, *b;
        bool overlap;
    };
    for (const Row& row : {Row{"10.20.0.0/16", "10.20.1.0/24", true}, Row{"10.20.0.0/16", "10.21.0.0/16", false},
                           Row{"10.0.0.0/8", "10.20.0.0/16", true}, Row{"0.0.0.0/0", "10.20.0.0/16", true},
                           Row{"fd00:20::/64", "fd00:20::1:1/128", true}, Row{"0.0.0.0/0", "::/0", false}}) {
        EXPECT_EQ(overlaps(*parse_network(row.a), *parse_network(row.b)), row.overlap) << row.a << " " << row.b;
        EXPECT_EQ(overlaps(*parse_network(row.b), *parse_network(row.a)), row.overlap) << row.b << " " << row.a;
    }
}

TEST(IpNetwork, RawBytesAndSpecialAddresses) {
    const std::array<std::uint8_t, 4> four{10, 0, 0, 1};
    EXPECT_EQ(address_of_bytes(four), parse_address("10.0.0.1"));
    EXPECT_FALSE(address_of_bytes(std::span(four).first(3)));
    for (const char* text : {"127.0.0.1", "169.254.7.7", "::1", "fe80::1", "febf::1"})
        EXPECT_TRUE(is_loopback_or_link_local(*parse_address(text))) << text;
    for (const char* text : {"10.0.0.1", "128.0.0.1", "169.253.0.1", "::2", "fec0::1"})
        EXPECT_FALSE(is_loopback_or_link_local(*parse_address(text))) << text;
}
