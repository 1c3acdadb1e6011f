// The reader's time zone. Reads the system's.
#pragma once

#include "base/time.hpp"

#include <time.h>

namespace memdb::client {

/// How much later the clock on the wall is than UTC, at that time.
inline Duration zone_offset(WallTime when) {
    const time_t at =
        std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(when));
    tm local{};
    ::localtime_r(&at, &local);
    return std::chrono::seconds(local.tm_gmtoff);
}

}  // namespace memdb::client
