// Stories of the sleep machine, and every event in every state that it can be in.
#include "host/sleep_machine.hpp"

#include "tests/support/sleep_invariants.hpp"

#include <gtest/gtest.h>

#include <string>

namespace memdb::host {
namespace {

constexpr TimePoint t0(1h);
constexpr Duration kBefore = 3h;  // slept already when memdbd began
using E = SleepEvent;

std::string words(const SleepStep& step) {
    std::string out;
    for (const SleepAction action : step.actions) out += (out.empty() ? "" : ", ") + std::string(to_string(action));
    return out;
}

struct Line {
    Duration at;
    E event;
    Duration slept;  ///< since the story began
    std::string_view actions;
    Duration told;  ///< with `resume`
};
struct Story {
    const char* name;
    std::vector<Line> lines;
    friend void PrintTo(const Story& story, std::ostream* os) { *os << story.name; }
};

const std::string_view kPark = "park, release inhibitor", kResume = "resume, take inhibitor", kTake = "take inhibitor";

const Story kStories[] = {
    {"announced_slept_and_the_signal_comes_first",
     {{0s, E::announced, 0s, kPark, 0s},
      {1s, E::returned, 10h, kResume, 10h},
      {1s, E::looked, 10h, "", 0s},
      {60s, E::looked, 10h, "", 0s},
      {61s, E::announced, 10h, kPark, 0s},
      {62s, E::returned, 11h, kResume, 1h}}},
    {"announced_slept_and_the_clocks_come_first",
     {{0s, E::announced, 0s, kPark, 0s}, {1s, E::looked, 30s, kResume, 30s}, {1s, E::returned, 30s, kTake, 0s}}},
    {"no_word_of_it", {{0s, E::looked, 0s, "", 0s}, {5s, E::looked, 30s, kResume, 30s}, {6s, E::looked, 30s, "", 0s}}},
    {"both_words_come_after_the_sleep",
     {{5s, E::announced, 30s, "resume, release inhibitor", 30s}, {5s, E::returned, 30s, kTake, 0s}}},
    {"the_clocks_and_then_both_words",
     {{5s, E::looked, 30s, kResume, 30s},
      {5s, E::announced, 30s, "release inhibitor", 0s},
      {5s, E::looked, 30s, "", 0s},
      {6s, E::returned, 30s, kTake, 0s}}},
    {"a_sleep_that_was_called_off",
     {{0s, E::announced, 0s, kPark, 0s}, {2s, E::returned, 0s, kResume, 0s}, {3s, E::returned, 0s, kTake, 0s}}},
    {"a_sleep_that_failed_without_a_word",
     {{0s, E::announced, 0s, kPark, 0s},
      {29s, E::deadline_passed, 0s, "", 0s},
      {30s, E::deadline_passed, 0s, kResume, 0s},
      {31s, E::deadline_passed, 0s, "", 0s}}},
    {"announced_twice",
     {{0s, E::announced, 0s, kPark, 0s},
      {20s, E::announced, 0s, "", 0s},
      {30s, E::deadline_passed, 0s, "", 0s},
      {50s, E::deadline_passed, 0s, kResume, 0s}}},
    {"a_sleep_that_comes_when_parking_is_over",
     {{0s, E::announced, 0s, kPark, 0s},
      {30s, E::deadline_passed, 0s, kResume, 0s},
      {40s, E::looked, 1h, kResume, 1h}}},
    {"a_moment_is_no_sleep",
     {{0s, E::looked, 499ms, "", 0s},
      {1s, E::announced, 499ms, kPark, 0s},
      {2s, E::returned, 499ms, kResume, 0s},
      {3s, E::looked, 500ms, kResume, 500ms}}},
    {"clocks_that_seem_to_go_back", {{0s, E::looked, -5ms, "", 0s}, {1s, E::announced, -5ms, kPark, 0s}}},
};

struct SleepStory : testing::TestWithParam<Story> {};

TEST_P(SleepStory, is_told) {
    SleepState state;
    state.asleep = kBefore;
    for (const Line& line : GetParam().lines) {
        const SleepStep got = step(state, line.event, t0 + line.at, kBefore + line.slept);
        EXPECT_EQ(words(got), line.actions) << to_string(line.event) << " at " << line.at.count() << ": " << got.why;
        EXPECT_EQ(got.slept, line.told);
        state = got.state;
    }
}
INSTANTIATE_TEST_SUITE_P(All, SleepStory, testing::ValuesIn(kStories),
                         [](const auto& story) { return story.param.name; });

std::vector<SleepState> states() {
    std::vector<SleepState> out;
    for (const std::optional<TimePoint>& woke :
         {std::optional<TimePoint>{}, {t0}, {t0 - 999ms}, {t0 - 1s}, {t0 - 1h}}) {
        out.push_back({false, kBefore, {}, woke});
        for (const Duration left : {-1ms, 0ms, 1ms, 30000ms}) out.push_back({true, kBefore, t0 + left, woke});
    }
    return out;
}

TEST(SleepTable, every_event_in_every_state_keeps_the_rules) {
    int cells = 0;
    for (const SleepState& state : states())
        for (const SleepEvent event : kSleepEvents)
            for (const Duration unseen :
                 {Duration(-3ms), Duration(0ms), Duration(499ms), Duration(500ms), Duration(10h)}) {
                SCOPED_TRACE(std::string(state.parked ? "parked, " : "awake, ") + std::string(to_string(event)) + ", " +
                             std::to_string(unseen.count()));
                const SleepStep got = step(state, event, t0, kBefore + unseen);
                EXPECT_EQ(broken_in(state, event, t0, kBefore + unseen, got), "");
                ++cells;
            }
    EXPECT_EQ(cells, 25 * 4 * 5);
}

}  // namespace
}  // namespace memdb::host
