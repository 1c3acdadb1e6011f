// PINGs become minutes: count, loss, min, median and p99 of each node. Pure: the caller says what time it is.
//
// Bounded: 1.4 KiB a node that was PINGed in this minute or the one before, and a fixed number of nodes.
#pragma once

#include "history/ping_histogram.hpp"
#include "history/record.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memdb::history {

class PingTracker {
  public:
    static constexpr std::size_t kNodeLimit = 4096;  ///< in one minute; more are not counted

    /// A PING was answered. A minute that is over, or a clock that was set, closes what was counted before.
    void answered(std::string_view profile, std::string_view node, Microseconds took, WallTime at);
    /// A PING was not answered in time, or a node could not be asked at all.
    void lost(std::string_view profile, std::string_view node, WallTime at);

    /// The minutes that are over by `at`; they are forgotten here.
    std::vector<PingMinute> take(WallTime at);
    /// Everything, the minute that runs too; it is counted anew from here on.
    std::vector<PingMinute> take_all();
    /// As take_all(), but nothing is forgotten.
    [[nodiscard]] std::vector<PingMinute> look() const;

  private:
    struct Count {
        PingHistogram latencies;
        std::uint32_t lost = 0;
        [[nodiscard]] bool is_empty() const noexcept { return latencies.count() == 0 && lost == 0; }
    };
    Count* count_of(std::string_view profile, std::string_view node, WallTime at);
    void close();
    void forget_empty();

    WallTime minute_{};
    std::map<std::string, std::map<std::string, Count, std::less<>>, std::less<>> counts_;  ///< by profile, node
    std::size_t nodes_ = 0;
    bool is_full_ = false;  ///< of nodes that have counted something: not looked through again for each of the others
    std::vector<PingMinute> over_;
};

}  // namespace memdb::history
