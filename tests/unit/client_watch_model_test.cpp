#include "client/watch_model.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using support::kSeenAt;
using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;
using testing::ElementsAre;

control::ProfileView named(std::string name) {
    auto profile = reachable_profile();
    profile.name = std::move(name);
    return profile;
}

TEST(WatchModel, keys_are_letters_and_arrows) {
    using enum Key;
    EXPECT_THAT(decode_keys("qrd?jk"), ElementsAre(quit, reconnect, doctor, help, down, up));
    EXPECT_THAT(decode_keys("\x1b[A\x1b[B\x1bOC\x1b[D"), ElementsAre(up, down, next, previous));
    EXPECT_THAT(decode_keys("\x1b[5~\x1b[6~j"), ElementsAre(page_up, page_down, down));
    EXPECT_THAT(decode_keys("\x1b"), ElementsAre(other));
    EXPECT_THAT(decode_keys("\x1b["), ElementsAre(other, other));
    EXPECT_THAT(decode_keys("\xc3\xa4"), ElementsAre(other, other));
}

TEST(WatchModel, keys_ask_for_what_only_the_agent_or_the_terminal_can_do) {
    WatchModel model("");
    model.take(snapshot_of({reachable_profile()}));
    EXPECT_EQ(model.press(Key::quit), Asked::quit);
    EXPECT_EQ(model.press(Key::reconnect), Asked::reconnect);
    EXPECT_EQ(model.press(Key::doctor), Asked::doctor);
    EXPECT_EQ(model.press(Key::other), Asked::nothing);
}

TEST(WatchModel, help_is_left_by_any_key_which_does_nothing_else) {
    WatchModel model("");
    model.take(snapshot_of({reachable_profile()}));
    model.press(Key::help);
    EXPECT_TRUE(model.helps());
    EXPECT_EQ(model.press(Key::reconnect), Asked::nothing);
    EXPECT_FALSE(model.helps());
    model.press(Key::help);
    EXPECT_EQ(model.press(Key::quit), Asked::quit);
}

TEST(WatchModel, profiles_are_chosen_in_a_circle) {
    WatchModel model("b");
    model.take(snapshot_of({named("a"), named("b"), named("c")}));
    EXPECT_EQ(model.profile()->name, "b");
    model.press(Key::next);
    model.press(Key::next);
    EXPECT_EQ(model.profile()->name, "a");
    model.press(Key::previous);
    EXPECT_EQ(model.profile()->name, "c");
    model.take(snapshot_of({named("a")}));  // it was removed
    EXPECT_EQ(model.profile()->name, "a");
    model.take(snapshot_of({}));
    EXPECT_EQ(model.profile(), nullptr);
    model.press(Key::next);
}

TEST(WatchModel, scrolling_stays_within_the_nodes) {
    WatchModel model("");
    model.take(snapshot_of({reachable_profile()}));
    model.press(Key::up);
    EXPECT_EQ(model.scroll(), 0u);
    for (int i = 0; i < 20; ++i) model.press(Key::down);
    EXPECT_EQ(model.scroll(), 5u);
    model.press(Key::page_up);
    EXPECT_EQ(model.scroll(), 0u);
    model.press(Key::page_down);
    EXPECT_EQ(model.scroll(), 5u);
}

TEST(WatchModel, a_sample_is_a_ping_a_miss_or_nothing) {
    WatchModel model("");
    const std::string node = reachable_profile().clusters[0].nodes[0].name;
    model.take(snapshot_of({reachable_profile()}));
    model.sample();
    model.take(snapshot_of({unreachable_profile()}));
    model.sample();
    auto unknown = reachable_profile();
    unknown.clusters[0].nodes[0].state = control::NodeState::unknown;
    model.take(snapshot_of({unknown}));
    model.sample();
    EXPECT_THAT(model.samples(node), ElementsAre(Sample(700), Sample()));
    for (std::size_t i = 0; i < 2 * kSamplesKept; ++i) model.sample();
    EXPECT_EQ(model.samples(reachable_profile().clusters[0].nodes[1].name).size(), kSamplesKept);
    model.take(snapshot_of({named("other")}));
    EXPECT_TRUE(model.samples(node).empty());
}

TEST(WatchModel, what_was_lost_keeps_its_first_moment_until_the_agent_answers) {
    WatchModel model("");
    model.take(snapshot_of({reachable_profile()}));
    model.lose("gone", kSeenAt);
    model.lose("still gone", kSeenAt + 5s);
    EXPECT_EQ(model.lost()->first, "still gone");
    EXPECT_EQ(model.lost()->second, kSeenAt);
    EXPECT_EQ(model.profile()->name, "demo");
    model.sample();  // nothing is known: no column
    EXPECT_TRUE(model.samples(reachable_profile().clusters[0].nodes[0].name).empty());
    model.take(snapshot_of({reachable_profile()}));
    EXPECT_FALSE(model.lost());
}

TEST(WatchModel, the_log_is_bounded) {
    WatchModel model("");
    for (std::size_t i = 0; i < kLinesKept + 3; ++i) model.note(std::to_string(i));
    EXPECT_EQ(model.log().size(), kLinesKept);
    EXPECT_EQ(model.log().front(), "3");
}

}  // namespace
}  // namespace memdb::client
