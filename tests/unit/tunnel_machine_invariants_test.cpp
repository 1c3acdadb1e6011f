// What must hold in every cell of the tunnel machine's table.
#include "tests/support/tunnel_cells.hpp"

#include <gtest/gtest.h>

#include <algorithm>

using namespace memdb;
using namespace memdb::tunnel;
using namespace memdb::tunnel::cells;

namespace {

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
    // Offline, the one thing to wait for is the kernel's word.
    const bool offline = s.phase == Phase::waiting && !s.online;
    const bool resting = s.phase == Phase::stopped || s.phase == Phase::blocked || offline;
    // Asleep, nothing is waited for but an end.
    const bool parked = s.asleep && s.phase != Phase::stopping;
    EXPECT_EQ(next_deadline(s).has_value(), !resting && !parked);
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
    if (!std::holds_alternative<ProcessFound>(event)) {  // it brings those that an earlier memdbd counted
        EXPECT_LE(s.restarts, before.restarts + 1);
    }
    EXPECT_LE(s.tried.size(), 64u);
    EXPECT_LE(s.losses.size(), 8u);
    EXPECT_EQ(s.losses.size() != before.losses.size(), s.restarts != before.restarts);
    EXPECT_EQ(s.heartbeat_outstanding, s.heartbeat_sent_at.has_value());
    if (!s.online) {  // an offline laptop makes no attempts
        for (const auto& action : got.actions) {
            EXPECT_FALSE(std::holds_alternative<SpawnOpenvpn>(action) ||
                         std::holds_alternative<ResolveEndpoint>(action));
        }
        EXPECT_FALSE(s.phase == Phase::starting && s.starting == Starting::resolving);
    }
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
                        if (before.heartbeat_outstanding) before.heartbeat_sent_at = t0;
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
