// How urgent it is that something ends: the levels of design's *-expiring findings. Pure.
#pragma once

#include "base/time.hpp"
#include "health/finding.hpp"

#include <optional>
#include <string>

namespace memdb::health {

/// From so much time left on (inclusive) it is worth a word, and a louder one.
struct ExpiryLevels {
    Duration info;
    Duration warning;
    Duration error;
};

inline constexpr Duration kDay = std::chrono::hours(24);
/// Of certificates: the clients', the CA's, the server's.
inline constexpr ExpiryLevels kCertificateLevels{30 * kDay, 14 * kDay, 7 * kDay};
/// Of revocation lists.
inline constexpr ExpiryLevels kCrlLevels{14 * kDay, 7 * kDay, 1 * kDay};

/// Nothing while there is more time left than the first level. What has ended is an error.
[[nodiscard]] std::optional<Severity> urgency(Duration left, const ExpiryLevels& levels) noexcept;

/// "30 days left", "1 day left", "9 h left", "20 min left"; "ended 3 days ago" once it has.
[[nodiscard]] std::string time_left_text(Duration left);

}  // namespace memdb::health
