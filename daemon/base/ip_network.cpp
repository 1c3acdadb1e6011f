#include "base/ip_network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace memdb {
namespace {

/// The bits of byte `index` that a network of `prefix` bits keeps.
std::uint8_t mask_byte(unsigned prefix, std::size_t index) noexcept {
    const unsigned before = static_cast<unsigned>(index) * 8;
    if (prefix >= before + 8) return 0xff;
    if (prefix <= before) return 0;
    return static_cast<std::uint8_t>(0xff << (8 - (prefix - before)));
}

}  // namespace

std::optional<IpAddress> parse_address(std::string_view text) {
    const std::string copy(text);  // inet_pton wants a terminator
    if (copy.size() != text.size() || copy.find('\0') != std::string::npos) return std::nullopt;
    IpAddress address;
    if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address;
    address.is_v6 = true;
    if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
    return std::nullopt;
}

std::optional<IpNetwork> parse_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    if (slash == std::string_view::npos) return IpNetwork{*address, address->bits()};
    const std::string_view digits = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc() || end != digits.data() + digits.size() || prefix > address->bits()) return std::nullopt;
    return network_of(*address, prefix);
}

std::optional<IpAddress> address_of_bytes(std::span<const std::uint8_t> bytes) noexcept {
    if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
    IpAddress address{bytes.size() == 16, {}};
    std::ranges::copy(bytes, address.bytes.begin());
    return address;
}

IpNetwork network_of(const IpAddress& address, unsigned prefix) noexcept {
    IpNetwork network{address, std::min(prefix, address.bits())};
    for (std::size_t i = 0; i < network.address.bytes.size(); ++i)
        network.address.bytes[i] &= mask_byte(network.prefix, i);
    return network;
}

std::optional<unsigned> prefix_of_mask(const IpAddress& mask) noexcept {
    for (unsigned prefix = 0; prefix <= mask.bits(); ++prefix) {
        bool same = true;
        for (std::size_t i = 0; i < mask.bits() / 8; ++i) same = same && mask.bytes[i] == mask_byte(prefix, i);
        if (same) return prefix;
    }
    return std::nullopt;
}

bool contains(const IpNetwork& network, const IpAddress& address) noexcept {
    return network.address.is_v6 == address.is_v6 && network_of(address, network.prefix).address == network.address;
}

bool overlaps(const IpNetwork& a, const IpNetwork& b) noexcept {
    return a.prefix <= b.prefix ? contains(a, b.address) : contains(b, a.address);
}

bool is_loopback(const IpAddress& address) noexcept {
    static constexpr std::array<std::uint8_t, 16> v6_loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return address.is_v6 ? address.bytes == v6_loopback : address.bytes[0] == 127;
}

bool is_loopback_or_link_local(const IpAddress& address) noexcept {
    if (!address.is_v6) return address.bytes[0] == 127 || (address.bytes[0] == 169 && address.bytes[1] == 254);
    static const IpAddress loopback = [] {
        IpAddress one{true, {}};
        one.bytes[15] = 1;
        return one;
    }();
    return address == loopback || (address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80);
}

std::string to_string(const IpAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), text.data(), text.size());
    return text.data();
}

std::string to_string(const IpNetwork& network) {
    return to_string(network.address) + "/" + std::to_string(network.prefix);
}

}  // namespace memdb
