// Moments in the reader's own time zone. local_time() reads TZ, through the C library.
#pragma once

#include "base/time.hpp"

#include <ctime>
#include <string>

namespace memdb::client {

/// How a pure renderer is told of the time zone: local_time(), or a test's own.
using LocalTime = std::tm (*)(WallTime);

std::tm local_time(WallTime time);

/// "2026-11-26 14:02:11".
std::string moment_text(const std::tm& time);
/// "2026-11-26 14:02".
std::string minute_text(const std::tm& time);
/// "2026-11-26".
std::string day_text(const std::tm& time);
/// "UTC+01:00".
std::string zone_text(const std::tm& time);

/// How much later the clock on the wall is than UTC, at that time.
inline Duration zone_offset(WallTime when) { return std::chrono::seconds(local_time(when).tm_gmtoff); }

}  // namespace memdb::client
