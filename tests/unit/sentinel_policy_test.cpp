#include "reach/sentinel_policy.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace {

using namespace memdb;
using namespace memdb::reach;

/// "a1 b1! c2?": label, shard in its second place, "!" failed, "?" unknown, else ok.
std::vector<TrackedNode> nodes(std::string_view words) {
    std::vector<TrackedNode> all;
    for (std::size_t at = 0; at < words.size();
         at = words.find(' ', at) == words.npos ? words.size() : words.find(' ', at) + 1) {
        TrackedNode node;
        node.label = words.substr(at, 2);
        node.shard = static_cast<unsigned>(words[at + 1] - '0');
        const char mark = at + 2 < words.size() ? words[at + 2] : ' ';
        node.health = mark == '!' ? NodeHealth::failed : mark == '?' ? NodeHealth::unknown : NodeHealth::ok;
        all.push_back(node);
    }
    return all;
}

std::string joined(const std::vector<std::string>& labels) {
    std::string text;
    for (const std::string& label : labels) text += (text.empty() ? "" : " ") + label;
    return text;
}

TEST(SentinelPolicy, the_next_sentinel_is_the_first_ok_node_of_the_next_shard) {
    struct Row {
        std::string_view nodes, current, want;
    };
    const Row table[] = {
        {"a1 b1 a2 b2 a3", "a1", "a2"},
        {"a1 b1 a2! b2 a3", "a1", "b2"},
        {"a1 b1 a2! b2? a3", "a1", "a3"},
        {"a1 b1 a2 b2 a3", "a3", "a1"},
        {"a1! b1 a2! b2!", "a1", "b1"},
        {"a1! b1!", "b1", "b1"},
        {"a1! b1!", "", "a1"},
        {"a1 b1", "", "a1"},
        {"a1", "a1", "a1"},
    };
    for (const Row& row : table) {
        const auto all = nodes(row.nodes);
        const TrackedNode* current = nullptr;
        for (const TrackedNode& node : all)
            if (node.label == row.current) current = &node;
        EXPECT_EQ(next_sentinel(all, current).label, row.want) << row.nodes << " after " << row.current;
    }
}

TEST(SentinelPolicy, witnesses_are_of_different_shards_first) {
    struct Row {
        std::string_view nodes, sentinel, want;
    };
    const Row table[] = {
        {"a1", "a1", ""},
        {"a1 b1 a2 b2", "a1", "a2 b1 b2"},
        {"a1 b1 c1", "b1", "a1 c1"},
        {"a1 b1! a2? b2", "a1", "b2"},
        {"a1 b1 a2 b2 a3 b3", "b2", "a1 a3 b1 a2 b3"},
        {"a1 a2 a3 a4 a5 a6 a7 a8 a9 b9", "a1", "a2 a3 a4 a5 a6 a7 a8 a9"},
        {"a1 b1 c1 d1 e1 f1 g1 h1 i1 j1 a2", "a1", "a2 b1 c1 d1 e1 f1 g1 h1"},
        {"a1! b1!", "a1", ""},
    };
    for (const Row& row : table) EXPECT_EQ(joined(witnesses_of(nodes(row.nodes), row.sentinel)), row.want) << row.nodes;
}

TEST(SentinelPolicy, many_nodes_are_spread_and_few_share_the_sentinels_ticks) {
    const ProbeTimings timings;
    TrackedNode node;
    node.share = share_of("r2");
    EXPECT_EQ(rhythm_of(node, true, 4, timings), (Rhythm{1s, 0ms}));
    EXPECT_EQ(rhythm_of(node, false, 32, timings).offset % 1s, 0ms);
    EXPECT_NE(rhythm_of(node, false, 33, timings).offset % 1s, 0ms);
    EXPECT_LT(rhythm_of(node, false, 33, timings).offset, 5s);
}

TEST(SentinelPolicy, two_thousand_nodes_wake_the_agent_twenty_times_a_second_and_evenly) {
    std::map<Duration, int> at;
    for (int i = 0; i < 2000; ++i) {
        TrackedNode node;
        node.share =
            share_of("demo-" + std::to_string(i / 4) + "-00" + std::to_string(i % 4) + ".demo.lab.memorydb.test");
        const Rhythm rhythm = rhythm_of(node, false, 2000, ProbeTimings{});
        EXPECT_EQ(rhythm.interval, 5s);
        ++at[rhythm.offset];
    }
    EXPECT_EQ(at.size(), 100U);
    for (const auto& [offset, nodes] : at) EXPECT_TRUE(nodes >= 5 && nodes <= 40) << offset.count() << ": " << nodes;
}

}  // namespace
