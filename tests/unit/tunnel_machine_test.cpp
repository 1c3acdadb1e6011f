// Stories of the tunnel machine. The whole table is in tunnel_machine_table_test.cpp; what the network under it and
// the agent above it do to the tunnel is in tunnel_machine_network_test.cpp.
#include "tests/support/tunnel_stories.hpp"

using namespace memdb;
using namespace memdb::tunnel;
using namespace memdb::tunnel::stories;

namespace {

// clang-format off
const Story kStories[] = {
    {"connects_and_forgets_nothing_it_needs",
     connected_then({{5010ms, D{}, P::up, "heartbeat", "heartbeat"},
                     {5011ms, HeartbeatAnswered{}, P::up, "heartbeat answered", ""},
                     {6s, ByteCounted{3000, 2000}, P::up, "bytes counted", ""}}), "", ""},
    {"a_silent_endpoint_is_left_after_eight_seconds_for_the_next_address",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {0s, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {0s, kWait, P::handshaking, "ignored", ""},
      {1s, ByteCounted{0, 54}, P::handshaking, "bytes counted", ""},
      {5s, D{}, P::handshaking, "heartbeat", "heartbeat"},
      {5001ms, HeartbeatAnswered{}, P::handshaking, "heartbeat answered", ""},
      {7999ms, D{}, P::handshaking, "ignored", ""},
      {8s, D{}, P::stopping, "server silent", "terminate"},
      {8010ms, ProcessExited{"status 0"}, P::starting, "openvpn ended", "resolve"},
      {8020ms, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.3:443"}}, "endpoint-silent", "", 0, 2},
    {"a_packet_from_the_server_gives_an_attempt_more_time",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {0s, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {4s, ByteCounted{66, 54}, P::handshaking, "bytes counted", ""},
      {5s, D{}, P::handshaking, "heartbeat", "heartbeat"},
      {5s, HeartbeatAnswered{}, P::handshaking, "heartbeat answered", ""},
      {8s, D{}, P::handshaking, "ignored", ""},
      {10s, D{}, P::handshaking, "heartbeat", "heartbeat"},
      {10s, HeartbeatAnswered{}, P::handshaking, "heartbeat answered", ""},
      {12s, D{}, P::stopping, "server silent", "terminate"}}, "handshake-rejected", "", 0, 1},
    {"a_rejecting_server_is_retried_with_growing_waits",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {0s, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {1s, kAuth, P::handshaking, "server answered", ""},
      {2s, reconnecting("tls-error"), P::stopping, "attempt ended by openvpn", "terminate"},
      {2s, ProcessExited{"status 0"}, P::starting, "openvpn ended", "resolve"},
      {2s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.3:443"},
      {2s, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {3s, kAuth, P::handshaking, "server answered", ""},
      {4s, reconnecting("tls-error"), P::stopping, "attempt ended by openvpn", "terminate"},
      {4s, ProcessExited{"status 0"}, P::waiting, "openvpn ended", ""},
      {4499ms, D{}, P::waiting, "ignored", ""},
      {4500ms, D{}, P::starting, "retry", "resolve"},
      {4500ms, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"}}, "handshake-rejected", "", 0, 3},
    {"a_killed_openvpn_is_replaced_at_once_at_the_same_address",
     connected_then({{60s, ManagementLost{"closed"}, P::stopping, "management lost", "terminate"},
                     {60s, ProcessExited{"signal 9"}, P::starting, "openvpn ended", "resolve"},
                     {60s, EndpointResolved{{kTwo, kOne}}, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"}}),
     "openvpn-crashed", "openvpn-crashed", 1, 1},
    {"a_process_that_was_started_with_an_older_key_does_not_get_to_come_up",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {10ms, InputChanged{}, P::starting, "input changed, for the next process", ""},
      {10ms, ReconnectRequested{"key-rotation"}, P::stopping, "reconnect with a new process", "terminate"},
      {20ms, ProcessExited{"signal 15"}, P::starting, "openvpn ended", "resolve"}}, "", "key-rotation", 0, 2},
    {"an_exit_with_status_0_is_a_failure_too",
     connected_then({{60s, ProcessExited{"status 0"}, P::starting, "openvpn ended by itself", "resolve"},
                     {60s, ManagementLost{"closed"}, P::starting, "ignored", ""}}),
     "openvpn-crashed", "openvpn-crashed", 1, 1},
    {"one_that_never_dials_is_killed",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {1s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {5999ms, D{}, P::starting, "ignored", ""},
      {6s, D{}, P::stopping, "management limit passed", "kill"},
      {6s, ProcessExited{"signal 9"}, P::starting, "openvpn ended", "resolve"}}, "openvpn-hung", "", 0, 2},
    {"one_that_dials_and_says_nothing_is_killed",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {1s, ManagementOpened{4711}, P::starting, "management opened", ""},
      {5s, D{}, P::stopping, "management limit passed", "kill"}}, "openvpn-hung", "", 0, 1},
    {"garbage_on_the_management_socket_ends_the_process",
     connected_then({{60s, ManagementLost{"not openvpn: line of more than 4096 bytes"}, P::stopping, "management lost", "terminate"},
                     {63s, D{}, P::stopping, "kill", "kill"},
                     {63s, ProcessExited{"signal 9"}, P::starting, "openvpn ended", "resolve"}}),
     "openvpn-crashed", "openvpn-crashed", 1, 1},
    {"options_error_before_the_management_dial_blocks",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {1s, FaultSeen{Cause::config_refused, "Options error: x"}, P::stopping, "blocking fault", "terminate"},
      {1s, ProcessExited{"status 1"}, P::blocked, "openvpn ended", ""},
      {9s, D{}, P::blocked, "ignored", ""}}, "config-refused", "", 0, 1},
    {"auth_failed_blocks_until_somebody_connects_again",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {0s, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {1s, kAuth, P::handshaking, "server answered", ""},
      {2s, FaultSeen{Cause::auth_failed, "AUTH_FAILED"}, P::stopping, "blocking fault", "terminate"},
      {2s, ProcessExited{"status 0"}, P::blocked, "openvpn ended", ""},
      {9s, ConnectRequested{}, P::starting, "connect while blocked", "resolve"}}, "", "", 0, 1},
    {"a_rejection_read_after_the_connection_closed_still_blocks",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {1s, ManagementLost{"closed"}, P::stopping, "management lost", "terminate"},
      {1s, FaultSeen{Cause::no_net_admin, "TUNSETIFF"}, P::stopping, "cause seen late", ""},
      {1s, ProcessExited{"status 1"}, P::blocked, "openvpn ended", ""},
      {60s, InputChanged{}, P::starting, "input changed", "resolve"}}, "", "", 0, 1},
    {"openvpn_missing_blocks",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {0s, SpawnFailed{Cause::openvpn_missing, "no such file"}, P::blocked, "spawn failed", ""}}, "openvpn-missing", "", 0, 1},
    {"openvpns_own_ping_restart_is_released_at_once_then_leaves_for_the_next_address",
     connected_then({{60s, reconnecting("ping-restart"), P::handshaking, "openvpn restarts", "resolve"},
                     {60s, HoldAsked{}, P::handshaking, "hold asked again", "release hold"},
                     {65s, D{}, P::handshaking, "heartbeat", "heartbeat"},
                     {65s, HeartbeatAnswered{}, P::handshaking, "heartbeat answered", ""},
                     {68s, D{}, P::stopping, "server silent", "terminate"},
                     {68s, ProcessExited{"status 0"}, P::waiting, "openvpn ended", ""},
                     {68500ms, D{}, P::starting, "retry", "resolve"},
                     {68500ms, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.3:443"}}),
     "endpoint-silent", "tunnel-silent", 1, 2},
    {"a_tunnel_that_fell_silent_stays_the_reason_while_it_is_tried_again",
     connected_then({{60s, reconnecting("ping-restart"), P::handshaking, "openvpn restarts", "resolve"}}), "tunnel-silent", "tunnel-silent", 1, 1},
    {"a_tunnel_that_keeps_falling_down_waits_longer_each_time",
     connected_then({{1s, reconnecting("connection-reset"), P::handshaking, "openvpn restarts", "resolve"},
                     {1s, HoldAsked{}, P::handshaking, "hold asked again", "release hold"},
                     {1s, kConnected, P::up, "connected", ""},
                     {2s, reconnecting("connection-reset"), P::stopping, "openvpn restarts again", "terminate"},
                     {2s, ProcessExited{"status 0"}, P::waiting, "openvpn ended", ""},
                     {2400ms, D{}, P::waiting, "ignored", ""},
                     {2500ms, D{}, P::starting, "retry", "resolve"}}), "", "connection-reset", 2, 1},
    {"reconnect_on_request_restarts_in_place_and_is_not_counted",
     connected_then({{60s, ReconnectRequested{"request", true}, P::handshaking, "reconnect in place", "restart in place, resolve"},
                     {60s, reconnecting("SIGUSR1"), P::handshaking, "ignored", ""},
                     {60s, HoldAsked{}, P::handshaking, "hold asked again", "release hold"},
                     {60s, kConnected, P::up, "connected", ""}}), "", "request", 0, 0},
    {"reconnect_with_new_input_needs_a_new_process",
     connected_then({{60s, InputChanged{}, P::up, "input changed, for the next process", ""},
                     {60s, ReconnectRequested{"request", true}, P::stopping, "reconnect with a new process", "terminate"},
                     {61s, ProcessExited{"status 0"}, P::starting, "openvpn ended", "resolve"}}), "", "request", 0, 1},
    {"a_restart_in_place_that_never_reaches_the_hold_is_a_hang",
     connected_then({{60s, ReconnectRequested{"request", true}, P::handshaking, "reconnect in place", "restart in place, resolve"},
                     {65s, D{}, P::stopping, "management limit passed", "kill"}}), "openvpn-hung", "request", 0, 1},
    {"a_hung_openvpn_is_killed_eight_seconds_after_its_last_answer",
     connected_then({{5010ms, D{}, P::up, "heartbeat", "heartbeat"},
                     {8009ms, D{}, P::up, "ignored", ""},
                     {8010ms, D{}, P::stopping, "heartbeat unanswered", "kill"},
                     {8020ms, ProcessExited{"signal 9"}, P::starting, "openvpn ended", "resolve"}}),
     "openvpn-hung", "openvpn-hung", 1, 1},
    {"a_process_that_outlives_the_kill_is_given_up",
     connected_then({{60s, DisconnectRequested{}, P::stopping, "disconnect", "terminate"},
                     {63s, D{}, P::stopping, "kill", "kill"},
                     {64500ms, D{}, P::stopped, "openvpn outlived the kill", "abandon"}}), "", ""},
    {"an_unresolved_name_is_retried",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {1s, EndpointUnresolved{"no such name"}, P::starting, "endpoint unresolved", "resolve"},
      {6s, D{}, P::waiting, "resolve limit passed", "cancel resolve"},
      {6500ms, D{}, P::starting, "retry", "resolve"}}, "endpoint-name-unresolved", "", 0, 3},
    {"connected_with_errors_is_up_but_says_so",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
      {0s, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
      {1s, state_line(OpenvpnState::connected, "ROUTE_ERROR", "10.0.0.2"), P::up, "connected with errors", ""}}, "", ""},
    {"disconnect_while_a_restart_is_under_way_calls_it_off",
     connected_then({{60s, ManagementLost{"closed"}, P::stopping, "management lost", "terminate"},
                     {60s, DisconnectRequested{}, P::stopping, "restart called off", ""},
                     {60s, ProcessExited{"signal 9"}, P::stopped, "openvpn ended", ""}}), "", "openvpn-crashed", 1, 0},
    {"connect_while_stopping_starts_again_when_the_process_is_gone",
     connected_then({{60s, DisconnectRequested{}, P::stopping, "disconnect", "terminate"},
                     {60s, ConnectRequested{}, P::stopping, "connect after the stop", ""},
                     {61s, ProcessExited{"status 0"}, P::starting, "openvpn ended", "resolve"}}), "", "", 0, 1},
    {"disconnect_while_resolving_needs_no_process",
     {{0s, ConnectRequested{}, P::starting, "connect", "resolve"},
      {0s, DisconnectRequested{}, P::stopped, "disconnect while resolving", "cancel resolve"}}, "", ""},
};
// clang-format on

class TunnelStory : public testing::TestWithParam<Story> {};

TEST_P(TunnelStory, runs_as_told) { run_story(GetParam()); }

INSTANTIATE_TEST_SUITE_P(tunnel, TunnelStory, testing::ValuesIn(kStories),
                         [](const auto& story) { return std::string(story.param.name); });

TEST(TunnelMachine, keeps_what_the_snapshot_shows_of_a_tunnel_that_is_up) {
    TunnelState s = run({}, {ConnectRequested{}, kResolved, ManagementOpened{4711}, HoldAsked{}}, t0);
    s = run(s, {kAuth, DeviceOpened{"tun0"}, kConnected, ByteCounted{3000, 2000}}, t0 + 1s);
    EXPECT_EQ(s.openvpn_pid, 4711);
    EXPECT_EQ(s.device, "tun0");
    EXPECT_EQ(s.address, "10.0.0.2");
    EXPECT_EQ(to_string(*s.server), "192.0.2.1:443");
    EXPECT_EQ(s.bytes_in, 3000u);
    EXPECT_EQ(s.bytes_out, 2000u);
    EXPECT_EQ(s.since, t0 + 1s);
    EXPECT_EQ(s.connected_at, t0 + 1s);
    EXPECT_EQ(s.link_grew_at, t0 + 1s);
    s = run(s, {ByteCounted{3000, 2500}}, t0 + 9s);
    EXPECT_EQ(s.link_grew_at, t0 + 1s) << "only bytes from the server are a sign of life";
}

TEST(TunnelMachine, doubles_its_waits_up_to_a_minute_and_resets_after_a_minute_of_up) {
    TimePoint at = t0;
    TunnelState s = run({}, {ConnectRequested{}}, at);
    const Duration expected[] = {0s, 500ms, 1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s};
    for (const Duration wait : expected) {
        s = run(s, {EndpointUnresolved{"no"}}, at);
        if (s.phase == Phase::waiting) {
            EXPECT_EQ(*s.retry_at - at, wait);
            at = *s.retry_at;
            s = run(s, {DeadlinePassed{}}, at);
        } else {
            EXPECT_EQ(wait, 0s);
        }
        EXPECT_EQ(s.phase, Phase::starting);
    }
    s = run(s, {kResolved, HoldAsked{}, kConnected}, at);
    EXPECT_EQ(s.failed, 10u) << "a moment of up is no recovery";
    at += 60s;
    s = run(s, {DeadlinePassed{}, HeartbeatAnswered{}, DeadlinePassed{}}, at);
    EXPECT_EQ(s.failed, 0u);
    s = run(s, {ProcessExited{"status 1"}}, at);
    EXPECT_EQ(s.phase, Phase::starting) << "the first retry is made at once";
}

TEST(TunnelMachine, spreads_its_waits_by_the_jitter_it_is_given) {
    TunnelState s = run({}, {ConnectRequested{}, EndpointUnresolved{"no"}, EndpointUnresolved{"no"}}, t0);
    s = run(s, {DeadlinePassed{}}, *s.retry_at);
    const TimePoint at = t0 + 10s;
    EXPECT_EQ(*step(s, EndpointUnresolved{"no"}, at, 0.25, TunnelTimings{}).state.retry_at - at, 250ms);
}

TEST(TunnelMachine, gives_every_address_its_turn_before_it_repeats_one) {
    const std::vector<ServerAddress> addresses = {{"a", 1}, {"b", 1}, {"c", 1}};
    TunnelState s = run({}, {ConnectRequested{}}, t0);
    std::string order;
    for (int i = 0; i < 7; ++i) {
        s = run(s, {EndpointResolved{addresses}}, t0);
        order += s.server->address;
        s = run(s, {ProcessExited{"status 1"}}, t0);
        if (s.phase == Phase::waiting) s = run(s, {DeadlinePassed{}}, *s.retry_at);
    }
    EXPECT_EQ(order, "abcabca");
}

TEST(TunnelMachine, says_the_strongest_cause_it_has_seen) {
    TunnelState s = run({}, {ConnectRequested{}, kResolved, HoldAsked{}, kAuth}, t0);
    s = run(s, {FaultSeen{Cause::network_offline, "Network is unreachable"}}, t0);
    s = run(s, {FaultSeen{Cause::server_cert_untrusted, "VERIFY ERROR"}}, t0);
    s = run(s, {FaultSeen{Cause::endpoint_silent, "TLS handshake failed"}}, t0);
    s = run(s, {reconnecting("tls-error"), ProcessExited{"status 0"}}, t0);
    EXPECT_EQ(s.cause, Cause::server_cert_untrusted);
    EXPECT_EQ(s.evidence, "VERIFY ERROR");
}

TEST(TunnelMachine, does_not_blame_a_moment_without_network_days_later) {
    TunnelState s = run({}, {ConnectRequested{}, kResolved, HoldAsked{}, kConnected}, t0);
    s = run(s, {FaultSeen{Cause::network_offline, "Network is unreachable"}, ProcessExited{"signal 11"}}, t0 + 48h);
    EXPECT_EQ(s.cause, Cause::openvpn_crashed);
    EXPECT_EQ(s.evidence, "openvpn ended by itself: signal 11");
}

TEST(TunnelMachine, does_not_blame_the_end_that_it_asked_for) {
    const TunnelState s = run({},
                              {ConnectRequested{}, kResolved, ManagementLost{"not openvpn: a line is too long", true},
                               ProcessExited{"signal 15"}},
                              t0);
    EXPECT_EQ(s.cause, Cause::openvpn_crashed);
    EXPECT_EQ(s.evidence, "not openvpn: a line is too long");
    const TunnelState closed =
        run({}, {ConnectRequested{}, kResolved, ManagementLost{"closed"}, ProcessExited{"signal 11"}}, t0);
    EXPECT_EQ(closed.evidence, "openvpn ended by itself: signal 11");
    const TunnelState ended =
        run({}, {ConnectRequested{}, kResolved, ManagementLost{"closed"}, ProcessExited{"signal 15"}}, t0);
    EXPECT_EQ(ended.evidence, "closed");
}

TEST(TunnelMachine, a_session_that_the_server_ended_is_tried_again_before_it_blocks) {
    TunnelState s = run({}, {ConnectRequested{}, kResolved, HoldAsked{}, kConnected}, t0);
    s = run(s, {FaultSeen{Cause::auth_failed, "AUTH_FAILED"}, ProcessExited{"status 0"}}, t0 + 24h);
    EXPECT_EQ(s.phase, Phase::starting);
    EXPECT_EQ(s.last_restart_cause, "auth-failed");
}

}  // namespace
