#include "client/notify_tracker.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TimePoint kStart{1000s};

auto says(const std::string& summary) { return ElementsAre(Field(&Notice::summary, summary)); }

control::Snapshot good() { return snapshot_of({reachable_profile()}); }
control::Snapshot bad() { return snapshot_of({unreachable_profile()}); }

control::Snapshot ending_in(std::int64_t days, std::string state = "expiring") {
    auto profile = reachable_profile();
    profile.credential->days_left = days;
    profile.credential->state = std::move(state);
    return snapshot_of({profile});
}

TEST(NotifyTracker, a_loss_is_told_when_it_has_lasted_and_only_once) {
    NotifyTracker tracker;
    EXPECT_THAT(tracker.see(good(), kStart), IsEmpty());
    EXPECT_THAT(tracker.see(bad(), kStart + 1s), IsEmpty());
    EXPECT_EQ(tracker.next(kStart + 1s), kStart + 31s);
    EXPECT_THAT(tracker.see(bad(), kStart + 30s), IsEmpty());
    const auto told = tracker.see(bad(), kStart + 31s);
    ASSERT_THAT(told, says("demo is not reachable"));
    EXPECT_TRUE(told.front().urgent);
    EXPECT_THAT(told.front().body, HasSubstr("6 of 6 nodes silent on TCP 6379"));
    EXPECT_THAT(told.front().body, HasSubstr("security group"));
    EXPECT_THAT(tracker.see(bad(), kStart + 10min), IsEmpty());
    EXPECT_THAT(tracker.see(bad(), kStart + 25h), IsEmpty());
}

TEST(NotifyTracker, a_blip_is_no_news) {
    NotifyTracker tracker;
    (void)tracker.see(bad(), kStart);
    EXPECT_THAT(tracker.see(good(), kStart + 29s), IsEmpty());
    EXPECT_THAT(tracker.see(bad(), kStart + 31s), IsEmpty());  // the 30 s begin anew
    EXPECT_THAT(tracker.see(bad(), kStart + 61s), says("demo is not reachable"));
}

TEST(NotifyTracker, going_from_unreachable_to_connecting_is_the_same_loss) {
    auto connecting = reachable_profile();
    connecting.verdict = health::Verdict::connecting;
    NotifyTracker tracker;
    (void)tracker.see(bad(), kStart);
    EXPECT_THAT(tracker.see(snapshot_of({connecting}), kStart + 30s), says("demo is not reachable"));
    EXPECT_THAT(tracker.see(bad(), kStart + 90s), IsEmpty());
}

TEST(NotifyTracker, the_end_of_what_was_told_is_told_in_its_place) {
    NotifyTracker tracker;
    (void)tracker.see(bad(), kStart);
    const auto told = tracker.see(bad(), kStart + 30s);
    const auto over = tracker.see(good(), kStart + 3min);
    ASSERT_THAT(over, says("demo is reachable again"));
    EXPECT_EQ(over.front().about, told.front().about);
    EXPECT_EQ(over.front().body, "After 3 min");
    EXPECT_FALSE(over.front().urgent);
    EXPECT_THAT(tracker.see(good(), kStart + 4min), IsEmpty());
}

TEST(NotifyTracker, degraded_still_answers) {
    auto degraded = reachable_profile();
    degraded.verdict = health::Verdict::degraded;
    NotifyTracker tracker;
    (void)tracker.see(snapshot_of({degraded}), kStart);
    EXPECT_THAT(tracker.see(snapshot_of({degraded}), kStart + 1h), IsEmpty());
}

TEST(NotifyTracker, who_disconnects_knows_it) {
    auto stopped = reachable_profile();
    stopped.verdict = health::Verdict::stopped;
    stopped.wanted = control::Wanted::disconnected;
    NotifyTracker tracker;
    (void)tracker.see(snapshot_of({stopped}), kStart);
    EXPECT_THAT(tracker.see(snapshot_of({stopped}), kStart + 1h), IsEmpty());
    (void)tracker.see(bad(), kStart + 2h);
    EXPECT_THAT(tracker.see(bad(), kStart + 3h), says("demo is not reachable"));
    EXPECT_THAT(tracker.see(snapshot_of({stopped}), kStart + 4h), IsEmpty());
    EXPECT_THAT(tracker.see(good(), kStart + 5h), IsEmpty());  // not again: nobody waited for it
}

TEST(NotifyTracker, a_certificate_that_ends_is_told_once_a_day) {
    NotifyTracker tracker;
    EXPECT_THAT(tracker.see(ending_in(15, "valid"), kStart), IsEmpty());
    const auto first = tracker.see(ending_in(14), kStart + 1h);
    ASSERT_THAT(first, says("The certificate of demo expires in 14 days"));
    EXPECT_FALSE(first.front().urgent);
    EXPECT_THAT(first.front().body, HasSubstr("memdbctl rotate demo"));
    EXPECT_THAT(tracker.see(ending_in(14), kStart + 24h), IsEmpty());
    EXPECT_THAT(tracker.see(ending_in(13), kStart + 25h), says("The certificate of demo expires in 13 days"));
    EXPECT_THAT(tracker.see(ending_in(1), kStart + 50h), says("The certificate of demo expires in 1 day"));
    EXPECT_THAT(tracker.see(ending_in(0), kStart + 75h), says("The certificate of demo expires today"));
    EXPECT_THAT(tracker.see(ending_in(-1, "expired"), kStart + 100h), says("The certificate of demo has expired"));
}

TEST(NotifyTracker, a_new_certificate_begins_anew) {
    NotifyTracker tracker;
    EXPECT_THAT(tracker.see(ending_in(3), kStart), says("The certificate of demo expires in 3 days"));
    EXPECT_THAT(tracker.see(ending_in(300, "valid"), kStart + 1h), IsEmpty());
    EXPECT_THAT(tracker.see(ending_in(3), kStart + 2h), says("The certificate of demo expires in 3 days"));
}

TEST(NotifyTracker, an_agent_that_is_gone_is_told_and_its_return_too) {
    NotifyTracker tracker;
    (void)tracker.see(good(), kStart);
    EXPECT_THAT(tracker.miss(kStart + 1s), IsEmpty());
    EXPECT_EQ(tracker.next(kStart + 1s), kStart + 31s);
    EXPECT_THAT(tracker.miss(kStart + 31s), says("memdbd does not answer"));
    EXPECT_THAT(tracker.miss(kStart + 1h), IsEmpty());
    EXPECT_THAT(tracker.see(good(), kStart + 2h), says("memdbd answers again"));
}

TEST(NotifyTracker, looks_each_hour_when_nothing_happens) {
    NotifyTracker tracker;
    (void)tracker.see(good(), kStart);
    EXPECT_EQ(tracker.next(kStart), kStart + 1h);
}

}  // namespace
}  // namespace memdb::client
