#include "app/overlap_policy.hpp"

#include <gtest/gtest.h>

namespace memdb::app {
namespace {

Claim claim(std::string profile, const std::vector<const char*>& ranges) {
    Claim out{std::move(profile), {}};
    for (const char* range : ranges) out.ranges.push_back(parse_network(range).value());
    return out;
}

/// "b: 10.20.0.0/16", or empty.
std::string found(const Claim& ours, const std::vector<Claim>& others) {
    const auto overlap = find_overlap(ours, others);
    return overlap ? overlap->profile + ": " + to_string(overlap->range) : "";
}

TEST(OverlapPolicy, names_the_other_profile_and_the_smaller_range) {
    const Claim ours = claim("a", {"10.20.0.0/16", "fd00:20::/32"});
    EXPECT_EQ(found(ours, {claim("b", {"10.20.0.0/16"})}), "b: 10.20.0.0/16");
    EXPECT_EQ(found(ours, {claim("b", {"10.20.7.0/24"})}), "b: 10.20.7.0/24");
    EXPECT_EQ(found(ours, {claim("b", {"10.0.0.0/8"})}), "b: 10.20.0.0/16");
    EXPECT_EQ(found(ours, {claim("b", {"192.168.0.0/16", "fd00:20:1::/48"})}), "b: fd00:20:1::/48");
    EXPECT_EQ(found(ours, {claim("b", {"0.0.0.0/0"})}), "b: 10.20.0.0/16");
}

TEST(OverlapPolicy, finds_nothing_between_neighbours_families_and_the_unknown) {
    const Claim ours = claim("a", {"10.20.0.0/16"});
    EXPECT_EQ(found(ours, {}), "");
    EXPECT_EQ(found(ours, {claim("b", {})}), "") << "not known before the first connection";
    EXPECT_EQ(found(claim("a", {}), {claim("b", {"10.20.0.0/16"})}), "");
    EXPECT_EQ(found(ours, {claim("b", {"10.21.0.0/16", "10.19.0.0/16"})}), "");
    EXPECT_EQ(found(ours, {claim("b", {"::/0"})}), "");
}

TEST(OverlapPolicy, passes_itself_over_and_takes_the_first_of_several) {
    const Claim ours = claim("a", {"10.20.0.0/16"});
    EXPECT_EQ(found(ours, {ours}), "");
    EXPECT_EQ(
        found(ours, {ours, claim("b", {"10.30.0.0/16"}), claim("c", {"10.20.1.0/24"}), claim("d", {"10.20.0.0/16"})}),
        "c: 10.20.1.0/24");
}

TEST(OverlapPolicy, sees_the_same_from_both_sides) {
    const char* const ranges[] = {"10.20.0.0/16", "10.20.1.0/24", "10.0.0.0/8",
                                  "10.21.0.0/16", "0.0.0.0/0",    "fd00::/8"};
    for (const char* one : ranges)
        for (const char* other : ranges) {
            const auto there = find_overlap(claim("a", {one}), std::vector{claim("b", {other})});
            const auto back = find_overlap(claim("b", {other}), std::vector{claim("a", {one})});
            ASSERT_EQ(there.has_value(), back.has_value()) << one << " " << other;
            if (there) {
                EXPECT_EQ(there->range, back->range) << one << " " << other;
            }
        }
}

TEST(OverlapPolicy, names_networks_of_the_host_that_take_packets_away_from_the_tunnel) {
    const auto local = [](std::string device, const char* address, const char* network) {
        return host::LocalNetwork{std::move(device), parse_address(address).value(), parse_network(network).value()};
    };
    const std::vector<host::LocalNetwork> networks = {
        local("docker0", "10.20.1.250", "10.20.1.0/24"), local("eth0", "192.0.2.2", "192.0.2.0/24"),
        local("corp", "10.1.1.1", "10.0.0.0/8"),  // wider than the VPC: the pushed route wins against it
        local("same", "10.20.9.9", "10.20.0.0/16"), local("tun0", "10.20.7.2", "10.20.7.0/24")};
    const std::vector<IpNetwork> vpc = {parse_network("10.20.0.0/16").value(), parse_network("fd00:20::/64").value()};
    EXPECT_EQ(networks_within(vpc, networks, "tun0"),
              (std::vector<std::string>{"10.20.1.0/24 dev docker0", "10.20.0.0/16 dev same"}));
    EXPECT_TRUE(networks_within({}, networks, "tun0").empty()) << "nothing is known yet";
}

}  // namespace
}  // namespace memdb::app
