// Every state (with its sub-states) and every event of the tunnel machine: what its table and its invariants run over.
#pragma once

#include "tunnel/tunnel_machine.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::tunnel::cells {

inline constexpr TimePoint t0{1h};
inline const ServerAddress kOne{"192.0.2.1", 443};
inline const ServerAddress kTwo{"192.0.2.3", 443};

/// The state that `events` lead to from `stopped`, one millisecond apart, the last one at t0.
inline TunnelState after(std::initializer_list<TunnelEvent> events) {
    TunnelState state;
    auto at = t0 - Duration(static_cast<Duration::rep>(events.size()) - 1);
    for (const TunnelEvent& event : events) {
        state = step(state, event, at, 1.0, TunnelTimings{}).state;
        at += 1ms;
    }
    return state;
}

inline StateChanged state_line(OpenvpnState state, std::string detail = {}) {
    StateLine line;
    line.state = state;
    line.detail = std::move(detail);
    line.tun_ip = state == OpenvpnState::connected ? "10.0.0.2" : "";
    return {line};
}

inline const StateChanged kConnected = state_line(OpenvpnState::connected, "SUCCESS");
inline const StateChanged kReconnecting = state_line(OpenvpnState::reconnecting, "ping-restart");
inline const EndpointResolved kResolved{{kOne, kTwo}};

inline const ProcessFound kFound{.pid = 4711,
                                 .server = kOne,
                                 .device = "tun7",
                                 .pushed = PushedOptions{.ping = 1s},
                                 .connected_at = t0 - 30min,
                                 .session_from = WallTime(1'000s),
                                 .restarts = 2,
                                 .losses = {t0 - 50min, t0 - 40min},
                                 .last_restart_cause = "tunnel-silent"};
/// What openvpn says when it was asked, and since when it is so by its clock.
inline Resynchronised state_since(std::chrono::seconds at) {
    StateLine line = kConnected.line;
    line.time = at.count();
    return {line};
}

struct NamedState {
    std::string_view name;
    TunnelState state;
};

inline const std::vector<NamedState>& states() {
    static const std::vector<NamedState> all = {
        {"stopped", {}},
        {"resolving", after({ConnectRequested{}})},
        {"spawned", after({ConnectRequested{}, kResolved})},
        {"adopting", after({kFound})},
        {"handshaking", after({ConnectRequested{}, kResolved, HoldAsked{}})},
        {"hold due", after({ConnectRequested{}, kResolved, HoldAsked{}, kConnected, kReconnecting})},
        {"up", after({ConnectRequested{}, kResolved, HoldAsked{}, kConnected})},
        {"up, stale", after({ConnectRequested{}, kResolved, HoldAsked{}, kConnected, InputChanged{}})},
        {"up, offline", after({ConnectRequested{}, kResolved, HoldAsked{}, kConnected, NetworkChanged{false}})},
        {"up, asleep", after({ConnectRequested{}, kResolved, HoldAsked{}, kConnected, SleepBegan{}})},
        {"up, woke", after({ConnectRequested{}, kResolved, HoldAsked{}, kConnected, SleepEnded{10h}})},
        {"waiting, asleep",
         after({ConnectRequested{}, EndpointUnresolved{"no"}, EndpointUnresolved{"no"}, SleepBegan{}})},
        {"waiting", after({ConnectRequested{}, EndpointUnresolved{"no"}, EndpointUnresolved{"no"}})},
        {"waiting, offline", after({ConnectRequested{}, NetworkChanged{false}})},
        {"stopping", after({ConnectRequested{}, kResolved, DisconnectRequested{}})},
        {"stopping, restart", after({ConnectRequested{}, kResolved, HoldAsked{}, ManagementLost{"closed"}})},
        {"stopping, blocked", after({ConnectRequested{}, kResolved, FaultSeen{Cause::config_refused, "x"}})},
        {"stopping, killed",
         [] {
             TunnelState state = after({ConnectRequested{}, kResolved, DisconnectRequested{}});
             return step(state, DeadlinePassed{}, t0 + 3s, 1.0, TunnelTimings{}).state;
         }()},
        {"blocked", after({ConnectRequested{}, kResolved, SpawnFailed{Cause::openvpn_missing, "ENOENT"}})},
    };
    return all;
}

struct NamedEvent {
    std::string_view name;
    TunnelEvent event;
};

inline const std::vector<NamedEvent>& events() {
    static const std::vector<NamedEvent> all = {
        {"connect", ConnectRequested{}},
        {"disconnect", DisconnectRequested{}},
        {"reconnect, asked", ReconnectRequested{"request", true}},
        {"reconnect, unasked", ReconnectRequested{"tunnel-silent", false, Cause::tunnel_silent, "no answer", kTwo}},
        {"input changed", InputChanged{}},
        {"network lost", NetworkChanged{false}},
        {"network changed", NetworkChanged{true}},
        {"server answered", ServerAnswered{kTwo}},
        {"sleep began", SleepBegan{}},
        {"sleep ended", SleepEnded{10h}},
        {"no sleep", SleepEnded{}},
        {"clock stepped", ClockStepped{}},
        {"check", CheckRequested{}},
        {"forbidden", Forbidden{Cause::profile_overlap, "x"}},
        {"resolved", kResolved},
        {"resolved to nothing", EndpointResolved{}},
        {"unresolved", EndpointUnresolved{"NXDOMAIN"}},
        {"spawn failed", SpawnFailed{Cause::openvpn_crashed, "EAGAIN"}},
        {"openvpn missing", SpawnFailed{Cause::openvpn_missing, "ENOENT"}},
        {"management opened", ManagementOpened{4711}},
        {"management lost", ManagementLost{"closed"}},
        {"found", kFound},
        {"resynchronised", state_since(1'000s)},
        {"resynchronised, anew", state_since(1'004s)},
        {"resynchronised, lost", Resynchronised{kReconnecting.line}},
        {"hold", HoldAsked{}},
        {"WAIT", state_line(OpenvpnState::wait)},
        {"AUTH", state_line(OpenvpnState::auth)},
        {"CONNECTED", kConnected},
        {"CONNECTED,ROUTE_ERROR", state_line(OpenvpnState::connected, "ROUTE_ERROR")},
        {"RECONNECTING", kReconnecting},
        {"EXITING", state_line(OpenvpnState::exiting, "SIGTERM")},
        {"EXITING,auth-failure", state_line(OpenvpnState::exiting, "auth-failure")},
        {"more bytes", ByteCounted{5000, 9}},
        {"options", OptionsPushed{{.ping = 1s}}},
        {"device", DeviceOpened{"tun7"}},
        {"soft fault", FaultSeen{Cause::network_offline, "x"}},
        {"untrusted", FaultSeen{Cause::server_cert_untrusted, "x"}},
        {"config refused", FaultSeen{Cause::config_refused, "x"}},
        {"auth failed", FaultSeen{Cause::auth_failed, "x"}},
        {"heartbeat answered", HeartbeatAnswered{}},
        {"exited", ProcessExited{"status 0"}},
        {"deadline", DeadlinePassed{}},
    };
    return all;
}

/// A deadline comes when it is due, everything else a few seconds later than the state.
inline TimePoint moment(const TunnelState& state, const TunnelEvent& event) {
    return std::holds_alternative<DeadlinePassed>(event) ? next_deadline(state).value_or(t0 + 4s) : t0 + 4s;
}

inline Step cell(const TunnelState& state, const TunnelEvent& event, double jitter01 = 1.0) {
    return step(state, event, moment(state, event), jitter01, TunnelTimings{});
}

inline constexpr std::size_t kCells = 817;

}  // namespace memdb::tunnel::cells
