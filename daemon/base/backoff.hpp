// How long to wait before the next try, as data: the caller brings the count, the limits and the randomness.
#pragma once

#include "base/time.hpp"

namespace memdb {

/// The wait before retry number `attempt`: none before the first, then full jitter over `first`, doubling, up to
/// `longest`. Full jitter (anything from zero to the whole) keeps many laptops from returning in step.
///
/// @param attempt   failures in a row so far; 0 and 1 give no wait.
/// @param first     upper bound before the second retry.
/// @param longest   upper bound of all.
/// @param jitter01  0 to 1; what lies outside is clamped.
[[nodiscard]] Duration backoff_delay(unsigned attempt, Duration first, Duration longest, double jitter01) noexcept;

}  // namespace memdb
