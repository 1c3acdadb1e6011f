#include "history/ping_histogram.hpp"

#include <algorithm>
#include <cmath>

namespace memdb::history {

void PingHistogram::add(std::int64_t microseconds, std::uint32_t times) noexcept {
    if (times == 0) return;
    const std::int64_t value = std::max<std::int64_t>(microseconds, 0);
    const double place = (std::log2(static_cast<double>(std::max<std::int64_t>(value, 1))) - kFirstOctave) * kPerOctave;
    const auto at = static_cast<std::size_t>(std::clamp(place, 0.0, double(buckets_.size() - 1)));
    buckets_[at] += times;
    min_ = count_ == 0 ? value : std::min(min_, value);
    max_ = count_ == 0 ? value : std::max(max_, value);
    count_ += times;
}

std::optional<std::int64_t> PingHistogram::min() const noexcept {
    return count_ == 0 ? std::nullopt : std::optional(min_);
}

std::optional<std::int64_t> PingHistogram::quantile(double share) const noexcept {
    if (count_ == 0) return std::nullopt;
    const auto wanted =
        std::max<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_) - 1e-9)), 1);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen < wanted) continue;
        const double middle = std::exp2(kFirstOctave + (static_cast<double>(i) + 0.5) / kPerOctave);
        return std::clamp(static_cast<std::int64_t>(std::llround(middle)), min_, max_);
    }
    return max_;
}

}  // namespace memdb::history
