#include "health/health_tracker.hpp"

#include "health/finding_catalog.hpp"

#include <algorithm>

namespace memdb::health {

void HealthTracker::observe(const std::vector<Condition>& conditions, TimePoint now, WallTime wall) {
    std::erase_if(onsets_, [&](const auto& known) {
        return std::ranges::none_of(conditions, [&](const Condition& c) { return c.code == known.first; });
    });
    visible_.clear();
    next_change_.reset();
    for (const Condition& condition : conditions) {
        const CatalogEntry* const entry = find_entry(condition.code);
        if (entry == nullptr) continue;
        const Onset onset = onsets_.try_emplace(condition.code, Onset{now, wall}).first->second;
        const TimePoint visible_at = onset.at + entry->visible_after;
        if (now < visible_at) {
            next_change_ = std::min(next_change_.value_or(visible_at), visible_at);
            continue;
        }
        visible_.push_back({condition.code, condition.severity.value_or(entry->severity), entry->layer,
                            condition.summary, condition.evidence,
                            condition.advice.empty() ? std::string(entry->advice) : condition.advice, onset.wall});
    }
}

}  // namespace memdb::health
