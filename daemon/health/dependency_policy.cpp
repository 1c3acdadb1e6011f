#include "health/dependency_policy.hpp"

#include "health/finding_catalog.hpp"

#include <algorithm>

namespace memdb::health {

std::vector<Condition> root_causes(std::vector<Condition> conditions) {
    std::optional<Layer> root;  // the earliest layer that explains all behind it
    for (const Condition& condition : conditions) {
        const CatalogEntry* const entry = find_entry(condition.code);
        if (entry == nullptr || entry->tie != Tie::explains) continue;
        root = std::min(root.value_or(entry->layer), entry->layer);
    }
    std::vector<Condition> out;
    bool explained = false;
    for (Condition& condition : conditions) {
        const CatalogEntry* const entry = find_entry(condition.code);
        const bool may_hide = root && entry != nullptr && entry->tie != Tie::alone;
        const bool again = may_hide && explained && entry->layer == *root && entry->tie == Tie::explains;
        if (may_hide && (entry->layer > *root || again)) continue;
        explained = explained || (may_hide && entry->layer == *root && entry->tie == Tie::explains);
        out.push_back(std::move(condition));
    }
    return out;
}

}  // namespace memdb::health
