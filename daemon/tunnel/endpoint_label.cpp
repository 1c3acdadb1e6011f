#include "tunnel/endpoint_label.hpp"

#include <fmt/format.h>

namespace memdb::tunnel {

std::string endpoint_label(std::uint64_t random) { return fmt::format("{:012x}", random & 0xFFFF'FFFF'FFFFU); }

}  // namespace memdb::tunnel
