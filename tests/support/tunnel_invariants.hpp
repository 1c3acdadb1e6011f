// What must hold after every step of the tunnel machine, whatever happened before it. For the table's test and the
// fuzzer.
#pragma once

#include "tests/support/broken.hpp"
#include "tunnel/tunnel_machine.hpp"

#include <algorithm>
#include <string>
#include <variant>

namespace memdb::tunnel {

namespace detail {

/// Whoever has a process, or waits for something, has a deadline: nothing can hang for ever.
inline void check_deadlines(tests::Broken& broken, const TunnelState& s, TimePoint now) {
    // Offline, the one thing to wait for is the kernel's word.
    const bool offline = s.phase == Phase::waiting && !s.online;
    const bool resting = s.phase == Phase::stopped || s.phase == Phase::blocked || offline;
    // Asleep, nothing is waited for but an end.
    const bool parked = s.asleep && s.phase != Phase::stopping;
    broken.unless(next_deadline(s).has_value() == (!resting && !parked), "a deadline in the wrong place, or none");
    broken.unless(next_deadline(s).value_or(now) <= now + 10min, "a deadline that is far away");
}

inline void check_phase(tests::Broken& broken, const TunnelState& s) {
    const bool idle = s.phase == Phase::stopped || s.phase == Phase::up;
    const bool trying = s.phase == Phase::starting || s.phase == Phase::handshaking;
    broken.unless(!idle || s.attempt == 0, "an attempt is counted that is none");
    broken.unless(!trying || s.attempt > 0, "an attempt is not counted");
    broken.unless(s.phase != Phase::stopping || s.limit_at, "stopping without a limit");
    broken.unless(s.phase != Phase::stopping || s.after != AfterStop::restart || s.retry_at,
                  "restart without a moment");
    broken.unless(s.phase != Phase::blocked || blocks(s.cause), "blocked by what does not block");
    broken.unless(s.phase != Phase::up || (s.connected_at && s.heartbeat_at), "up without heartbeats");
    broken.unless(s.phase != Phase::handshaking || (s.heartbeat_at && s.limit_at && (s.silence_at || s.hold_due)),
                  "a handshake without limits");
    broken.unless(s.heartbeat_outstanding == s.heartbeat_sent_at.has_value(), "a heartbeat without its moment");
    broken.unless(s.tried.size() <= 64 && s.losses.size() <= 8, "lists that grow");
}

/// A process is only spawned when there is none, and never dropped alive but by AbandonOpenvpn.
inline void check_process(tests::Broken& broken, const TunnelState& before, const TunnelEvent& event, const Step& got) {
    const TunnelState& s = got.state;
    const auto spawned = tests::count<SpawnOpenvpn>(got.actions), resolves = tests::count<ResolveEndpoint>(got.actions);
    broken.unless(spawned == 0 || !has_process(before), "spawned beside a process");
    const bool ended = std::holds_alternative<ProcessExited>(event) || std::holds_alternative<SpawnFailed>(event);
    broken.unless(!has_process(before) || has_process(s) || ended || tests::count<AbandonOpenvpn>(got.actions) > 0,
                  "a process was dropped alive");
    const auto heartbeats = tests::count<SendHeartbeat>(got.actions);
    broken.unless(!s.heartbeat_outstanding || before.heartbeat_outstanding || heartbeats == 1, "no heartbeat was sent");
    broken.when(before.heartbeat_outstanding && heartbeats > 0, "two heartbeats at once");
    const bool resolving = s.phase == Phase::starting && s.starting == Starting::resolving;
    broken.when(!s.online && (spawned + resolves > 0 || resolving), "an offline laptop makes attempts");
}

/// Losses are those restarts that nobody asked for, as many as are kept.
inline void check_losses(tests::Broken& broken, const TunnelState& before, const TunnelState& s, TimePoint now) {
    broken.unless(s.restarts == before.restarts || s.restarts == before.restarts + 1, "restarts that were not");
    const bool lost = s.restarts != before.restarts;
    broken.unless(lost || s.losses == before.losses, "a loss without a restart");
    const std::size_t kept = std::min<std::size_t>(before.losses.size() + 1, 8);
    broken.unless(!lost || (s.losses.size() == kept && s.losses.back() == now), "a restart without its loss");
}

}  // namespace detail

/// Empty, or what is broken.
inline std::string broken_in(const TunnelState& before, const TunnelEvent& event, TimePoint now, const Step& got) {
    tests::Broken broken;
    broken.when(got.why.empty(), "no rule");
    broken.when(got.why == "ignored" && (got.state != before || !got.actions.empty()), "ignored, but not untouched");
    detail::check_deadlines(broken, got.state, now);
    detail::check_phase(broken, got.state);
    detail::check_process(broken, before, event, got);
    // What was found brings those that an earlier memdbd counted.
    if (!std::holds_alternative<ProcessFound>(event)) detail::check_losses(broken, before, got.state, now);
    return broken.text();
}

/// With nothing but deadlines and no end of the process, a disconnect is done within 5 s: empty, or why it is not.
inline std::string broken_end(TunnelState s, TimePoint now) {
    tests::Broken broken;
    const TimePoint asked = now;
    s = step(s, DisconnectRequested{}, now, 1.0, TunnelTimings{}).state;
    for (int i = 0; i < 10 && s.phase != Phase::stopped; ++i) {
        if (!next_deadline(s)) break;
        now = std::max(now, *next_deadline(s));
        s = step(s, DeadlinePassed{}, now, 1.0, TunnelTimings{}).state;
    }
    broken.unless(s.phase == Phase::stopped, "a disconnect does not end");
    broken.unless(now - asked <= 5s, "a disconnect takes long");
    return broken.text();
}

}  // namespace memdb::tunnel
