// Stories of the wake machine, and the whole table of it: every phase against every event.
#include "health/wake_machine.hpp"

#include "tests/support/wake_invariants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace memdb::health {
namespace {

constexpr TimePoint t0(1h);
using P = WakePhase;

std::string words(const std::vector<WakeAction>& actions) {
    std::string out;
    for (const WakeAction action : actions) out += (out.empty() ? "" : ", ") + std::string(to_string(action));
    return out;
}

struct Line {
    Duration at;
    WakeEvent event;
    P phase;
    std::string_view actions;
};
struct Story {
    const char* name;
    std::vector<Line> lines;
    friend void PrintTo(const Story& story, std::ostream* os) { *os << story.name; }
};

const Woke kKept{10h, true, true}, kOffline{10h, true, false}, kDown{10h, false, true}, kNoSleep{0s, true, true};

const Story kStories[] = {
    {"the_kept_tunnel_is_good",
     {{0s, SleepBegan{}, P::parked, "park"},
      {1s, kKept, P::proving, "prove"},
      {1080ms, PingAnswered{}, P::settled, "tell"},
      {3s, ProofOverdue{}, P::settled, ""}}},
    {"the_kept_tunnel_is_dead",
     {{0s, SleepBegan{}, P::parked, "park"},
      {1s, kKept, P::proving, "prove"},
      {2999ms, ProofOverdue{}, P::proving, ""},
      {3s, ProofOverdue{}, P::awaiting, "restart tunnel"},
      {3s, TunnelLost{}, P::awaiting, ""},
      {6s, ProofOverdue{}, P::awaiting, ""},
      {6s, PingAnswered{}, P::settled, "tell"}}},
    {"openvpn_restarts_by_itself",
     {{0s, kKept, P::proving, "prove"},
      {5ms, TunnelLost{}, P::awaiting, ""},
      {2s, ProofOverdue{}, P::awaiting, ""},
      {3s, PingAnswered{}, P::settled, "tell"}}},
    {"no_network_and_then_one",
     {{0s, SleepBegan{}, P::parked, "park"},
      {1s, kOffline, P::offline, "prove"},
      {60s, ProofOverdue{}, P::offline, ""},
      {61s, NetworkMoved{true}, P::proving, "prove"},
      {62s, NetworkMoved{true}, P::proving, "prove"},
      {63s, ProofOverdue{}, P::awaiting, "restart tunnel"}}},
    {"the_network_is_found_gone_after_the_wake",
     {{0s, kKept, P::proving, "prove"},
      {1s, NetworkMoved{false}, P::offline, ""},
      {9s, ProofOverdue{}, P::offline, ""},
      {10s, TunnelLost{}, P::awaiting, ""},
      {11s, NetworkMoved{true}, P::awaiting, ""}}},
    {"nothing_slept_nothing_restarted",
     {{0s, SleepBegan{}, P::parked, "park"},
      {30s, kNoSleep, P::awaiting, "prove"},
      {40s, ProofOverdue{}, P::awaiting, ""},
      {40s, PingAnswered{}, P::settled, "tell"}}},
    {"asleep_again_before_the_proof",
     {{0s, kKept, P::proving, "prove"},
      {1s, SleepBegan{}, P::parked, "park"},
      {1s, PingAnswered{}, P::parked, ""},
      {2s, ProofOverdue{}, P::parked, ""},
      {3s, kKept, P::proving, "prove"},
      {4s, kKept, P::proving, "prove"},
      {5s, ProofOverdue{}, P::proving, ""},
      {6s, ProofOverdue{}, P::awaiting, "restart tunnel"}}},
    {"nobody_wants_it_any_more", {{0s, kKept, P::proving, "prove"}, {1s, Unwanted{}, P::settled, ""}}},
};

struct WakeStory : testing::TestWithParam<Story> {};

TEST_P(WakeStory, is_told) {
    WakeState state;
    for (const Line& line : GetParam().lines) {
        const WakeStep got = step(state, line.event, t0 + line.at);
        EXPECT_EQ(to_string(got.state.phase), to_string(line.phase)) << "at " << line.at.count() << ": " << got.why;
        EXPECT_EQ(words(got.actions), line.actions) << "at " << line.at.count();
        state = got.state;
    }
}
INSTANTIATE_TEST_SUITE_P(All, WakeStory, testing::ValuesIn(kStories),
                         [](const auto& story) { return story.param.name; });

struct Named {
    std::string_view name;
    WakeEvent event;
};
const Named kEvents[] = {
    {"sleep began", SleepBegan{}},       {"woke", kKept},
    {"woke offline", kOffline},          {"woke without tunnel", kDown},
    {"woke, no sleep", kNoSleep},        {"PING", PingAnswered{}},
    {"tunnel lost", TunnelLost{}},       {"network", NetworkMoved{true}},
    {"no network", NetworkMoved{false}}, {"unwanted", Unwanted{}},
    {"overdue", ProofOverdue{}},
};

// The cells that are not ignored, but for the wakes, which lead to the same from everywhere: 5 phases x 11 events.
struct Row {
    P from;
    std::string_view event;
    P to;
    std::string_view actions;
};
const Row kTable[] = {
    {P::settled, "sleep began", P::parked, "park"}, {P::proving, "sleep began", P::parked, "park"},
    {P::offline, "sleep began", P::parked, "park"}, {P::awaiting, "sleep began", P::parked, "park"},
    {P::proving, "PING", P::settled, "tell"},       {P::offline, "PING", P::settled, "tell"},
    {P::awaiting, "PING", P::settled, "tell"},      {P::proving, "tunnel lost", P::awaiting, ""},
    {P::offline, "tunnel lost", P::awaiting, ""},   {P::proving, "network", P::proving, "prove"},
    {P::offline, "network", P::proving, "prove"},   {P::proving, "no network", P::offline, ""},
    {P::proving, "unwanted", P::settled, ""},       {P::offline, "unwanted", P::settled, ""},
    {P::awaiting, "unwanted", P::settled, ""},      {P::proving, "overdue", P::awaiting, "restart tunnel"},
};

Row expected(P from, std::string_view event) {
    if (event == "woke") return {from, event, P::proving, "prove"};
    if (event == "woke offline") return {from, event, P::offline, "prove"};
    if (event.starts_with("woke")) return {from, event, P::awaiting, "prove"};
    for (const Row& row : kTable)
        if (row.from == from && row.event == event) return row;
    return {from, event, from, "ignored"};
}

TEST(WakeTable, every_event_in_every_phase) {
    std::size_t used = 0;
    for (const P phase : kWakePhases)
        for (const Named& named : kEvents) {
            SCOPED_TRACE(std::string(to_string(phase)) + " x " + std::string(named.name));
            WakeState before{phase, {}, t0 - 2s, 1h};
            if (phase == P::proving) before.deadline = t0;
            const WakeStep got = step(before, named.event, t0);
            const Row want = expected(phase, named.name);
            EXPECT_EQ(to_string(got.state.phase), to_string(want.to));
            if (want.actions == "ignored") {
                EXPECT_EQ(got.why, "ignored");
                EXPECT_EQ(got.state, before);
                EXPECT_TRUE(got.actions.empty());
            } else {
                EXPECT_NE(got.why, "ignored");
                EXPECT_EQ(words(got.actions), want.actions);
                used += named.name.starts_with("woke") ? 0 : 1;
            }
            EXPECT_EQ(broken_in(before, named.event, t0, got), "");
        }
    EXPECT_EQ(used, std::size(kTable));
}

}  // namespace
}  // namespace memdb::health
