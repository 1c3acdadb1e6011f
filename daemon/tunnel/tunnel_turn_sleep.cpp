// The rules for a sleep of the machine, and for a step of its wall clock.
//
// Our deadlines run by the monotonic clock, which stops during a sleep; openvpn's run by the wall clock (facts G.3), so
// after a sleep its ping-restart passes at once, and a tunnel that was good asks for its hold. That is no loss.
#include "tunnel/tunnel_turn.hpp"

namespace memdb::tunnel {

Step Turn::on(const SleepBegan&) {
    if (s_.asleep) return ignore();
    s_.asleep = true;
    return done("sleep began");
}

Step Turn::on(const SleepEnded& event) {
    const bool slept = event.slept > 0ms;
    if (!s_.asleep && !slept) return ignore();
    s_.asleep = false;
    renew_limits();
    if (!slept) return done("there was no sleep");
    excuse("wake");
    switch (s_.phase) {
        case Phase::starting:
            if (!resolving()) break;
            actions_.emplace_back(CancelResolve{});  // its packets are long gone
            return start("woke while resolving");
        case Phase::handshaking: return woke_in_handshake(event.slept);
        case Phase::waiting: s_.failed = 0; return start("woke while waiting");
        case Phase::stopping:
            if (s_.after == AfterStop::restart) s_.retry_at = now_;
            break;
        case Phase::up:
        case Phase::stopped:
        case Phase::blocked: break;
    }
    return done("woke");
}

Step Turn::on(const ClockStepped&) {
    if (s_.phase != Phase::handshaking && s_.phase != Phase::up) return ignore();
    if (s_.excused_until && now_ < *s_.excused_until) return ignore();
    excuse("clock-jumped");
    return done("clock stepped");
}

void Turn::excuse(std::string_view cause) {
    s_.excused_until = now_ + kExcused;
    s_.excuse = cause;
}

/// What a peer owes us is counted from the wake on. A heartbeat lies in openvpn's socket, as asleep as openvpn was.
void Turn::renew_limits() {
    if (s_.heartbeat_at)
        s_.heartbeat_at = now_ + (s_.heartbeat_outstanding ? t_.heartbeat_limit : t_.heartbeat_interval);
    if (s_.heartbeat_sent_at) s_.heartbeat_sent_at = now_;
    if (s_.silence_at) s_.silence_at = now_ + t_.silence_limit;
    if (s_.link_grew_at) s_.link_grew_at = now_;
    if (adopting()) s_.limit_at = now_ + t_.heartbeat_limit;
    if (spawned() || (s_.phase == Phase::handshaking && s_.hold_due)) s_.limit_at = now_ + t_.management_limit;
}

/// The server has forgotten an attempt that said nothing for so long.
Step Turn::woke_in_handshake(Duration slept) {
    if (s_.hold_due || slept < t_.silence_limit) return done("woke");
    return replace_process(now_, "woke in an attempt");
}

bool Turn::is_excused(std::string_view detail) const {
    if (detail.starts_with("server-pushed")) return false;  // the server's own wish
    return s_.asleep || (s_.excused_until && now_ < *s_.excused_until);
}

/// openvpn restarts out of `up`, because its clock has moved: no failure, and no reason to wait.
Step Turn::excused_restart() {
    note_restart(true, s_.asleep ? "wake" : s_.excuse);
    if (s_.server) s_.tried = {*s_.server};
    if (s_.stale || !s_.online) {
        s_.attempt = 0;
        return replace_process(now_, "openvpn restarts, by the clock, with a new process");
    }
    s_.attempt = 1;
    handshake(true);
    actions_.emplace_back(ResolveEndpoint{});  // the endpoint may have moved meanwhile
    return done("openvpn restarts, by the clock");
}

}  // namespace memdb::tunnel
