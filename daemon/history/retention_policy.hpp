// How much history is kept, and what goes first. Pure.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memdb::history {

struct Retention {
    Duration keep = 24h * 30;                             ///< older is removed
    std::int64_t limit = std::int64_t{50} * 1024 * 1024;  ///< bytes of all files of the history together
    bool operator==(const Retention&) const = default;
};

/// The most that the database file may have, so that with its log it stays within the limit. Whole pages, at least 32.
[[nodiscard]] std::int64_t page_limit(const Retention& retention, std::int64_t page_size) noexcept;

/// Whether the oldest part must go so that the file does not reach its limit: less than a tenth of it is free.
[[nodiscard]] bool is_crowded(std::int64_t pages_used, std::int64_t limit) noexcept;

/// The share of the oldest records that goes then: a fifth of the time that is stored.
[[nodiscard]] WallTime cut_for_space(WallTime oldest, WallTime newest) noexcept;

/// What is older goes. A clock that was set far ahead for a while must not remove everything: at most a tenth of the
/// time to keep goes at once, counted from the oldest record on.
[[nodiscard]] WallTime cut_for_age(WallTime oldest, WallTime now, const Retention& retention) noexcept;

/// Of files that were set aside, by name, which sorts by date: those to remove so that `kept` are left.
[[nodiscard]] std::vector<std::string> damaged_to_remove(std::vector<std::string> names, std::size_t kept);

}  // namespace memdb::history
