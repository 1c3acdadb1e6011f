// Calendar times as RFC 3339 text and back: "2026-11-23T15:04:05.123Z". Always UTC.
#pragma once

#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace memdb::control {

/// Three fraction digits. Years outside 0000–9999 are shown as the nearest of these.
std::string time_text(WallTime time);

/// Accepts any number of fraction digits (rounded down to milliseconds) or none; nothing for everything else.
std::optional<WallTime> parse_time(std::string_view text) noexcept;

}  // namespace memdb::control
