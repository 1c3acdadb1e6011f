// Stories of the tunnel machine: what the network under it and the agent above it do to a tunnel.
#include "tests/support/tunnel_stories.hpp"

using namespace memdb;
using namespace memdb::tunnel;
using namespace memdb::tunnel::stories;

namespace {

ReconnectRequested silent(std::optional<ServerAddress> server = {}) {
    return {"tunnel-silent", false, Cause::tunnel_silent, "no answer", std::move(server)};
}

// clang-format off
const Story kStories[] = {
    {"a_silent_tunnel_is_given_up_for_the_next_address",
     connected_then({{60s, silent(), P::stopping, "given up by the agent", "terminate"},
                     {60s, ProcessExited{"signal 15"}, P::starting, "openvpn ended", "resolve"},
                     {60s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.3:443"}}), "tunnel-silent", "tunnel-silent", 1, 1},
    {"the_address_that_answered_is_tried_first",
     connected_then({{60s, silent(ServerAddress{"192.0.2.9", 443}), P::stopping, "given up by the agent", "terminate"},
                     {60s, ProcessExited{"signal 15"}, P::starting, "openvpn ended", "resolve"},
                     {60s, EndpointResolved{{kOne, kTwo, {"192.0.2.9", 443}}}, P::starting, "endpoint resolved", "spawn 192.0.2.9:443"}}),
     "tunnel-silent", "tunnel-silent", 1, 1},
    {"an_address_that_the_endpoint_no_longer_has_is_not_tried",
     connected_then({{60s, silent(ServerAddress{"192.0.2.9", 443}), P::stopping, "given up by the agent", "terminate"},
                     {60s, ProcessExited{"signal 15"}, P::starting, "openvpn ended", "resolve"},
                     {60s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.3:443"}}), "tunnel-silent", "tunnel-silent", 1, 1},
    {"silent_again_and_again_backs_off",
     connected_then({{5s, silent(), P::stopping, "given up by the agent", "terminate"},
                     {5s, ProcessExited{"signal 15"}, P::starting, "openvpn ended", "resolve"},
                     {5s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.3:443"},
                     {5s, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
                     {5s, kConnected, P::up, "connected", ""},
                     {9s, silent(), P::stopping, "given up by the agent", "terminate"},
                     {9s, ProcessExited{"signal 15"}, P::waiting, "openvpn ended", ""},
                     {9500ms, D{}, P::starting, "retry", "resolve"}}), "tunnel-silent", "tunnel-silent", 2, 1},
    {"a_wish_of_the_agent_while_not_up_is_nothing_new",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {1s, silent(), P::starting, "ignored", ""}}, "", "", 0, 1},
    {"an_offline_laptop_makes_no_attempt_until_it_has_a_network",
     {{0s, NetworkChanged{false}, P::stopped, "network lost", ""},
      {1s, ConnectRequested{}, P::waiting, "no network, no attempt", ""},
      {2s, D{}, P::waiting, "ignored", ""},
      {1h, D{}, P::waiting, "ignored", ""},
      {1h, NetworkChanged{true}, P::starting, "network found", "resolve"}}, "network-offline", "", 0, 1},
    {"an_attempt_ends_with_the_network",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {0s, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {1s, NetworkChanged{false}, P::stopping, "network lost", "terminate"},
      {1s, ProcessExited{"signal 15"}, P::waiting, "openvpn ended", ""},
      {2s, NetworkChanged{true}, P::starting, "network found", "resolve"}}, "network-offline", "", 0, 2},
    {"a_short_loss_of_the_network_is_survived",
     connected_then({{60s, NetworkChanged{false}, P::up, "network lost", ""},
                     {63s, NetworkChanged{true}, P::up, "network found", ""}}), "", "", 0, 0},
    {"a_long_loss_of_the_network_ends_the_process_and_nothing_is_tried",
     connected_then({{60s, NetworkChanged{false}, P::up, "network lost", ""},
                     {80s, reconnecting("ping-restart"), P::stopping, "openvpn restarts without a network", "terminate"},
                     {80s, ProcessExited{"signal 15"}, P::waiting, "openvpn ended", ""},
                     {2h, D{}, P::waiting, "ignored", ""},
                     {2h, NetworkChanged{true}, P::starting, "network found", "resolve"}}), "network-offline", "tunnel-silent", 1, 1},
    {"another_network_makes_a_wait_senseless",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {1s, EndpointUnresolved{"no"}, P::starting, "endpoint unresolved", "resolve"},
      {1s, EndpointUnresolved{"no"}, P::waiting, "endpoint unresolved", ""},
      {1100ms, NetworkChanged{true}, P::starting, "network found", "resolve"}}, "endpoint-name-unresolved", "", 0, 3},
    {"another_network_while_nothing_has_come_back_begins_anew",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {0s, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {2s, NetworkChanged{true}, P::stopping, "network found", "terminate"},
      {2s, ProcessExited{"signal 15"}, P::starting, "openvpn ended", "resolve"}}, "", "", 0, 2},
    {"a_changed_network_does_not_touch_a_tunnel_that_is_up",
     connected_then({{60s, NetworkChanged{true}, P::up, "ignored", ""}}), "", "", 0, 0},
    {"a_server_that_answers_again_ends_the_wait",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {1s, EndpointUnresolved{"no"}, P::starting, "endpoint unresolved", "resolve"},
      {1s, EndpointUnresolved{"no"}, P::waiting, "endpoint unresolved", ""},
      {1200ms, ServerAnswered{kTwo}, P::starting, "the server answers again", "resolve"},
      {1201ms, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.3:443"}}, "endpoint-name-unresolved", "", 0, 3},
    {"a_hung_openvpn_is_replaced_soon_when_the_nodes_are_silent",
     connected_then({{4s, CheckRequested{}, P::up, "heartbeat", "heartbeat"},
                     {4100ms, CheckRequested{}, P::up, "ignored", ""},
                     {5499ms, D{}, P::up, "ignored", ""},
                     {5500ms, D{}, P::stopping, "heartbeat unanswered", "kill"}}), "openvpn-hung", "openvpn-hung", 1, 0},
    {"an_openvpn_that_answers_the_check_is_left_alone",
     connected_then({{4s, CheckRequested{}, P::up, "heartbeat", "heartbeat"},
                     {4001ms, HeartbeatAnswered{}, P::up, "heartbeat answered", ""},
                     {6s, D{}, P::up, "ignored", ""}}), "", "", 0, 0},
    {"a_heartbeat_that_is_out_becomes_urgent",
     connected_then({{5010ms, D{}, P::up, "heartbeat", "heartbeat"},
                     {5100ms, CheckRequested{}, P::up, "heartbeat is urgent now", ""},
                     {6600ms, D{}, P::stopping, "heartbeat unanswered", "kill"}}), "openvpn-hung", "openvpn-hung", 1, 0},
    {"another_profile_in_the_way_blocks",
     connected_then({{60s, Forbidden{Cause::profile_overlap, "10.20.0.0/16 is also other's"}, P::stopping, "forbidden", "terminate"},
                     {60s, ProcessExited{"signal 15"}, P::blocked, "openvpn ended", ""},
                     {90s, InputChanged{}, P::starting, "input changed", "resolve"}}), "", "", 0, 1},
    {"a_session_that_the_server_ended_is_no_crash",
     connected_then({{60s, state_line(OpenvpnState::exiting, "server-pushed-halt"), P::up, "openvpn says why it ends", ""},
                     {60s, ManagementLost{"closed"}, P::stopping, "management lost", "terminate"},
                     {60s, ProcessExited{"status 0"}, P::starting, "openvpn ended", "resolve"}}), "", "server-pushed-halt", 1, 1},
    {"somebody_elses_sigterm_is_a_crash",
     connected_then({{60s, state_line(OpenvpnState::exiting, "SIGTERM"), P::up, "ignored", ""},
                     {60s, ProcessExited{"status 0"}, P::starting, "openvpn ended by itself", "resolve"}}), "openvpn-crashed", "openvpn-crashed", 1, 1},
    {"a_restart_in_place_at_an_address_that_is_gone_moves_on",
     connected_then({{60s, reconnecting("connection-reset"), P::handshaking, "openvpn restarts", "resolve"},
                     {60s, HoldAsked{}, P::handshaking, "hold asked again", "release hold"},
                     {60s, EndpointResolved{{kTwo}}, P::stopping, "the endpoint has moved", "terminate"},
                     {60s, ProcessExited{"signal 15"}, P::starting, "openvpn ended", "resolve"},
                     {60s, EndpointResolved{{kTwo}}, P::starting, "endpoint resolved", "spawn 192.0.2.3:443"}}), "", "connection-reset", 1, 2},
    {"a_restart_in_place_that_is_answered_stays",
     connected_then({{60s, reconnecting("connection-reset"), P::handshaking, "openvpn restarts", "resolve"},
                     {60s, HoldAsked{}, P::handshaking, "hold asked again", "release hold"},
                     {60s, kAuth, P::handshaking, "server answered", ""},
                     {60s, EndpointResolved{{kTwo}}, P::handshaking, "addresses renewed", ""},
                     {60s, kConnected, P::up, "connected", ""}}), "", "connection-reset", 1, 0},
};
// clang-format on

class TunnelNetworkStory : public testing::TestWithParam<Story> {};

TEST_P(TunnelNetworkStory, runs_as_told) { run_story(GetParam()); }

INSTANTIATE_TEST_SUITE_P(tunnel, TunnelNetworkStory, testing::ValuesIn(kStories),
                         [](const auto& story) { return std::string(story.param.name); });

TEST(TunnelMachine, calls_four_losses_in_ten_minutes_flapping_and_does_not_forget_them) {
    TunnelState s = run({}, {ConnectRequested{}, kResolved, HoldAsked{}, kConnected}, t0);
    TimePoint at = t0;
    for (std::size_t i = 0; i < kFlapLosses; ++i) {
        EXPECT_FALSE(is_flapping(s, at));
        at += 70s;  // stable each time
        s = run(s, {HeartbeatAnswered{}, DeadlinePassed{}, HeartbeatAnswered{}, DeadlinePassed{}, HeartbeatAnswered{}},
                at);
        s = run(s, {ProcessExited{"signal 9"}}, at);
        if (s.phase == Phase::waiting) s = run(s, {DeadlinePassed{}}, *s.retry_at);
        s = run(s, {kResolved, HoldAsked{}, kConnected}, at);
        ASSERT_EQ(s.phase, Phase::up);
    }
    EXPECT_TRUE(is_flapping(s, at));
    EXPECT_EQ(flapping_until(s, at), t0 + 70s + kFlapWindow);
    const unsigned failed = s.failed;
    s = run(s, {DeadlinePassed{}, HeartbeatAnswered{}, DeadlinePassed{}}, at + 61s);
    EXPECT_EQ(s.failed, failed) << "a minute of up is not enough now";
    s = run(s, {DeadlinePassed{}, HeartbeatAnswered{}, DeadlinePassed{}}, t0 + 70s + kFlapWindow);
    EXPECT_EQ(s.failed, 0U);
    EXPECT_FALSE(is_flapping(s, t0 + 70s + kFlapWindow));
}

TEST(TunnelMachine, what_a_person_asks_for_is_no_loss) {
    TunnelState s = run({}, {ConnectRequested{}, kResolved, HoldAsked{}, kConnected}, t0);
    for (int i = 0; i < 9; ++i) s = run(s, {ReconnectRequested{"request"}, HoldAsked{}, kConnected}, t0 + 1s);
    EXPECT_FALSE(is_flapping(s, t0 + 1s));
    EXPECT_EQ(s.restarts, 0U);
}

TEST(TunnelMachine, knows_what_was_pushed_until_the_process_is_gone) {
    TunnelState s = run({}, {ConnectRequested{}, kResolved, HoldAsked{}}, t0);
    PushedOptions options;
    options.ping = 1s;
    s = run(s, {OptionsPushed{options}, kConnected}, t0);
    EXPECT_EQ(s.pushed, options);
    EXPECT_EQ(s.addresses, kResolved.addresses);
    s = run(s, {reconnecting("ping-restart"), HoldAsked{}, kConnected}, t0 + 1min);
    EXPECT_EQ(s.pushed, options);
    s = run(s, {ProcessExited{"signal 9"}}, t0 + 2min);
    EXPECT_FALSE(s.pushed);
}

}  // namespace
