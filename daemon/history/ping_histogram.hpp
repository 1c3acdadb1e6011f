// Latencies counted on a logarithmic scale: fixed memory, quantiles within 2.5 %. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace memdb::history {

/// Of microseconds. What lies outside 16 µs … 33 s is counted at that end. 1.4 KiB, whatever is added.
class PingHistogram {
  public:
    void add(std::int64_t microseconds, std::uint32_t times = 1) noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// Exact; nothing when empty.
    [[nodiscard]] std::optional<std::int64_t> min() const noexcept;
    /// The smallest value that at least `share` (0 … 1) of all do not exceed; never below min() or above the largest.
    [[nodiscard]] std::optional<std::int64_t> quantile(double share) const noexcept;

  private:
    static constexpr int kPerOctave = 16, kOctaves = 21, kFirstOctave = 4;  // from 2^4 µs on
    std::array<std::uint32_t, kPerOctave * kOctaves> buckets_{};
    std::uint64_t count_ = 0;
    std::int64_t min_ = 0, max_ = 0;
};

}  // namespace memdb::history
