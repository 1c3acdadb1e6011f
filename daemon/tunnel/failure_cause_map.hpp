// What openvpn says (log, >FATAL:, stderr) to the cause of a failed attempt, by the texts of 2.6.
//
// One line in, a cause out; `none` for everything that tells nothing, which is most. Pure. Texts are openvpn's own, not
// translated, tried with 2.6.14 (tests/unit/failure_cause_map_test.cpp has them in full).
#pragma once

#include "base/error.hpp"
#include "tunnel/failure_cause.hpp"

#include <string_view>

namespace memdb::tunnel {

[[nodiscard]] Cause cause_of_log(std::string_view line) noexcept;

/// Why openvpn could not be started at all, by what host/child_process says.
[[nodiscard]] Cause cause_of_spawn(Errc code) noexcept;

}  // namespace memdb::tunnel
