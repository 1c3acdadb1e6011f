#include "history/ping_tracker.hpp"

#include <utility>

namespace memdb::history {
namespace {

/// Nobody took what was counted for a quarter of an hour: the oldest is given up, so that memory stays bounded.
constexpr std::size_t kOverLimit = 15 * PingTracker::kNodeLimit / 8;

WallTime minute_of(WallTime at) { return WallTime(std::chrono::floor<std::chrono::minutes>(at)); }

}  // namespace

void PingTracker::close() {
    std::vector<PingMinute> closed = look();
    is_full_ = false;
    forget_empty();
    for (auto& [profile, nodes] : counts_)  // most are there in the next minute, too: they keep their room
        for (auto& [node, count] : nodes) count = {};
    over_ = std::move(closed);
    if (over_.size() > kOverLimit)
        over_.erase(over_.begin(), over_.begin() + static_cast<std::ptrdiff_t>(over_.size() - kOverLimit));
}

void PingTracker::forget_empty() {
    nodes_ = 0;
    for (auto& [profile, nodes] : counts_) {
        std::erase_if(nodes, [](const auto& entry) { return entry.second.is_empty(); });
        nodes_ += nodes.size();
    }
    std::erase_if(counts_, [](const auto& entry) { return entry.second.empty(); });
}

PingTracker::Count* PingTracker::count_of(std::string_view profile, std::string_view node, WallTime at) {
    if (minute_of(at) != minute_) {
        close();
        minute_ = minute_of(at);
    }
    if (const auto of_profile = counts_.find(profile); of_profile != counts_.end())
        if (const auto found = of_profile->second.find(node); found != of_profile->second.end()) return &found->second;
    if (is_full_) return nullptr;
    if (nodes_ >= kNodeLimit) forget_empty();
    is_full_ = nodes_ >= kNodeLimit;
    if (is_full_) return nullptr;
    ++nodes_;
    return &counts_[std::string(profile)][std::string(node)];
}

void PingTracker::answered(std::string_view profile, std::string_view node, Microseconds took, WallTime at) {
    if (Count* const count = count_of(profile, node, at)) count->latencies.add(took.count());
}

void PingTracker::lost(std::string_view profile, std::string_view node, WallTime at) {
    if (Count* const count = count_of(profile, node, at)) ++count->lost;
}

std::vector<PingMinute> PingTracker::take(WallTime at) {
    if (minute_of(at) != minute_) {
        close();
        minute_ = minute_of(at);  // closed once: what has counted nothing yet would be forgotten by another close
    }
    return std::exchange(over_, {});
}

std::vector<PingMinute> PingTracker::take_all() {
    close();
    return std::exchange(over_, {});
}

std::vector<PingMinute> PingTracker::look() const {
    std::vector<PingMinute> all = over_;
    for (const auto& [profile, nodes] : counts_)
        for (const auto& [node, count] : nodes)
            if (!count.is_empty())
                all.push_back({minute_, profile, node, static_cast<std::uint32_t>(count.latencies.count()), count.lost,
                               count.latencies.min(), count.latencies.quantile(0.5), count.latencies.quantile(0.99)});
    return all;
}

}  // namespace memdb::history
