// How stories of the tunnel machine are told: time, event -> phase, why, actions.
#pragma once

#include "tunnel/tunnel_machine.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::tunnel::stories {

inline constexpr TimePoint t0{1h};
inline const ServerAddress kOne{"192.0.2.1", 443};
inline const ServerAddress kTwo{"192.0.2.3", 443};
inline const EndpointResolved kResolved{{kOne, kTwo}};

inline StateChanged state_line(OpenvpnState state, std::string detail = {}, std::string tun_ip = {}) {
    StateLine line;
    line.state = state;
    line.detail = std::move(detail);
    line.tun_ip = std::move(tun_ip);
    return {line};
}

inline const StateChanged kWait = state_line(OpenvpnState::wait);
inline const StateChanged kAuth = state_line(OpenvpnState::auth);
inline const StateChanged kConnected = state_line(OpenvpnState::connected, "SUCCESS", "10.0.0.2");
inline StateChanged reconnecting(std::string detail) {
    return state_line(OpenvpnState::reconnecting, std::move(detail));
}

struct Line {
    Duration at;
    TunnelEvent event;
    Phase phase;
    std::string_view why;
    std::string_view actions;
};

struct Story {
    const char* name;
    std::vector<Line> lines;
    std::string_view cause;          ///< at the end
    std::string_view restart_cause;  ///< at the end
    std::uint64_t restarts = 0;
    std::uint64_t attempt = 0;
    friend void PrintTo(const Story& story, std::ostream* os) { *os << story.name; }
};

using P = Phase;
using D = DeadlinePassed;

/// Connected at 10 ms; what most stories begin with.
inline std::vector<Line> connected_then(std::vector<Line> rest) {
    std::vector<Line> lines = {
        {0s, ConnectRequested{}, P::starting, "connect", "resolve"},
        {1ms, kResolved, P::starting, "endpoint resolved", "spawn 192.0.2.1:443"},
        {3ms, ManagementOpened{4711}, P::starting, "management opened", ""},
        {4ms, HoldAsked{}, P::handshaking, "hold asked", "subscribe, release hold"},
        {5ms, kWait, P::handshaking, "ignored", ""},
        {7ms, kAuth, P::handshaking, "server answered", ""},
        {9ms, DeviceOpened{"tun0"}, P::handshaking, "device opened", ""},
        {10ms, kConnected, P::up, "connected", ""},
    };
    lines.insert(lines.end(), rest.begin(), rest.end());
    return lines;
}

inline void run_story(const Story& story) {
    TunnelState state;
    for (std::size_t i = 0; const Line& line : story.lines) {
        SCOPED_TRACE("line " + std::to_string(i++) + ": " + std::string(to_string(line.event)));
        const Step got = step(state, line.event, t0 + line.at, 1.0, TunnelTimings{});
        std::string actions;
        for (const auto& action : got.actions) actions += (actions.empty() ? "" : ", ") + to_string(action);
        EXPECT_EQ(to_string(got.state.phase), to_string(line.phase));
        EXPECT_EQ(got.why, line.why);
        EXPECT_EQ(actions, line.actions);
        state = got.state;
    }
    EXPECT_EQ(to_string(state.cause), story.cause);
    EXPECT_EQ(state.last_restart_cause, story.restart_cause);
    EXPECT_EQ(state.restarts, story.restarts);
    EXPECT_EQ(state.attempt, story.attempt);
}

inline TunnelState run(TunnelState state, std::initializer_list<TunnelEvent> events, TimePoint at) {
    for (const TunnelEvent& event : events) state = step(state, event, at, 1.0, TunnelTimings{}).state;
    return state;
}

}  // namespace memdb::tunnel::stories
