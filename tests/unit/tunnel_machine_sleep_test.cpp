// What a sleep of the machine, or a step of its clock, means to a tunnel, story by story.
#include "tests/support/tunnel_stories.hpp"

#include <gtest/gtest.h>

namespace memdb::tunnel::stories {
namespace {

const Story kStories[] = {
    {"a_good_tunnel_is_kept",
     connected_then({{1s, SleepBegan{}, P::up, "sleep began", ""},
                     {2s, SleepEnded{1s}, P::up, "woke", ""},
                     {6999ms, D{}, P::up, "ignored", ""},
                     {7s, D{}, P::up, "heartbeat", "heartbeat"}}),
     "", ""},
    {"openvpn_restarts_by_its_clock_and_nobody_counts_it",
     connected_then({{1s, SleepBegan{}, P::up, "sleep began", ""},
                     {2s, SleepEnded{10h}, P::up, "woke", ""},
                     {2s, reconnecting("ping-restart"), P::handshaking, "openvpn restarts, by the clock", "resolve"},
                     {2s, HoldAsked{}, P::handshaking, "hold asked again", "release hold"},
                     {2010ms, kAuth, P::handshaking, "server answered", ""},
                     {2020ms, kConnected, P::up, "connected", ""}}),
     "", "wake"},
    {"its_restart_is_heard_before_the_word_of_the_wake",
     connected_then({{1s, SleepBegan{}, P::up, "sleep began", ""},
                     {2s, reconnecting("ping-restart"), P::handshaking, "openvpn restarts, by the clock", "resolve"},
                     {2s, SleepEnded{10h}, P::handshaking, "woke", ""},
                     {2s, HoldAsked{}, P::handshaking, "hold asked again", "release hold"},
                     {2020ms, kConnected, P::up, "connected", ""}}),
     "", "wake"},
    {"nobody_announced_it",
     connected_then(
         {{2s, SleepEnded{30s}, P::up, "woke", ""},
          {6999ms, reconnecting("ping-restart"), P::handshaking, "openvpn restarts, by the clock", "resolve"},
          {7s, HoldAsked{}, P::handshaking, "hold asked again", "release hold"},
          {8s, kConnected, P::up, "connected", ""}}),
     "", "wake"},
    {"a_loss_later_on_is_one",
     connected_then({{2s, SleepEnded{30s}, P::up, "woke", ""},
                     {7s, reconnecting("ping-restart"), P::handshaking, "openvpn restarts", "resolve"}}),
     "tunnel-silent", "tunnel-silent", 1, 1},
    {"what_the_server_wants_is_no_matter_of_clocks",
     connected_then(
         {{2s, SleepEnded{30s}, P::up, "woke", ""},
          {3s, reconnecting("server-pushed-connection-reset"), P::handshaking, "openvpn restarts", "resolve"}}),
     "", "server-pushed-connection-reset", 1, 1},
    {"an_old_certificate_is_not_used_again",
     connected_then({{1s, InputChanged{}, P::up, "input changed, for the next process", ""},
                     {2s, SleepEnded{30s}, P::up, "woke", ""},
                     {2s, reconnecting("ping-restart"), P::stopping,
                      "openvpn restarts, by the clock, with a new process", "terminate"},
                     {3s, ProcessExited{"status 0"}, P::starting, "openvpn ended", "resolve"}}),
     "", "wake", 0, 1},
    {"woke_without_a_network",
     connected_then({{1s, SleepBegan{}, P::up, "sleep began", ""},
                     {2s, SleepEnded{10h}, P::up, "woke", ""},
                     {2s, NetworkChanged{false}, P::up, "network lost", ""},
                     {3s, reconnecting("ping-restart"), P::stopping,
                      "openvpn restarts, by the clock, with a new process", "terminate"},
                     {4s, ProcessExited{"status 0"}, P::waiting, "openvpn ended", ""},
                     {60s, NetworkChanged{true}, P::starting, "network found", "resolve"}}),
     "network-offline", "wake", 0, 1},
    {"no_deadline_passes_in_a_sleep",
     connected_then({{5010ms, D{}, P::up, "heartbeat", "heartbeat"},
                     {6s, SleepBegan{}, P::up, "sleep began", ""},
                     {6500ms, SleepEnded{10h}, P::up, "woke", ""},
                     {9400ms, D{}, P::up, "ignored", ""},
                     {9500ms, HeartbeatAnswered{}, P::up, "heartbeat answered", ""}}),
     "", ""},
    {"an_openvpn_that_does_not_wake_is_still_replaced",
     connected_then({{5010ms, D{}, P::up, "heartbeat", "heartbeat"},
                     {6s, SleepEnded{10h}, P::up, "woke", ""},
                     {9s, D{}, P::stopping, "heartbeat unanswered", "kill"}}),
     "openvpn-hung", "openvpn-hung", 1, 0},
    {"a_long_sleep_in_an_attempt",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {1ms, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {4ms, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {1s, SleepEnded{10h}, P::stopping, "woke in an attempt", "terminate"},
      {2s, ProcessExited{"status 0"}, P::starting, "openvpn ended", "resolve"}},
     "",
     "",
     0,
     2},
    {"a_short_sleep_in_an_attempt",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {1ms, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {4ms, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {4s, SleepEnded{1s}, P::handshaking, "woke", ""},
      {9s, D{}, P::handshaking, "heartbeat", "heartbeat"},
      {9100ms, HeartbeatAnswered{}, P::handshaking, "heartbeat answered", ""},
      {12s, D{}, P::stopping, "server silent", "terminate"}},
     "endpoint-silent",
     "",
     0,
     1},
    {"a_sleep_in_a_look_up",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {1s, SleepBegan{}, P::starting, "sleep began", ""},
      {6s, SleepEnded{10h}, P::starting, "woke while resolving", "cancel resolve, resolve"}},
     "",
     "",
     0,
     2},
    {"a_step_of_the_clock_is_silence_to_openvpn_only",
     connected_then({{2s, ClockStepped{}, P::up, "clock stepped", ""},
                     {3s, reconnecting("ping-restart"), P::handshaking, "openvpn restarts, by the clock", "resolve"},
                     {3s, HoldAsked{}, P::handshaking, "hold asked again", "release hold"},
                     {4s, kConnected, P::up, "connected", ""}}),
     "", "clock-jumped"},
    {"a_step_of_the_clock_in_an_attempt",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {1ms, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {4ms, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {1s, ClockStepped{}, P::handshaking, "clock stepped", ""},
      {2s, reconnecting("tls-error"), P::stopping, "attempt ended by the clock", "terminate"}},
     "",
     "",
     0,
     1},
};

struct TunnelSleepStory : testing::TestWithParam<Story> {};

TEST_P(TunnelSleepStory, is_told) { run_story(GetParam()); }
INSTANTIATE_TEST_SUITE_P(All, TunnelSleepStory, testing::ValuesIn(kStories),
                         [](const auto& story) { return story.param.name; });

TEST(TunnelSleep, a_tunnel_that_fell_down_before_is_not_made_to_wait_by_a_sleep) {
    TunnelState state = run({}, {ConnectRequested{}, kResolved, HoldAsked{}, kConnected}, t0);
    state.failed = 7;
    const Step lost = step(run(state, {SleepEnded{30s}}, t0 + 1s), reconnecting("ping-restart"), t0 + 1s, 1.0, {});
    EXPECT_EQ(lost.state.phase, Phase::handshaking);
    EXPECT_EQ(lost.state.failed, 7U);
    EXPECT_TRUE(lost.state.losses.empty());
}

TEST(TunnelSleep, the_link_is_silent_from_the_wake_on_and_not_before) {
    TunnelState state = run({}, {ConnectRequested{}, kResolved, HoldAsked{}, kConnected}, t0);
    state = run(state, {SleepEnded{10h}}, t0 + 4s);
    EXPECT_EQ(state.link_grew_at, t0 + 4s);
}

}  // namespace
}  // namespace memdb::tunnel::stories
