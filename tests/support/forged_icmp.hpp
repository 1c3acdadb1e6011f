// ICMP as a router, or whoever forges it, would send it. Header only.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace memdb::tests {

/// ICMP "communication administratively prohibited", as if a router had refused the packet from `client` to `server`,
/// two ports of loopback. @param raw  a raw ICMP socket
inline void forge_prohibition(int raw, std::uint16_t client, std::uint16_t server) {
    struct {
        icmphdr icmp{};
        iphdr refused{};
        udphdr datagram{};
    } forged;
    static_assert(sizeof forged == 36);
    forged.icmp.type = ICMP_DEST_UNREACH;
    forged.icmp.code = ICMP_PKT_FILTERED;
    forged.refused.version = 4;
    forged.refused.ihl = 5;
    forged.refused.protocol = IPPROTO_UDP;
    forged.refused.saddr = forged.refused.daddr = htonl(INADDR_LOOPBACK);
    forged.datagram.source = htons(client);
    forged.datagram.dest = htons(server);
    std::array<std::uint16_t, sizeof forged / 2> words{};
    std::memcpy(words.data(), &forged, sizeof forged);
    std::uint32_t sum = 0;
    for (const std::uint16_t word : words) sum += word;
    while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16U);
    forged.icmp.checksum = static_cast<std::uint16_t>(~sum);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::sendto(raw, &forged, sizeof forged, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to), 36);
}

}  // namespace memdb::tests
