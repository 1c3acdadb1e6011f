#include "reach/sentinel_policy.hpp"

#include <algorithm>
#include <cstdint>

namespace memdb::reach {
namespace {

constexpr std::size_t kFewNodes = 32;  // so many share the sentinel's ticks, to wake the laptop less often
constexpr Duration kTick = 50ms;       // more share these: 20 wake-ups a second, however many they are

}  // namespace

std::uint32_t share_of(std::string_view label) noexcept {  // FNV-1a
    std::uint32_t value = 2166136261U;
    for (const char c : label) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
    return value;
}

const TrackedNode& next_sentinel(const std::vector<TrackedNode>& nodes, const TrackedNode* current) {
    const unsigned shard = current != nullptr ? current->shard : 0;
    const TrackedNode* next = nullptr;
    for (const TrackedNode& node : nodes) {
        if (node.health != NodeHealth::ok) continue;
        const bool node_is_ahead = node.shard > shard;
        const bool next_is_ahead = next != nullptr && next->shard > shard;
        if (next == nullptr || (node_is_ahead && !next_is_ahead)) next = &node;
    }
    if (next != nullptr) return *next;
    return current != nullptr ? *current : nodes.front();
}

std::vector<std::string> witnesses_of(const std::vector<TrackedNode>& nodes, std::string_view sentinel) {
    std::vector<std::string> witnesses, others;
    std::vector<unsigned> shards;  // at most one more than there are witnesses
    for (const TrackedNode& node : nodes)
        if (node.label == sentinel) shards.push_back(node.shard);
    for (const TrackedNode& node : nodes) {
        if (witnesses.size() == kMostWitnesses) break;
        if (node.health != NodeHealth::ok || node.label == sentinel) continue;
        const bool is_known = std::find(shards.begin(), shards.end(), node.shard) != shards.end();
        if (is_known && others.size() == kMostWitnesses) continue;
        (is_known ? others : witnesses).push_back(node.label);
        if (!is_known) shards.push_back(node.shard);
    }
    witnesses.insert(witnesses.end(), others.begin(), others.end());
    witnesses.resize(std::min(witnesses.size(), kMostWitnesses));
    return witnesses;
}

Rhythm rhythm_of(const TrackedNode& node, bool is_sentinel, std::size_t count, const ProbeTimings& timings) {
    if (is_sentinel) return {timings.sentinel_interval, 0ms};
    const Duration grain = count <= kFewNodes ? timings.sentinel_interval : kTick;
    const auto places = std::max<Duration::rep>(timings.node_interval / grain, 1);
    return {timings.node_interval, static_cast<Duration::rep>(node.share) % places * grain};
}

}  // namespace memdb::reach
