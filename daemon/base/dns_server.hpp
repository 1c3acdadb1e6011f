// A DNS server as a plain value: what a VPN server pushes, and systemd-resolved is told. Pure.
#pragma once

#include "base/ip_network.hpp"

#include <cstdint>
#include <string>

namespace memdb {

struct DnsServer {
    static constexpr std::uint16_t kPort = 53;

    IpAddress address;
    std::uint16_t port = kPort;
    bool operator==(const DnsServer&) const = default;
};

/// "10.20.0.2", "fd00::2"; with another port than 53 "10.20.0.2:5353", "[fd00::2]:5353".
[[nodiscard]] std::string to_string(const DnsServer& server);

}  // namespace memdb
