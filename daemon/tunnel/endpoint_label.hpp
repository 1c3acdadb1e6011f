// What an endpoint's wildcard name wants in front.
#pragma once

#include <cstdint>
#include <string>

namespace memdb::tunnel {

/// 12 hex digits from the lower 48 bits, as openvpn's remote-random-hostname makes them.
[[nodiscard]] std::string endpoint_label(std::uint64_t random);

}  // namespace memdb::tunnel
