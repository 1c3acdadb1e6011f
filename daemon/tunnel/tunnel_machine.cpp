// The rules: one function an event, inside it by phase.
#include "tunnel/tunnel_machine.hpp"

#include "tunnel/tunnel_turn.hpp"

#include <algorithm>

namespace memdb::tunnel {
namespace {

/// openvpn counts in seconds, and says it is CONNECTED before we know.
constexpr Duration kSameSession = 3s;

}  // namespace

Step Turn::on(const ConnectRequested&) {
    switch (s_.phase) {
        case Phase::stopped: return start_afresh("connect");
        case Phase::blocked: return start_afresh("connect while blocked");
        case Phase::waiting: return start("connect while waiting");
        case Phase::stopping:
            return s_.after == AfterStop::restart ? ignore() : restart_after_stop("connect after the stop");
        case Phase::starting:
        case Phase::handshaking:
        case Phase::up: return ignore();
    }
    return ignore();
}

Step Turn::on(const DisconnectRequested&) {
    if (resolving()) {
        actions_.emplace_back(CancelResolve{});
        return rest(Phase::stopped, "disconnect while resolving");
    }
    switch (s_.phase) {
        case Phase::stopped: return ignore();
        case Phase::waiting: return rest(Phase::stopped, "disconnect while waiting");
        case Phase::blocked: return rest(Phase::stopped, "disconnect while blocked");
        case Phase::stopping:
            if (s_.after == AfterStop::nothing) return ignore();
            s_.after = AfterStop::nothing;
            s_.retry_at = std::nullopt;
            s_.may_block = false;
            return done("restart called off");
        case Phase::starting:
        case Phase::handshaking:
        case Phase::up: return terminate(AfterStop::nothing, false, "disconnect");
    }
    return ignore();
}

Step Turn::on(const ReconnectRequested& event) {
    if (!event.asked) {
        if (s_.phase != Phase::up) return ignore();  // already on the way, or not wanted
        return given_up(event);
    }
    if (adopting()) {
        note_restart(true, event.cause);
        return replace_process(now_, "reconnect with a new process");
    }
    // A process that was started from an older key would come up and be no good.
    const bool outdated = s_.stale && (spawned() || s_.phase == Phase::up);
    if (outdated || s_.phase == Phase::handshaking || (s_.phase == Phase::up && !s_.online)) {
        note_restart(true, event.cause);
        return replace_process(now_, "reconnect with a new process");
    }
    switch (s_.phase) {
        case Phase::up:
            note_restart(true, event.cause);
            if (s_.server) s_.tried = {*s_.server};  // should it fail, another address comes first
            s_.attempt = 1;
            handshake(true);
            actions_.emplace_back(RestartInPlace{});
            actions_.emplace_back(ResolveEndpoint{});  // the endpoint may have moved meanwhile
            return done("reconnect in place");
        case Phase::stopping:
            return s_.after == AfterStop::restart ? ignore() : restart_after_stop("connect after the stop");
        case Phase::stopped: return start_afresh("connect");
        case Phase::blocked: return start_afresh("connect while blocked");
        case Phase::waiting: return start("connect while waiting");
        case Phase::starting:
        case Phase::handshaking: return ignore();
    }
    return ignore();
}

Step Turn::on(const NetworkChanged& event) {
    if (event.online) return network_found();
    return s_.online ? network_lost() : ignore();
}

Step Turn::on(const ServerAnswered& event) {
    if (s_.phase != Phase::waiting || !s_.online) return ignore();
    s_.preferred = event.server;
    return start("the server answers again");
}

Step Turn::on(const CheckRequested&) {
    if (s_.phase != Phase::handshaking && s_.phase != Phase::up) return ignore();
    const TimePoint limit = now_ + t_.urgent_limit;
    if (s_.heartbeat_outstanding) {
        if (s_.heartbeat_at && *s_.heartbeat_at <= limit) return ignore();
        s_.heartbeat_at = limit;
        return done("heartbeat is urgent now");
    }
    send_heartbeat(t_.urgent_limit);
    return done("heartbeat");
}

Step Turn::on(const Forbidden& event) {
    if (s_.phase == Phase::stopped || s_.phase == Phase::blocked) return ignore();
    if (s_.phase == Phase::stopping && s_.after != AfterStop::restart) return ignore();
    s_.cause = event.cause;
    s_.evidence = event.evidence;
    if (resolving()) actions_.emplace_back(CancelResolve{});
    if (!has_process(s_)) return rest(Phase::blocked, "forbidden");
    if (s_.phase != Phase::stopping) return terminate(AfterStop::blocked, false, "forbidden");
    s_.after = AfterStop::blocked;
    s_.retry_at = std::nullopt;
    s_.may_block = false;
    return done("forbidden");
}

Step Turn::on(const InputChanged&) {
    if (s_.phase == Phase::blocked) return start_afresh("input changed");
    if (s_.phase == Phase::waiting) return start_afresh("input changed");
    if (s_.phase == Phase::stopping && s_.after == AfterStop::blocked)
        return restart_after_stop("input changed while stopping");
    if (s_.stale || !has_process(s_) || s_.phase == Phase::stopping) return ignore();
    s_.stale = true;
    return done("input changed, for the next process");
}

Step Turn::on(const EndpointResolved& event) {
    if (!resolving()) return addresses_renewed(event.addresses);
    if (event.addresses.empty()) return fail(Cause::endpoint_name_unresolved, "no address", "endpoint unresolved");
    s_.addresses = event.addresses;
    s_.server = choose(event.addresses);
    s_.starting = Starting::spawned;
    s_.limit_at = now_ + t_.management_limit;
    s_.bytes_in = s_.bytes_out = 0;
    s_.link_grew_at = std::nullopt;
    s_.device.clear();
    s_.address.clear();
    actions_.emplace_back(SpawnOpenvpn{*s_.server});
    return done("endpoint resolved");
}

Step Turn::on(const EndpointUnresolved& event) {
    if (!resolving()) return ignore();
    return fail(Cause::endpoint_name_unresolved, event.why, "endpoint unresolved");
}

Step Turn::on(const SpawnFailed& event) {
    if (!spawned()) return ignore();
    s_.starting = Starting::resolving;  // there is no process to end
    return fail(event.cause, event.why, "spawn failed");
}

Step Turn::on(const ManagementOpened& event) {
    if (!spawned()) return ignore();
    s_.openvpn_pid = event.pid;
    return done("management opened");
}

Step Turn::on(const ProcessFound& event) {
    if (s_.phase != Phase::stopped) return ignore();
    enter(Phase::starting);
    s_.starting = Starting::adopting;
    s_.attempt = 1;
    s_.limit_at = now_ + t_.heartbeat_limit;
    s_.openvpn_pid = event.pid;
    s_.server = event.server;
    s_.device = event.device;
    s_.pushed = event.pushed;
    s_.addresses = {event.server};
    s_.connected_at = std::min(event.connected_at, now_);
    s_.session_from = event.session_from;
    s_.restarts = event.restarts;
    s_.losses = event.losses;
    std::erase_if(s_.losses, [&](TimePoint at) { return at > now_; });
    s_.last_restart_cause = event.last_restart_cause;
    s_.stale = event.stale;
    actions_.emplace_back(Resynchronise{});
    return done("found an openvpn");
}

Step Turn::on(const Resynchronised& event) {
    if (!adopting()) return ignore();
    if (event.line.state != OpenvpnState::connected) return not_adopted("found it not connected");
    // While nobody led it openvpn may have reconnected by itself: then what is known of the tunnel is of an earlier
    // one.
    const WallTime since{std::chrono::seconds(event.line.time)};
    if (s_.session_from && since > *s_.session_from + kSameSession) return not_adopted("found another session");
    const auto connected_at = s_.connected_at;
    s_.session_from.reset();
    if (s_.online) actions_.emplace_back(ResolveEndpoint{});  // the addresses beside the one in use
    Step up = connected(event.line);
    up.state.connected_at = connected_at;
    up.state.since = connected_at.value_or(now_);
    up.why = "taken over";
    return up;
}

Step Turn::on(const ManagementLost& event) {
    if (adopting()) return not_adopted("found it without a management connection");
    if (!spawned() && s_.phase != Phase::handshaking && s_.phase != Phase::up) return ignore();
    if (event.garbled && weight(s_.fault) <= weight(Cause::openvpn_crashed)) {  // we end it: its exit says nothing more
        s_.fault = Cause::openvpn_crashed;
        s_.evidence = event.why;
    }
    return fail(Cause::openvpn_crashed, event.why, "management lost");
}

Step Turn::on(const HoldAsked&) {
    if (spawned()) {
        handshake(false);
        actions_.emplace_back(Subscribe{});
        actions_.emplace_back(ReleaseHold{});
        return done("hold asked");
    }
    if (s_.phase == Phase::up) {  // a restart that no RECONNECTING announced
        StateLine line;
        line.detail = "unannounced";
        Step lost = lost_in_place(line);
        if (lost.state.phase != Phase::handshaking) return lost;
        Turn next(lost.state, now_, jitter01_, t_);
        next.actions_ = std::move(lost.actions);
        return next.on(HoldAsked{});
    }
    if (s_.phase != Phase::handshaking) return ignore();  // SIGTERM works in a hold
    if (s_.hold_due) handshake(false);                    // the limits count from the release
    actions_.emplace_back(ReleaseHold{});
    return done("hold asked again");
}

Step Turn::on(const StateChanged& event) {
    if (s_.phase != Phase::handshaking && s_.phase != Phase::up) return ignore();
    switch (event.line.state) {
        case OpenvpnState::auth:
        case OpenvpnState::auth_pending:
        case OpenvpnState::get_config:
        case OpenvpnState::assign_ip:
        case OpenvpnState::add_routes:
            if (s_.phase != Phase::handshaking) return ignore();
            server_spoke();
            return done("server answered");
        case OpenvpnState::connected: return s_.phase == Phase::handshaking ? connected(event.line) : ignore();
        case OpenvpnState::reconnecting:
            if (s_.phase == Phase::up) return lost_in_place(event.line);
            if (s_.hold_due) return ignore();
            if (is_excused(event.line.detail)) return replace_process(now_, "attempt ended by the clock");
            if (event.line.detail == "network-unreachable")
                return fail(Cause::network_offline, event.line.detail, "attempt ended by openvpn");
            return fail(silence(), event.line.detail, "attempt ended by openvpn");
        case OpenvpnState::exiting: {
            if (event.line.detail == "auth-failure") return on(FaultSeen{Cause::auth_failed, "EXITING,auth-failure"});
            return s_.phase == Phase::up ? farewell(event.line.detail) : ignore();
        }
        case OpenvpnState::connecting:
        case OpenvpnState::resolve:
        case OpenvpnState::tcp_connect:
        case OpenvpnState::wait:
        case OpenvpnState::other: return ignore();
    }
    return ignore();
}

Step Turn::on(const ByteCounted& event) {
    if (s_.phase != Phase::handshaking && s_.phase != Phase::up) return ignore();
    const bool grew = event.in > s_.bytes_in;
    s_.bytes_in = event.in;
    s_.bytes_out = event.out;
    if (grew) s_.link_grew_at = now_;
    if (grew && s_.phase == Phase::handshaking) server_spoke();
    return s_ == before_ ? ignore() : done("bytes counted");
}

Step Turn::on(const OptionsPushed& event) {
    if (!has_process(s_) || s_.pushed == event.options) return ignore();
    s_.pushed = event.options;
    return done("options pushed");
}

Step Turn::on(const DeviceOpened& event) {
    if (!has_process(s_) || s_.device == event.name) return ignore();
    s_.device = event.name;
    return done("device opened");
}

Step Turn::on(const FaultSeen& event) {
    if (event.cause == Cause::none) return ignore();
    if (s_.phase == Phase::stopping) {  // the last words of a failed attempt
        if (s_.after != AfterStop::restart || !s_.may_block || weight(event.cause) <= weight(s_.cause)) return ignore();
        s_.cause = event.cause;
        s_.evidence = event.evidence;
        if (blocks(event.cause)) s_.after = AfterStop::blocked;
        return done("cause seen late");
    }
    const bool attempting = spawned() || s_.phase == Phase::handshaking;
    // In `up` only what explains an exit counts; a moment without network must not be blamed days later.
    if (!attempting && !(s_.phase == Phase::up && weight(event.cause) >= 2)) return ignore();
    // After the hold, `Options error` lines are about what the server pushed: logged by openvpn and skipped (facts
    // B.3).
    if (event.cause == Cause::config_refused && !spawned()) return ignore();
    if (s_.fault != Cause::none && weight(event.cause) <= weight(s_.fault)) return ignore();
    s_.fault = event.cause;
    s_.evidence = event.evidence;
    if (attempting && blocks(event.cause)) return fail(event.cause, event.evidence, "blocking fault");
    return done("fault seen");
}

Step Turn::on(const HeartbeatAnswered&) {
    if (!s_.heartbeat_outstanding) return ignore();
    s_.heartbeat_outstanding = false;
    s_.heartbeat_sent_at = std::nullopt;
    s_.heartbeat_at = now_ + t_.heartbeat_interval;
    return done("heartbeat answered");
}

Step Turn::on(const ProcessExited& event) {
    if (!has_process(s_)) return ignore();
    if (s_.phase == Phase::stopping) {
        // The management connection went first: now it is known how the process ended, unless by our SIGTERM.
        const bool own_end = s_.killed || event.status == "signal 15" || s_.fault == Cause::openvpn_crashed;
        if (s_.may_block && !own_end && s_.cause == Cause::openvpn_crashed)
            s_.evidence = "openvpn ended by itself: " + event.status;
        return gone("openvpn ended");
    }
    if (adopting()) {
        const Step ended = not_adopted("found it ending");
        return Turn(ended.state, now_, jitter01_, t_).gone("found it ending");
    }
    Step failed = fail(Cause::openvpn_crashed, "openvpn ended by itself: " + event.status, "openvpn ended by itself");
    // There is nothing left to terminate: go on at once.
    return Turn(failed.state, now_, jitter01_, t_).gone("openvpn ended by itself");
}

Step Turn::on(const DeadlinePassed&) {
    if (s_.asleep && s_.phase != Phase::stopping) return ignore();  // its timer was on its way
    const auto due = [&](const std::optional<TimePoint>& at) { return at && *at <= now_; };
    switch (s_.phase) {
        case Phase::starting:
            if (!due(s_.limit_at)) return ignore();
            if (adopting()) return not_adopted("found it mute", true);
            if (spawned())
                return fail(Cause::openvpn_hung, "management never asked for the hold", "management limit passed",
                            true);
            actions_.emplace_back(CancelResolve{});
            return fail(Cause::endpoint_name_unresolved, "no answer in time", "resolve limit passed");
        case Phase::handshaking:
            if (due(s_.limit_at) && s_.hold_due)
                return fail(Cause::openvpn_hung, "management never asked for the hold", "management limit passed",
                            true);
            if (due(s_.limit_at)) return fail(silence(), "not connected in time", "attempt limit passed");
            if (due(s_.silence_at)) return fail(silence(), "no packet from the server", "server silent");
            return due(s_.heartbeat_at) ? heartbeat_due() : ignore();
        case Phase::up:
            if (due(s_.heartbeat_at)) return heartbeat_due();
            if (!due(s_.stable_at)) return ignore();
            if (const auto until = flapping_until(s_, now_)) {
                s_.stable_at = *until;
                return done("stable, but not for long enough");
            }
            s_.stable_at = std::nullopt;
            s_.failed = 0;
            return done("stable");
        case Phase::waiting: return due(s_.retry_at) ? start("retry") : ignore();
        case Phase::stopping:
            if (!due(s_.limit_at)) return ignore();
            if (s_.killed) {
                actions_.emplace_back(AbandonOpenvpn{});
                return gone("openvpn outlived the kill");
            }
            s_.killed = true;
            s_.limit_at = now_ + t_.kill_limit;
            actions_.emplace_back(TerminateOpenvpn{true});
            return done("kill");
        case Phase::stopped:
        case Phase::blocked: return ignore();
    }
    return ignore();
}

Step step(const TunnelState& state, const TunnelEvent& event, TimePoint now, double jitter01,
          const TunnelTimings& timings) {
    return std::visit([&](const auto& e) { return Turn(state, now, jitter01, timings).on(e); }, event);
}

}  // namespace memdb::tunnel
