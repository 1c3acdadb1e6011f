// A cluster as its tracker sees it: replies to CLUSTER SHARDS, and Play, which tells it events and keeps what it said.
#pragma once

#include "reach/cluster_tracker.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace memdb::reach::play {

inline constexpr TimePoint t0{1000000s};
inline const ClusterSeed kSeed{"clustercfg.test", 6379, true};
inline const ProbeTimings kTimings{};

inline Reply text(std::string value) { return {.kind = Reply::Kind::text, .text = std::move(value)}; }
inline Reply number(std::int64_t value) { return {.kind = Reply::Kind::integer, .integer = value}; }
inline Reply list(std::vector<Reply> items) { return {.kind = Reply::Kind::array, .items = std::move(items)}; }
inline Reply error(std::string value) { return {.kind = Reply::Kind::error, .text = std::move(value)}; }

inline Reply member(const std::string& name, const std::string& role, const std::string& health = "online") {
    return list({text("tls-port"), number(6379), text("endpoint"), text(name), text("role"), text(role), text("health"),
                 text(health)});
}

inline Reply shard(std::int64_t first, std::int64_t last, std::vector<Reply> nodes) {
    return list({text("slots"), first <= last ? list({number(first), number(last)}) : list({}), text("nodes"),
                 list(std::move(nodes))});
}

/// Two shards, a primary and a replica each: a1 r1, a2 r2.
inline Reply two_shards() {
    return list({shard(0, 8191, {member("a1", "master"), member("r1", "replica")}),
                 shard(8192, 16383, {member("a2", "master"), member("r2", "replica")})});
}

/// Plays events in order and keeps what the tracker last said.
struct Play {
    TrackerState state;
    std::vector<TrackerAction> actions;
    std::string_view why;
    ClusterSeed seed = kSeed;

    Play& at(Duration time, const TrackerEvent& event) {
        TrackerStep got = step(state, event, t0 + time, seed, kTimings);
        EXPECT_TRUE(got.why != "ignored" || (got.state == state && got.actions.empty()));
        state = std::move(got.state);
        actions = std::move(got.actions);
        why = got.why;
        return *this;
    }

    template <class Action>
    [[nodiscard]] std::vector<Action> of() const {
        std::vector<Action> found;
        for (const TrackerAction& action : actions)
            if (const auto* one = std::get_if<Action>(&action)) found.push_back(*one);
        return found;
    }

    [[nodiscard]] std::string labels() const {
        std::string all;
        for (const TrackedNode& node : state.nodes) all += (all.empty() ? "" : " ") + node.label;
        return all;
    }

    [[nodiscard]] std::string asked() const {
        const auto questions = of<AskTopology>();
        return questions.empty() ? "" : questions.front().label;
    }
};

/// Started at 0, topology known at 10 ms, all four nodes proved at 20 ms.
inline Play proved() {
    Play play;
    play.at(0ms, TrackingRequested{})
        .at(8ms, NodeProved{kSeed.name})
        .at(10ms, TopologyReceived{kSeed.name, two_shards()});
    for (const char* name : {"a1", "r1", "a2", "r2"}) play.at(20ms, NodeProved{name});
    return play;
}

}  // namespace memdb::reach::play
