// How often something happened, by tenths of a second of the monotonic clock, for the last ten minutes.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace memdb::bench {

class FarmTally {
  public:
    static constexpr std::uint64_t kBinMs = 100;

    void add(std::uint64_t at_ms) {
        const std::uint64_t bin = at_ms / kBinMs;
        for (; last_ < bin; ++last_) bins_[(last_ + 1) % bins_.size()] = 0;
        ++bins_[bin % bins_.size()];
        ++total_;
    }

    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

    /// A JSON list of the bins from `first` up to the one of `at_ms`; of those too old to be known, 0.
    [[nodiscard]] std::string list(std::uint64_t first, std::uint64_t at_ms) const {
        std::string text = "[";
        for (std::uint64_t bin = first; bin < at_ms / kBinMs; ++bin) {
            const bool known = bin <= last_ && bin + bins_.size() > last_;
            text += fmt::format("{}{}", text.size() > 1 ? "," : "", known ? bins_[bin % bins_.size()] : 0);
        }
        return text + "]";
    }

  private:
    std::vector<std::uint32_t> bins_ = std::vector<std::uint32_t>(6000);
    std::uint64_t last_ = 0;  ///< the newest bin that is filled
    std::uint64_t total_ = 0;
};

}  // namespace memdb::bench
