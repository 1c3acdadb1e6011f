// The moves between phases that several rules share: each leaves every deadline and flag of the new phase set.
#include "tunnel/tunnel_turn.hpp"

#include "base/backoff.hpp"

#include <algorithm>
#include <utility>

namespace memdb::tunnel {
namespace {

constexpr std::size_t kTriedLimit = 64;
constexpr unsigned kFailedLimit = 1000;

}  // namespace

void Turn::enter(Phase phase) {
    if (phase != s_.phase) s_.since = now_;
    s_.phase = phase;
    s_.limit_at = s_.silence_at = s_.heartbeat_at = s_.stable_at = s_.retry_at = s_.connected_at = std::nullopt;
    s_.heartbeat_outstanding = s_.hold_due = s_.server_seen = s_.killed = s_.may_block = s_.config_error = false;
    s_.after = AfterStop::nothing;
}

Step Turn::start(std::string_view why) {
    enter(Phase::starting);
    s_.starting = Starting::resolving;
    s_.stale = false;
    s_.fault = Cause::none;
    s_.attempt += 1;
    s_.openvpn_pid = std::nullopt;
    s_.device.clear();
    s_.address.clear();
    s_.limit_at = now_ + t_.resolve_limit;
    actions_.emplace_back(ResolveEndpoint{});
    return done(why);
}

/// As if nothing had failed before: somebody asked, or what blocked has changed.
Step Turn::start_afresh(std::string_view why) {
    forget_failures();
    return start(why);
}

void Turn::forget_failures() {
    s_.attempt = 0;
    s_.failed = 0;
    s_.tried.clear();
    s_.server = std::nullopt;
    s_.cause = Cause::none;
    s_.evidence.clear();
}

/// In `stopping`: called back before the process was gone.
Step Turn::restart_after_stop(std::string_view why) {
    forget_failures();
    s_.after = AfterStop::restart;
    s_.retry_at = now_;
    s_.may_block = false;
    return done(why);
}

/// Into a phase without a process and without a deadline.
Step Turn::rest(Phase phase, std::string_view why) {
    enter(phase);
    s_.openvpn_pid = std::nullopt;
    s_.device.clear();
    s_.address.clear();
    s_.stale = false;
    s_.fault = Cause::none;
    if (phase == Phase::stopped) forget_failures();
    return done(why);
}

Step Turn::terminate(AfterStop after, bool force, std::string_view why) {
    enter(Phase::stopping);
    s_.after = after;
    s_.killed = force;
    s_.limit_at = now_ + (force ? t_.kill_limit : t_.stop_grace);
    actions_.emplace_back(TerminateOpenvpn{force});
    return done(why);
}

void Turn::note_restart(bool asked, std::string_view cause) {
    if (!asked) s_.restarts += 1;
    s_.last_restart_cause = cause;
}

/// The attempt, or a tunnel that was up, has come to nothing: `cause` unless something seen in it explains more.
Step Turn::fail(Cause cause, std::string evidence, std::string_view why, bool force) {
    const bool was_up = s_.phase == Phase::up;
    const bool fault_tells = weight(s_.fault) > weight(cause) || s_.fault == cause;
    s_.cause = fault_tells ? s_.fault : cause;
    if (!fault_tells) s_.evidence = std::move(evidence);
    if (was_up) note_restart(false, to_string(s_.cause));
    s_.failed = std::min(s_.failed + 1, kFailedLimit);
    const TimePoint retry_at = now_ + backoff_delay(s_.failed, t_.first_backoff, t_.longest_backoff, jitter01_);
    // A tunnel that was up had good input: let the next attempt find out whether it still is.
    const bool block = !was_up && blocks(s_.cause);

    if (!has_process(s_)) {
        enter(Phase::stopping);
        s_.after = block ? AfterStop::blocked : AfterStop::restart;
        s_.retry_at = retry_at;
        return gone(why);
    }
    Step stopping = terminate(block ? AfterStop::blocked : AfterStop::restart, force, why);
    stopping.state.retry_at = retry_at;
    stopping.state.may_block = !was_up;
    return stopping;
}

/// No process any more: on to what `after` says.
Step Turn::gone(std::string_view why) {
    if (s_.after == AfterStop::nothing) return rest(Phase::stopped, why);
    if (s_.after == AfterStop::blocked) return rest(Phase::blocked, why);
    if (!s_.retry_at || *s_.retry_at <= now_) return start(why);
    const TimePoint retry_at = *s_.retry_at;
    Step waiting = rest(Phase::waiting, why);
    waiting.state.retry_at = retry_at;
    waiting.state.since = now_;
    return waiting;
}

/// Prefers the server of a tunnel that was just up, then each address once before any is repeated.
ServerAddress Turn::choose(const std::vector<ServerAddress>& addresses) {
    const auto is_in = [](const auto& list, const ServerAddress& a) {
        return std::ranges::find(list, a) != list.end();
    };
    ServerAddress chosen = addresses.front();
    if (s_.tried.empty() && s_.server && is_in(addresses, *s_.server)) {
        chosen = *s_.server;
    } else {
        auto fresh = std::ranges::find_if(addresses, [&](const auto& a) { return !is_in(s_.tried, a); });
        if (fresh == addresses.end()) {
            s_.tried.clear();
            fresh = std::ranges::find_if(addresses, [&](const auto& a) { return a != s_.server; });
        }
        if (fresh != addresses.end()) chosen = *fresh;
    }
    if (s_.tried.size() < kTriedLimit) s_.tried.push_back(chosen);
    return chosen;
}

/// Into `handshaking` or `up` of the same process: a heartbeat that is on its way keeps its deadline.
void Turn::enter_alive(Phase phase) {
    const auto answer_by = s_.heartbeat_outstanding ? s_.heartbeat_at : std::nullopt;
    enter(phase);
    s_.heartbeat_outstanding = answer_by.has_value();
    s_.heartbeat_at = answer_by.value_or(now_ + t_.heartbeat_interval);
}

void Turn::handshake(bool hold_due) {
    enter_alive(Phase::handshaking);
    s_.hold_due = hold_due;
    s_.fault = Cause::none;
    s_.limit_at = now_ + (hold_due ? t_.management_limit : t_.attempt_limit);
    if (!hold_due) s_.silence_at = now_ + t_.silence_limit;
}

void Turn::server_spoke() {
    s_.server_seen = true;
    if (!s_.hold_due) s_.silence_at = now_ + t_.silence_limit;
}

Step Turn::connected(const StateLine& line) {
    s_.tried.clear();
    s_.attempt = 0;
    enter_alive(Phase::up);
    s_.connected_at = now_;
    s_.stable_at = now_ + t_.stable_after;
    s_.fault = s_.cause = Cause::none;
    s_.evidence.clear();
    s_.address = line.tun_ip.empty() ? line.tun_ip6 : line.tun_ip;
    s_.link_grew_at = now_;
    s_.config_error = line.detail != "SUCCESS";
    if (s_.config_error) s_.evidence = "CONNECTED," + line.detail;
    return done(s_.config_error ? "connected with errors" : "connected");
}

/// openvpn restarts by itself out of `up` (RECONNECTING): it will ask for the hold.
Step Turn::lost_in_place(const StateLine& line) {
    std::string word;
    for (const char c : line.detail.substr(0, 48))
        word += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ? c : '-';
    Cause cause = Cause::none;
    if (line.detail == "ping-restart" || line.detail == "inactive") cause = Cause::tunnel_silent;
    if (line.detail == "network-unreachable") cause = Cause::network_offline;
    if (cause != Cause::none) {  // it stays the reason until the attempts say something newer
        s_.cause = cause;
        s_.evidence = "openvpn: " + word;
        word = to_string(cause);
    }
    note_restart(false, word);
    s_.failed = std::min(s_.failed + 1, kFailedLimit);
    s_.attempt = 1;
    if (s_.server) s_.tried = {*s_.server};
    // The first loss restarts in place at once; a tunnel that keeps falling down waits, without a process.
    const Duration wait = backoff_delay(s_.failed, t_.first_backoff, t_.longest_backoff, jitter01_);
    if (s_.stale || wait > 0ms) {
        Step stopping = terminate(AfterStop::restart, false,
                                  s_.stale ? "openvpn restarts, the input has changed" : "openvpn restarts again");
        stopping.state.retry_at = now_ + wait;
        stopping.state.attempt = 0;  // the next process is the first attempt
        return stopping;
    }
    handshake(true);
    return done("openvpn restarts");
}

Step Turn::heartbeat_due() {
    if (s_.heartbeat_outstanding)
        return fail(Cause::openvpn_hung, "no answer to a heartbeat", "heartbeat unanswered", true);
    s_.heartbeat_outstanding = true;
    s_.heartbeat_at = now_ + t_.heartbeat_limit;
    actions_.emplace_back(SendHeartbeat{});
    return done("heartbeat");
}

}  // namespace memdb::tunnel
