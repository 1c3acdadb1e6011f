// The moves between phases that several rules share: each leaves every deadline and flag of the new phase set.
#include "tunnel/tunnel_turn.hpp"

#include "base/backoff.hpp"

#include <algorithm>
#include <utility>

namespace memdb::tunnel {
namespace {

constexpr std::size_t kTriedLimit = 64;
constexpr unsigned kFailedLimit = 1000;
constexpr std::size_t kLossesLimit = 8;

/// openvpn's own word for why it restarts or ends, as a code: "ping-restart", "server-pushed-halt".
std::string reason_word(std::string_view detail) {
    std::string word;
    for (const char c : detail.substr(0, 48))
        word += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ? c : '-';
    return word.empty() ? "unknown" : word;
}

}  // namespace

void Turn::enter(Phase phase) {
    if (phase != s_.phase) s_.since = now_;
    s_.phase = phase;
    s_.limit_at = s_.silence_at = s_.heartbeat_at = s_.stable_at = s_.retry_at = s_.connected_at = std::nullopt;
    s_.heartbeat_sent_at = std::nullopt;
    s_.farewell.clear();
    s_.heartbeat_outstanding = s_.hold_due = s_.server_seen = s_.killed = s_.may_block = s_.config_error = false;
    s_.after = AfterStop::nothing;
}

Step Turn::start(std::string_view why) {
    if (!s_.online) return rest_offline("no network, no attempt");
    enter(Phase::starting);
    s_.starting = Starting::resolving;
    s_.stale = false;
    s_.fault = Cause::none;
    s_.attempt += 1;
    s_.openvpn_pid = std::nullopt;
    s_.device.clear();
    s_.address.clear();
    s_.pushed.reset();
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
    s_.server = s_.preferred = std::nullopt;
    s_.cause = Cause::none;
    s_.evidence.clear();
}

/// In `waiting` without a moment: only NetworkChanged, or a person, ends it.
Step Turn::rest_offline(std::string_view why) {
    Step waiting = rest(Phase::waiting, why);
    waiting.state.cause = Cause::network_offline;
    waiting.state.evidence = "no way leads out of this machine";
    return waiting;
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
    s_.pushed.reset();
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

/// Ends the process for another one.
Step Turn::replace_process(TimePoint retry_at, std::string_view why) {
    Step stopping = terminate(AfterStop::restart, false, why);
    stopping.state.retry_at = retry_at;
    return stopping;
}

void Turn::note_restart(bool asked, std::string_view cause) {
    if (!asked) {
        s_.restarts += 1;
        if (s_.losses.size() == kLossesLimit) s_.losses.erase(s_.losses.begin());
        s_.losses.push_back(now_);
    }
    s_.last_restart_cause = cause;
}

/// The attempt, or a tunnel that was up, has come to nothing: `cause` unless something seen in it explains more.
Step Turn::fail(Cause cause, std::string evidence, std::string_view why, bool force) {
    const bool was_up = s_.phase == Phase::up;
    const bool fault_tells = weight(s_.fault) > weight(cause) || s_.fault == cause;
    s_.cause = fault_tells ? s_.fault : cause;
    if (!fault_tells) s_.evidence = std::move(evidence);
    if (was_up && !s_.farewell.empty()) {  // it ended because it was told to, and said so
        s_.cause = Cause::none;
        s_.evidence.clear();
        note_restart(false, std::string(s_.farewell));
    } else if (was_up) {
        note_restart(false, to_string(s_.cause));
    }
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
    if (!s_.online) return rest_offline(why);
    if (!s_.retry_at || *s_.retry_at <= now_) return start(why);
    const TimePoint retry_at = *s_.retry_at;
    Step waiting = rest(Phase::waiting, why);
    waiting.state.retry_at = retry_at;
    waiting.state.since = now_;
    return waiting;
}

/// What was asked for, else the server of a tunnel that was just up, then each address once before any is repeated.
ServerAddress Turn::choose(const std::vector<ServerAddress>& addresses) {
    const auto is_in = [](const auto& list, const ServerAddress& a) {
        return std::ranges::find(list, a) != list.end();
    };
    ServerAddress chosen = addresses.front();
    if (const auto wish = std::exchange(s_.preferred, std::nullopt); wish && is_in(addresses, *wish)) {
        chosen = *wish;
    } else if (s_.tried.empty() && s_.server && is_in(addresses, *s_.server)) {
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
    const auto sent_at = s_.heartbeat_sent_at;
    enter(phase);
    if (answer_by) s_.heartbeat_sent_at = sent_at;
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

/// An openvpn that cannot be taken over is ended, and another one started at once: nothing has failed but the handover.
Step Turn::not_adopted(std::string_view why, bool force) {
    note_restart(false, "handover-failed");
    Step stopping = terminate(AfterStop::restart, force, why);
    stopping.state.retry_at = now_;
    return stopping;
}

/// openvpn restarts by itself out of `up` (RECONNECTING): it will ask for the hold.
Step Turn::lost_in_place(const StateLine& line) {
    if (is_excused(line.detail)) return excused_restart();
    std::string word = reason_word(line.detail);
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
    if (s_.stale || wait > 0ms || !s_.online) {
        s_.attempt = 0;  // the next process is the first attempt
        return replace_process(now_ + wait, s_.stale    ? "openvpn restarts, the input has changed"
                                            : s_.online ? "openvpn restarts again"
                                                        : "openvpn restarts without a network");
    }
    handshake(true);
    actions_.emplace_back(ResolveEndpoint{});  // the endpoint may have moved meanwhile
    return done("openvpn restarts");
}

/// The agent has found that the tunnel, though up, carries nothing: another process, and another address when there is
/// one. How soon is a matter of how often that happened lately.
Step Turn::given_up(const ReconnectRequested& event) {
    note_restart(false, event.cause);
    s_.cause = event.blame;
    s_.evidence = event.evidence;
    s_.failed = std::min(s_.failed + 1, kFailedLimit);
    if (s_.server) s_.tried = {*s_.server};
    s_.preferred = event.server;
    return replace_process(now_ + backoff_delay(s_.failed, t_.first_backoff, t_.longest_backoff, jitter01_),
                           "given up by the agent");
}

/// EXITING out of `up`: the server ended the session, or openvpn its own; its end, which follows, is no crash.
Step Turn::farewell(std::string_view detail) {
    if (detail == "SIGTERM" || detail == "SIGINT") return ignore();  // somebody's kill: unasked, so a failure
    s_.farewell = reason_word(detail);
    return s_ == before_ ? ignore() : done("openvpn says why it ends");
}

Step Turn::heartbeat_due() {
    if (s_.heartbeat_outstanding)
        return fail(Cause::openvpn_hung, "no answer to a heartbeat", "heartbeat unanswered", true);
    send_heartbeat(t_.heartbeat_limit);
    return done("heartbeat");
}

void Turn::send_heartbeat(Duration limit) {
    s_.heartbeat_outstanding = true;
    s_.heartbeat_sent_at = now_;
    s_.heartbeat_at = now_ + limit;
    actions_.emplace_back(SendHeartbeat{});
}

Step Turn::network_lost() {
    s_.online = false;
    switch (s_.phase) {
        case Phase::starting:
            if (spawned()) return replace_process(now_, "network lost");
            if (adopting()) return done("network lost");
            actions_.emplace_back(CancelResolve{});
            return rest_offline("network lost");
        case Phase::handshaking: return replace_process(now_, "network lost");
        case Phase::waiting: return rest_offline("network lost");
        case Phase::up:  // it may come back before anybody misses it
        case Phase::stopped:
        case Phase::stopping:
        case Phase::blocked: return done("network lost");
    }
    return ignore();
}

/// Another way out than before, or one again: nothing that failed on the old one counts.
Step Turn::network_found() {
    const bool was_online = std::exchange(s_.online, true);
    s_.failed = 0;
    switch (s_.phase) {
        case Phase::waiting: return start("network found");
        case Phase::starting:
            if (has_process(s_)) return done("network found");
            actions_.emplace_back(CancelResolve{});  // it may wait for a name server that is no longer there
            return start("network found");
        case Phase::handshaking:
            if (s_.server_seen || s_.hold_due) return done("network found");
            return replace_process(now_, "network found");
        case Phase::stopping:
            if (s_.after == AfterStop::restart) s_.retry_at = now_;
            return done("network found");
        case Phase::up:
        case Phase::stopped:
        case Phase::blocked: return was_online ? ignore() : done("network found");
    }
    return ignore();
}

/// The answer to a question that was asked beside a restart in place: a server that is gone from it is left at once.
Step Turn::addresses_renewed(const std::vector<ServerAddress>& addresses) {
    if (s_.phase != Phase::handshaking && s_.phase != Phase::up) return ignore();
    if (addresses.empty() || addresses == s_.addresses) return ignore();
    s_.addresses = addresses;
    const bool gone = s_.server && std::ranges::find(addresses, *s_.server) == addresses.end();
    if (!gone || s_.phase == Phase::up || s_.server_seen) return done("addresses renewed");
    return replace_process(now_, "the endpoint has moved");
}

}  // namespace memdb::tunnel
