// The whole table of the tunnel machine: every phase (with its sub-states) against every event, and what must hold in
// every cell. The stories are in tunnel_machine_test.cpp.
#include "tunnel/tunnel_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>

using namespace memdb;
using namespace memdb::tunnel;

namespace {

constexpr TimePoint t0{1h};
const ServerAddress kOne{"192.0.2.1", 443};
const ServerAddress kTwo{"192.0.2.3", 443};

/// The state that `events` lead to from `stopped`, one millisecond apart, the last one at t0.
TunnelState after(std::initializer_list<TunnelEvent> events) {
    TunnelState state;
    auto at = t0 - Duration(static_cast<Duration::rep>(events.size()) - 1);
    for (const TunnelEvent& event : events) {
        state = step(state, event, at, 1.0, TunnelTimings{}).state;
        at += 1ms;
    }
    return state;
}

StateChanged state_line(OpenvpnState state, std::string detail = {}) {
    StateLine line;
    line.state = state;
    line.detail = std::move(detail);
    line.tun_ip = state == OpenvpnState::connected ? "10.0.0.2" : "";
    return {line};
}

const StateChanged kConnected = state_line(OpenvpnState::connected, "SUCCESS");
const StateChanged kReconnecting = state_line(OpenvpnState::reconnecting, "ping-restart");
const EndpointResolved kResolved{{kOne, kTwo}};

struct NamedState {
    std::string_view name;
    TunnelState state;
};

const std::vector<NamedState>& states() {
    static const std::vector<NamedState> all = {
        {"stopped", {}},
        {"resolving", after({ConnectRequested{}})},
        {"spawned", after({ConnectRequested{}, kResolved})},
        {"handshaking", after({ConnectRequested{}, kResolved, HoldAsked{}})},
        {"hold due", after({ConnectRequested{}, kResolved, HoldAsked{}, kConnected, kReconnecting})},
        {"up", after({ConnectRequested{}, kResolved, HoldAsked{}, kConnected})},
        {"up, stale", after({ConnectRequested{}, kResolved, HoldAsked{}, kConnected, InputChanged{}})},
        {"waiting", after({ConnectRequested{}, EndpointUnresolved{"no"}, EndpointUnresolved{"no"}})},
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

const std::vector<NamedEvent>& events() {
    static const std::vector<NamedEvent> all = {
        {"connect", ConnectRequested{}},
        {"disconnect", DisconnectRequested{}},
        {"reconnect, asked", ReconnectRequested{"request", true}},
        {"reconnect, unasked", ReconnectRequested{"tunnel-silent", false}},
        {"input changed", InputChanged{}},
        {"resolved", kResolved},
        {"resolved to nothing", EndpointResolved{}},
        {"unresolved", EndpointUnresolved{"NXDOMAIN"}},
        {"spawn failed", SpawnFailed{Cause::openvpn_crashed, "EAGAIN"}},
        {"openvpn missing", SpawnFailed{Cause::openvpn_missing, "ENOENT"}},
        {"management opened", ManagementOpened{4711}},
        {"management lost", ManagementLost{"closed"}},
        {"hold", HoldAsked{}},
        {"WAIT", state_line(OpenvpnState::wait)},
        {"AUTH", state_line(OpenvpnState::auth)},
        {"CONNECTED", kConnected},
        {"CONNECTED,ROUTE_ERROR", state_line(OpenvpnState::connected, "ROUTE_ERROR")},
        {"RECONNECTING", kReconnecting},
        {"EXITING", state_line(OpenvpnState::exiting, "SIGTERM")},
        {"EXITING,auth-failure", state_line(OpenvpnState::exiting, "auth-failure")},
        {"more bytes", ByteCounted{5000, 9}},
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

/// The event at its moment: a deadline comes when it is due, everything else a second later than the state.
Step cell(const TunnelState& state, const TunnelEvent& event, double jitter01 = 1.0) {
    TimePoint at = t0 + 4s;
    if (std::holds_alternative<DeadlinePassed>(event)) at = next_deadline(state).value_or(at);
    return step(state, event, at, jitter01, TunnelTimings{});
}

// Only the cells that are not ignored; the others must leave the state untouched. 13 states x 29 events = 377 cells.
struct Row {
    std::string_view state, event, why;
    Phase phase;
    std::string_view actions;
};

// clang-format off
const Row kTable[] = {
    {"stopped",            "connect",               "connect",                                   Phase::starting,    "resolve"},
    {"stopped",            "reconnect, asked",      "connect",                                   Phase::starting,    "resolve"},
    {"resolving",          "disconnect",            "disconnect while resolving",                Phase::stopped,     "cancel resolve"},
    {"resolving",          "resolved",              "endpoint resolved",                         Phase::starting,    "spawn 192.0.2.1:443"},
    {"resolving",          "resolved to nothing",   "endpoint unresolved",                       Phase::starting,    "resolve"},
    {"resolving",          "unresolved",            "endpoint unresolved",                       Phase::starting,    "resolve"},
    {"resolving",          "deadline",              "resolve limit passed",                      Phase::starting,    "cancel resolve, resolve"},
    {"spawned",            "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"spawned",            "input changed",         "input changed, for the next process",       Phase::starting,    ""},
    {"spawned",            "spawn failed",          "spawn failed",                              Phase::starting,    "resolve"},
    {"spawned",            "openvpn missing",       "spawn failed",                              Phase::blocked,     ""},
    {"spawned",            "management opened",     "management opened",                         Phase::starting,    ""},
    {"spawned",            "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"spawned",            "hold",                  "hold asked",                                Phase::handshaking, "subscribe, release hold"},
    {"spawned",            "device",                "device opened",                             Phase::starting,    ""},
    {"spawned",            "soft fault",            "fault seen",                                Phase::starting,    ""},
    {"spawned",            "untrusted",             "fault seen",                                Phase::starting,    ""},
    {"spawned",            "config refused",        "blocking fault",                            Phase::stopping,    "terminate"},
    {"spawned",            "auth failed",           "blocking fault",                            Phase::stopping,    "terminate"},
    {"spawned",            "exited",                "openvpn ended by itself",                   Phase::starting,    "resolve"},
    {"spawned",            "deadline",              "management limit passed",                   Phase::stopping,    "kill"},
    {"handshaking",        "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"handshaking",        "reconnect, asked",      "reconnect with a new process",              Phase::stopping,    "terminate"},
    {"handshaking",        "input changed",         "input changed, for the next process",       Phase::handshaking, ""},
    {"handshaking",        "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"handshaking",        "hold",                  "hold asked again",                          Phase::handshaking, "release hold"},
    {"handshaking",        "AUTH",                  "server answered",                           Phase::handshaking, ""},
    {"handshaking",        "CONNECTED",             "connected",                                 Phase::up,          ""},
    {"handshaking",        "CONNECTED,ROUTE_ERROR", "connected with errors",                     Phase::up,          ""},
    {"handshaking",        "RECONNECTING",          "attempt ended by openvpn",                  Phase::stopping,    "terminate"},
    {"handshaking",        "EXITING,auth-failure",  "blocking fault",                            Phase::stopping,    "terminate"},
    {"handshaking",        "more bytes",            "bytes counted",                             Phase::handshaking, ""},
    {"handshaking",        "device",                "device opened",                             Phase::handshaking, ""},
    {"handshaking",        "soft fault",            "fault seen",                                Phase::handshaking, ""},
    {"handshaking",        "untrusted",             "fault seen",                                Phase::handshaking, ""},
    {"handshaking",        "auth failed",           "blocking fault",                            Phase::stopping,    "terminate"},
    {"handshaking",        "exited",                "openvpn ended by itself",                   Phase::starting,    "resolve"},
    {"handshaking",        "deadline",              "heartbeat",                                 Phase::handshaking, "heartbeat"},
    {"hold due",           "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"hold due",           "reconnect, asked",      "reconnect with a new process",              Phase::stopping,    "terminate"},
    {"hold due",           "input changed",         "input changed, for the next process",       Phase::handshaking, ""},
    {"hold due",           "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"hold due",           "hold",                  "hold asked again",                          Phase::handshaking, "release hold"},
    {"hold due",           "AUTH",                  "server answered",                           Phase::handshaking, ""},
    {"hold due",           "CONNECTED",             "connected",                                 Phase::up,          ""},
    {"hold due",           "CONNECTED,ROUTE_ERROR", "connected with errors",                     Phase::up,          ""},
    {"hold due",           "EXITING,auth-failure",  "blocking fault",                            Phase::stopping,    "terminate"},
    {"hold due",           "more bytes",            "bytes counted",                             Phase::handshaking, ""},
    {"hold due",           "device",                "device opened",                             Phase::handshaking, ""},
    {"hold due",           "soft fault",            "fault seen",                                Phase::handshaking, ""},
    {"hold due",           "untrusted",             "fault seen",                                Phase::handshaking, ""},
    {"hold due",           "auth failed",           "blocking fault",                            Phase::stopping,    "terminate"},
    {"hold due",           "exited",                "openvpn ended by itself",                   Phase::waiting,     ""},
    {"hold due",           "deadline",              "management limit passed",                   Phase::stopping,    "kill"},
    {"up",                 "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"up",                 "reconnect, asked",      "reconnect in place",                        Phase::handshaking, "restart in place"},
    {"up",                 "reconnect, unasked",    "reconnect in place",                        Phase::handshaking, "restart in place"},
    {"up",                 "input changed",         "input changed, for the next process",       Phase::up,          ""},
    {"up",                 "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"up",                 "hold",                  "hold asked again",                          Phase::handshaking, "release hold"},
    {"up",                 "RECONNECTING",          "openvpn restarts",                          Phase::handshaking, ""},
    {"up",                 "EXITING,auth-failure",  "fault seen",                                Phase::up,          ""},
    {"up",                 "more bytes",            "bytes counted",                             Phase::up,          ""},
    {"up",                 "device",                "device opened",                             Phase::up,          ""},
    {"up",                 "untrusted",             "fault seen",                                Phase::up,          ""},
    {"up",                 "auth failed",           "fault seen",                                Phase::up,          ""},
    {"up",                 "exited",                "openvpn ended by itself",                   Phase::starting,    "resolve"},
    {"up",                 "deadline",              "heartbeat",                                 Phase::up,          "heartbeat"},
    {"up, stale",          "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"up, stale",          "reconnect, asked",      "reconnect with a new process",              Phase::stopping,    "terminate"},
    {"up, stale",          "reconnect, unasked",    "reconnect with a new process",              Phase::stopping,    "terminate"},
    {"up, stale",          "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"up, stale",          "hold",                  "openvpn restarts, the input has changed",   Phase::stopping,    "terminate"},
    {"up, stale",          "RECONNECTING",          "openvpn restarts, the input has changed",   Phase::stopping,    "terminate"},
    {"up, stale",          "EXITING,auth-failure",  "fault seen",                                Phase::up,          ""},
    {"up, stale",          "more bytes",            "bytes counted",                             Phase::up,          ""},
    {"up, stale",          "device",                "device opened",                             Phase::up,          ""},
    {"up, stale",          "untrusted",             "fault seen",                                Phase::up,          ""},
    {"up, stale",          "auth failed",           "fault seen",                                Phase::up,          ""},
    {"up, stale",          "exited",                "openvpn ended by itself",                   Phase::starting,    "resolve"},
    {"up, stale",          "deadline",              "heartbeat",                                 Phase::up,          "heartbeat"},
    {"waiting",            "connect",               "connect while waiting",                     Phase::starting,    "resolve"},
    {"waiting",            "disconnect",            "disconnect while waiting",                  Phase::stopped,     ""},
    {"waiting",            "reconnect, asked",      "connect while waiting",                     Phase::starting,    "resolve"},
    {"waiting",            "input changed",         "input changed",                             Phase::starting,    "resolve"},
    {"waiting",            "deadline",              "retry",                                     Phase::starting,    "resolve"},
    {"stopping",           "connect",               "connect after the stop",                    Phase::stopping,    ""},
    {"stopping",           "reconnect, asked",      "connect after the stop",                    Phase::stopping,    ""},
    {"stopping",           "device",                "device opened",                             Phase::stopping,    ""},
    {"stopping",           "exited",                "openvpn ended",                             Phase::stopped,     ""},
    {"stopping",           "deadline",              "kill",                                      Phase::stopping,    "kill"},
    {"stopping, restart",  "disconnect",            "restart called off",                        Phase::stopping,    ""},
    {"stopping, restart",  "device",                "device opened",                             Phase::stopping,    ""},
    {"stopping, restart",  "untrusted",             "cause seen late",                           Phase::stopping,    ""},
    {"stopping, restart",  "config refused",        "cause seen late",                           Phase::stopping,    ""},
    {"stopping, restart",  "auth failed",           "cause seen late",                           Phase::stopping,    ""},
    {"stopping, restart",  "exited",                "openvpn ended",                             Phase::starting,    "resolve"},
    {"stopping, restart",  "deadline",              "kill",                                      Phase::stopping,    "kill"},
    {"stopping, blocked",  "connect",               "connect after the stop",                    Phase::stopping,    ""},
    {"stopping, blocked",  "disconnect",            "restart called off",                        Phase::stopping,    ""},
    {"stopping, blocked",  "reconnect, asked",      "connect after the stop",                    Phase::stopping,    ""},
    {"stopping, blocked",  "input changed",         "input changed while stopping",              Phase::stopping,    ""},
    {"stopping, blocked",  "device",                "device opened",                             Phase::stopping,    ""},
    {"stopping, blocked",  "exited",                "openvpn ended",                             Phase::blocked,     ""},
    {"stopping, blocked",  "deadline",              "kill",                                      Phase::stopping,    "kill"},
    {"stopping, killed",   "connect",               "connect after the stop",                    Phase::stopping,    ""},
    {"stopping, killed",   "reconnect, asked",      "connect after the stop",                    Phase::stopping,    ""},
    {"stopping, killed",   "device",                "device opened",                             Phase::stopping,    ""},
    {"stopping, killed",   "exited",                "openvpn ended",                             Phase::stopped,     ""},
    {"stopping, killed",   "deadline",              "openvpn outlived the kill",                 Phase::stopped,     "abandon"},
    {"blocked",            "connect",               "connect while blocked",                     Phase::starting,    "resolve"},
    {"blocked",            "disconnect",            "disconnect while blocked",                  Phase::stopped,     ""},
    {"blocked",            "reconnect, asked",      "connect while blocked",                     Phase::starting,    "resolve"},
    {"blocked",            "input changed",         "input changed",                             Phase::starting,    "resolve"},
};
// clang-format on

constexpr std::size_t kCells = 377;

std::string actions_of(const Step& got) {
    std::string text;
    for (const auto& action : got.actions) text += (text.empty() ? "" : ", ") + to_string(action);
    return text;
}

TEST(TunnelMachineTable, follows_the_table_in_every_cell) {
    std::size_t cells = 0, used = 0;
    for (const auto& [state_name, state] : states()) {
        for (const auto& [event_name, event] : events()) {
            SCOPED_TRACE(std::string(state_name) + " x " + std::string(event_name));
            const Step got = cell(state, event);
            const Row* row = nullptr;
            for (const Row& candidate : kTable)
                if (candidate.state == state_name && candidate.event == event_name) row = &candidate;
            cells += 1;
            if (row == nullptr) {
                EXPECT_EQ(got.why, "ignored");
                continue;
            }
            used += 1;
            EXPECT_EQ(got.why, row->why);
            EXPECT_EQ(to_string(got.state.phase), to_string(row->phase));
            EXPECT_EQ(actions_of(got), row->actions);
        }
    }
    EXPECT_EQ(cells, kCells);
    EXPECT_EQ(used, std::size(kTable));
    RecordProperty("cells", static_cast<int>(cells));
}

void expect_invariants(const TunnelState& before, const TunnelEvent& event, const Step& got) {
    const TunnelState& s = got.state;
    const auto has = [&](const TunnelAction& action) {
        return std::find(got.actions.begin(), got.actions.end(), action) != got.actions.end();
    };
    if (got.why == "ignored") {
        EXPECT_EQ(s, before);
        EXPECT_TRUE(got.actions.empty());
    }
    // Whoever has a process, or waits for something, has a deadline: nothing can hang for ever.
    const bool resting = s.phase == Phase::stopped || s.phase == Phase::blocked;
    EXPECT_EQ(next_deadline(s).has_value(), !resting);
    if (next_deadline(s)) {
        EXPECT_LE(*next_deadline(s), t0 + 10min);
    }
    if (s.phase == Phase::stopped || s.phase == Phase::up) {
        EXPECT_EQ(s.attempt, 0u);
    }
    if (s.phase == Phase::starting || s.phase == Phase::handshaking) {
        EXPECT_GT(s.attempt, 0u);
    }
    if (s.phase == Phase::stopping) {
        EXPECT_TRUE(s.limit_at.has_value());
    }
    if (s.phase == Phase::stopping && s.after == AfterStop::restart) {
        EXPECT_TRUE(s.retry_at.has_value());
    }
    if (s.phase == Phase::blocked) {
        EXPECT_TRUE(blocks(s.cause)) << to_string(s.cause);
    }
    if (s.phase == Phase::up) {
        EXPECT_TRUE(s.connected_at && s.heartbeat_at && s.attempt == 0);
    }
    if (s.phase == Phase::handshaking) {
        EXPECT_TRUE(s.heartbeat_at && s.limit_at && (s.silence_at || s.hold_due));
    }
    // A process is only spawned when there is none, and never dropped alive but by AbandonOpenvpn.
    if (std::any_of(got.actions.begin(), got.actions.end(),
                    [](const auto& a) { return std::holds_alternative<SpawnOpenvpn>(a); })) {
        EXPECT_FALSE(has_process(before));
    }
    const bool ended = std::holds_alternative<ProcessExited>(event) || std::holds_alternative<SpawnFailed>(event);
    if (has_process(before) && !has_process(s)) {
        EXPECT_TRUE(ended || has(AbandonOpenvpn{}));
    }
    if (s.heartbeat_outstanding && !before.heartbeat_outstanding) {
        EXPECT_TRUE(has(SendHeartbeat{}));
    }
    EXPECT_FALSE(before.heartbeat_outstanding && has(SendHeartbeat{}));
    EXPECT_GE(s.restarts, before.restarts);
    EXPECT_LE(s.restarts, before.restarts + 1);
    EXPECT_LE(s.tried.size(), 64u);
    EXPECT_FALSE(got.why.empty());
}

TEST(TunnelMachineTable, keeps_its_invariants_in_every_cell_with_several_counters) {
    std::size_t cells = 0;
    for (const auto& [state_name, state] : states())
        for (const auto& [event_name, event] : events())
            for (const unsigned failed : {0u, 1u, 7u, 1000u})
                for (const bool outstanding : {false, true})
                    for (const double jitter01 : {0.0, 0.5, 1.0}) {
                        TunnelState before = state;
                        before.failed = failed;
                        before.heartbeat_outstanding = outstanding && before.heartbeat_at;
                        SCOPED_TRACE(std::string(state_name) + " x " + std::string(event_name));
                        expect_invariants(before, event, cell(before, event, jitter01));
                        cells += 1;
                    }
    EXPECT_EQ(cells, kCells * 24);
    RecordProperty("cells", static_cast<int>(cells));
}

/// From every cell on: with nothing but deadlines and the end of the process, a disconnect is done within 5 s.
TEST(TunnelMachineTable, ends_within_five_seconds_from_every_cell) {
    for (const auto& [state_name, state] : states())
        for (const auto& [event_name, event] : events()) {
            SCOPED_TRACE(std::string(state_name) + " x " + std::string(event_name));
            TunnelState s = cell(state, event).state;
            TimePoint now = std::max(t0 + 4s, next_deadline(state).value_or(t0));
            const TimePoint asked = now;
            s = step(s, DisconnectRequested{}, now, 1.0, TunnelTimings{}).state;
            for (int i = 0; i < 10 && s.phase != Phase::stopped; ++i) {
                ASSERT_TRUE(next_deadline(s).has_value());
                now = std::max(now, *next_deadline(s));
                s = step(s, DeadlinePassed{}, now, 1.0, TunnelTimings{}).state;
            }
            EXPECT_EQ(s.phase, Phase::stopped);
            EXPECT_LE(now - asked, 5s);
        }
}

/// An early deadline, from a timer that was already queued, changes nothing.
TEST(TunnelMachineTable, ignores_a_deadline_that_is_early) {
    for (const auto& [name, state] : states())
        if (next_deadline(state)) {
            const Step got = step(state, DeadlinePassed{}, *next_deadline(state) - 1ms, 1.0, TunnelTimings{});
            EXPECT_EQ(got.why, "ignored") << name;
            EXPECT_EQ(got.state, state) << name;
        }
}

}  // namespace
