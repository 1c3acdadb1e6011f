#include "client/aws/network_choice.hpp"

#include <algorithm>

namespace memdb::client::aws {
namespace {

constexpr unsigned kPrefix = 22;
constexpr std::uint32_t kStep = 1u << (32 - kPrefix);

struct Range {
    std::uint32_t first, last;  ///< network addresses, both in it
};
constexpr std::uint32_t at(std::uint32_t a, std::uint32_t b, std::uint32_t c) { return a << 24 | b << 16 | c << 8; }
// Seldom used by home routers and by VPCs first.
constexpr Range kRanges[] = {{at(10, 200, 0), at(10, 255, 252)},
                             {at(172, 16, 0), at(172, 31, 252)},
                             {at(100, 64, 0), at(100, 127, 252)},
                             {at(10, 0, 0), at(10, 199, 252)}};

IpNetwork network_at(std::uint32_t value) {
    IpAddress address;
    for (unsigned i = 0; i < 4; ++i) address.bytes[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    return network_of(address, kPrefix);
}

const TakenNetwork* clash(const IpNetwork& network, std::span<const TakenNetwork> taken) {
    const auto found = std::find_if(taken.begin(), taken.end(),
                                    [&](const TakenNetwork& one) { return overlaps(one.network, network); });
    return found == taken.end() ? nullptr : &*found;
}

}  // namespace

std::optional<IpNetwork> choose_client_network(std::span<const TakenNetwork> taken) {
    for (const Range& range : kRanges)
        for (std::uint32_t value = range.first; value <= range.last; value += kStep)
            if (const IpNetwork network = network_at(value); clash(network, taken) == nullptr) return network;
    return std::nullopt;
}

std::string judge_client_network(const IpNetwork& network, std::span<const TakenNetwork> taken) {
    const std::string text = to_string(network);
    if (network.address.is_v6) return text + " is no IPv4 network";
    if (network.prefix > 22) return text + " is too small for clients: AWS wants /22 or larger, /12 at most";
    if (network.prefix < 12) return text + " is too large: AWS takes /12 at most, /22 at least";
    if (const TakenNetwork* other = clash(network, taken))
        return text + " overlaps " + other->what + ", " + to_string(other->network);
    return {};
}

}  // namespace memdb::client::aws
