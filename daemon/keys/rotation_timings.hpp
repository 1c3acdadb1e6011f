// Limits of a rotation, and when it is due. Filled by config/settings_parser, which also checks the ranges.
#pragma once

#include "base/time.hpp"

namespace memdb::keys {

struct RotationTimings {
    Duration trial_limit = 20s;             ///< of a trial connection, from its begin on
    Duration confirm_limit = 30s;           ///< from the switch, or the connect after it, until a PING is answered
    Duration lead = std::chrono::days{30};  ///< so long before the end of the certificate it is due; 0: never
    bool operator==(const RotationTimings&) const = default;
};

}  // namespace memdb::keys
