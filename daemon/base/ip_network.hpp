// IP addresses and prefixes as plain values: what routes, pushed options and names are compared by. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace memdb {

/// An IPv4 or IPv6 address, network byte order; of IPv4 only the first four bytes are used.
struct IpAddress {
    bool is_v6 = false;
    std::array<std::uint8_t, 16> bytes{};

    [[nodiscard]] unsigned bits() const noexcept { return is_v6 ? 128 : 32; }
    // NOLINTNEXTLINE(modernize-use-nullptr): a false alarm of clang-tidy 14
    auto operator<=>(const IpAddress&) const = default;
};

/// `address` with every bit behind `prefix` zero.
struct IpNetwork {
    IpAddress address;
    unsigned prefix = 0;  ///< 0 … 32 or 128
    // NOLINTNEXTLINE(modernize-use-nullptr): the same
    auto operator<=>(const IpNetwork&) const = default;
};

/// "10.20.1.1", "fd00::1"; no brackets, no zone, no prefix. Nothing for anything else.
[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);
/// "10.20.0.0/16"; a bare address is a network of one. Bits behind the prefix are cleared.
[[nodiscard]] std::optional<IpNetwork> parse_network(std::string_view text);
/// Raw bytes in network order: 4 or 16; nothing for any other length.
[[nodiscard]] std::optional<IpAddress> address_of_bytes(std::span<const std::uint8_t> bytes) noexcept;

/// Clears what lies behind `prefix` (which is cut to the family's bits).
[[nodiscard]] IpNetwork network_of(const IpAddress& address, unsigned prefix) noexcept;
/// The prefix that the netmask `mask` stands for ("255.255.0.0": 16); nothing when its ones are not in one piece.
[[nodiscard]] std::optional<unsigned> prefix_of_mask(const IpAddress& mask) noexcept;

[[nodiscard]] bool contains(const IpNetwork& network, const IpAddress& address) noexcept;
/// Whether the two share an address.
[[nodiscard]] bool overlaps(const IpNetwork& a, const IpNetwork& b) noexcept;
/// 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_loopback(const IpAddress& address) noexcept;
[[nodiscard]] bool is_loopback_or_link_local(const IpAddress& address) noexcept;

[[nodiscard]] std::string to_string(const IpAddress& address);
[[nodiscard]] std::string to_string(const IpNetwork& network);  ///< with its prefix, always

}  // namespace memdb
