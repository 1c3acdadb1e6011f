#include "history/span_tracker.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace memdb::history {
namespace {

using control::Snapshot;
using support::kSeenAt;
using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;

constexpr TimePoint kStart{1h};

/// "verdict demo reachable 0..60 open": a span, in seconds from the beginning.
std::string show(const Span& span) {
    const char* const kinds[] = {"verdict", "phase", "finding"};
    return std::string(kinds[static_cast<int>(span.kind)]) + " " + (span.profile.empty() ? "-" : span.profile) + " " +
           span.word + " " + std::to_string((span.began - kSeenAt) / 1s) + ".." +
           std::to_string((span.ended - kSeenAt) / 1s) + (span.open ? " open" : "");
}

std::vector<std::string> shown(SpanTracker& tracker) {
    std::vector<std::string> out;
    for (const Span& span : tracker.take()) out.push_back(show(span));
    return out;
}

struct Watched {
    SpanTracker tracker;
    /// Both clocks go together.
    bool see(const Snapshot& snapshot, Duration at) { return tracker.observe(snapshot, kStart + at, kSeenAt + at); }
};

using testing::UnorderedElementsAre;

TEST(SpanTracker, a_look_begins_spans_and_the_next_moves_their_ends) {
    Watched w;
    EXPECT_FALSE(w.tracker.is_watching());
    EXPECT_TRUE(w.see(snapshot_of({reachable_profile()}), 0s));
    EXPECT_FALSE(w.see(snapshot_of({reachable_profile()}), 60s)) << "no news";
    EXPECT_THAT(shown(w.tracker),
                UnorderedElementsAre("verdict demo reachable 0..60 open", "phase demo up 0..60 open"));
    w.tracker.go_on(kStart + 90s, kSeenAt + 90s);
    EXPECT_THAT(shown(w.tracker), testing::Contains("verdict demo reachable 0..90 open"));
}

TEST(SpanTracker, another_verdict_ends_the_one_before) {
    Watched w;
    w.see(snapshot_of({reachable_profile()}), 0s);
    EXPECT_TRUE(w.see(snapshot_of({unreachable_profile()}), 10s));
    const auto spans = shown(w.tracker);
    EXPECT_THAT(spans, testing::Contains("verdict demo reachable 0..10"));
    EXPECT_THAT(spans, testing::Contains("verdict demo unreachable 10..10 open"));
    EXPECT_THAT(spans, testing::Contains("finding demo port-filtered 10..10 open"));
    EXPECT_TRUE(w.see(snapshot_of({reachable_profile()}), 30s));
    EXPECT_THAT(shown(w.tracker), testing::Contains("finding demo port-filtered 10..30"));
}

TEST(SpanTracker, a_finding_whose_sentence_changes_stays_one) {
    Watched w;
    control::ProfileView profile = unreachable_profile();
    w.see(snapshot_of({profile}), 0s);
    profile.findings[0].summary = "5 of 6 nodes are silent";
    EXPECT_FALSE(w.see(snapshot_of({profile}), 5s));
    const auto spans = w.tracker.take();
    const auto finding = std::ranges::find(spans, SpanKind::finding, &Span::kind);
    ASSERT_NE(finding, spans.end());
    EXPECT_EQ(finding->detail, "5 of 6 nodes are silent");
    EXPECT_EQ(finding->began, kSeenAt);
}

TEST(SpanTracker, a_profile_that_is_gone_ends) {
    Watched w;
    w.see(snapshot_of({reachable_profile()}), 0s);
    EXPECT_TRUE(w.see(snapshot_of({}), 7s));
    EXPECT_THAT(shown(w.tracker), UnorderedElementsAre("verdict demo reachable 0..7", "phase demo up 0..7"));
    EXPECT_FALSE(w.tracker.is_watching());
}

TEST(SpanTracker, a_sleep_is_not_watched) {
    Watched w;
    w.see(snapshot_of({reachable_profile()}), 0s);
    w.tracker.take();
    w.tracker.observe(snapshot_of({reachable_profile()}), kStart + 10s, kSeenAt + 8h);
    const auto spans = shown(w.tracker);
    EXPECT_THAT(spans, testing::Contains("verdict demo reachable 0..10"));
    EXPECT_THAT(spans, testing::Contains("verdict demo reachable 28800..28800 open"));
}

TEST(SpanTracker, a_clock_that_is_set_back_makes_no_negative_span) {
    Watched w;
    w.see(snapshot_of({reachable_profile()}), 0s);
    w.tracker.observe(snapshot_of({reachable_profile()}), kStart + 10s, kSeenAt - 1h);
    for (const Span& span : w.tracker.take()) EXPECT_GE(span.ended, span.began) << show(span);
    w.tracker.observe(snapshot_of({reachable_profile()}), kStart + 20s, kSeenAt - 1h + 10s);
    EXPECT_THAT(shown(w.tracker), testing::Contains("verdict demo reachable -3600..-3590 open"));
}

TEST(SpanTracker, a_drift_is_no_jump) {
    Watched w;
    w.see(snapshot_of({reachable_profile()}), 0s);
    w.tracker.observe(snapshot_of({reachable_profile()}), kStart + 60s, kSeenAt + 62s);
    EXPECT_THAT(shown(w.tracker), testing::Contains("verdict demo reachable 0..62 open"));
}

TEST(SpanTracker, the_end_leaves_nothing_open) {
    Watched w;
    w.see(snapshot_of({unreachable_profile()}), 0s);
    w.tracker.end();
    for (const Span& span : w.tracker.take()) EXPECT_FALSE(span.open) << show(span);
    EXPECT_TRUE(w.tracker.take().empty());
}

TEST(SpanTracker, keys_are_never_used_twice) {
    Watched w;
    std::vector<std::uint64_t> keys;
    for (int i = 0; i < 10; ++i) {
        w.see(snapshot_of({i % 2 == 0 ? reachable_profile() : unreachable_profile()}), i * 1s);
        for (const Span& span : w.tracker.take())
            if (!span.open) keys.push_back(span.key);
    }
    std::ranges::sort(keys);
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
}

TEST(SpanTracker, what_nobody_takes_is_bounded) {
    Watched w;
    const Snapshot good = snapshot_of({reachable_profile()}), bad = snapshot_of({unreachable_profile()});
    for (int i = 0; i < 2500; ++i) w.see(i % 2 == 0 ? good : bad, i * 1s);  // two spans end each time
    EXPECT_LT(w.tracker.take().size(), 4200u);
}

}  // namespace
}  // namespace memdb::history
