#include "base/backoff.hpp"

#include <algorithm>

namespace memdb {

Duration backoff_delay(unsigned attempt, Duration first, Duration longest, double jitter01) noexcept {
    if (attempt <= 1) return Duration::zero();
    Duration bound = std::min(first, longest);
    for (unsigned i = 2; i < attempt && bound < longest; ++i) bound = std::min(bound * 2, longest);
    const double share = jitter01 >= 0.0 ? std::min(jitter01, 1.0) : 0.0;  // also for NaN
    return Duration(static_cast<Duration::rep>(static_cast<double>(bound.count()) * share));
}

}  // namespace memdb
