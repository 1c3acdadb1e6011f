#include "history/retention_policy.hpp"

#include <algorithm>

namespace memdb::history {
namespace {

constexpr std::int64_t kLogReserve = std::int64_t{1} * 1024 * 1024;  ///< for the write-ahead log and its index

}  // namespace

std::int64_t page_limit(const Retention& retention, std::int64_t page_size) noexcept {
    const std::int64_t reserve = std::min(kLogReserve, retention.limit / 2);
    return std::max<std::int64_t>((retention.limit - reserve) / page_size, 32);
}

bool is_crowded(std::int64_t pages_used, std::int64_t limit) noexcept { return pages_used > limit - limit / 10; }

WallTime cut_for_space(WallTime oldest, WallTime newest) noexcept { return oldest + (newest - oldest) / 5 + 1ms; }

WallTime cut_for_age(WallTime oldest, WallTime now, const Retention& retention) noexcept {
    return std::min(now - retention.keep, oldest + retention.keep / 10);
}

std::vector<std::string> damaged_to_remove(std::vector<std::string> names, std::size_t kept) {
    std::ranges::sort(names);
    names.resize(names.size() - std::min(names.size(), kept));
    return names;
}

}  // namespace memdb::history
