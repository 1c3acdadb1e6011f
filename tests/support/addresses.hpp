// Addresses and networks as tests write them.
#pragma once

#include "base/ip_network.hpp"

namespace memdb::tests {

inline IpAddress ip(const char* text) { return parse_address(text).value(); }
inline IpNetwork net(const char* text) { return parse_network(text).value(); }

}  // namespace memdb::tests
