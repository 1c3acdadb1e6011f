// A profile as one line for a monitoring system, with performance data (the convention of monitoring plugins). Pure.
#pragma once

#include "control/snapshot.hpp"

#include <optional>
#include <string>

namespace memdb::client {

struct CheckLine {
    int exit = 3;      ///< 0 OK, 1 WARNING (degraded, connecting), 2 CRITICAL (unreachable, stopped)
    std::string text;  ///< with its newline
};

/// Fewer days left of the certificate than these are a WARNING, a CRITICAL.
struct CheckLimits {
    std::optional<unsigned> warning_days, critical_days;
};

CheckLine check_line(const control::ProfileView& profile, const CheckLimits& limits = {});

}  // namespace memdb::client
