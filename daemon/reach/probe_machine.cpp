#include "reach/probe_machine.hpp"

#include "reach/probe_policy.hpp"
#include "reach/probe_turn.hpp"

#include <algorithm>
#include <utility>

namespace memdb::reach {
namespace {

constexpr std::size_t kMostAddresses = 4;

/// What each event leads to, phase by phase.
class Rules : ProbeTurn {
  public:
    using ProbeTurn::ProbeTurn;

    ProbeStep take(const ProbeEvent& event) {
        return std::visit([this](const auto& e) { return on(e); }, event);
    }

  private:
    ProbeStep on(const StartRequested& e) {
        if (s_.phase != ProbePhase::idle) return ignored();
        s_.rhythm = e.rhythm;
        begin_attempt();
        return done("start");
    }

    ProbeStep on(const StopRequested&) {
        if (s_.phase == ProbePhase::idle) return ignored();
        close();
        ProbeState stopped;
        stopped.rhythm = s_.rhythm;
        stopped.address = s_.address;
        stopped.last_ok = s_.last_ok;
        s_ = stopped;
        act(PublishUnknown{});
        return done("stop");
    }

    ProbeStep on(const PathChanged&) {
        if (s_.phase == ProbePhase::idle) return ignored();
        close();
        if (s_.health != NodeHealth::unknown) act(PublishUnknown{});
        s_.health = NodeHealth::unknown;
        s_.blame.reset();
        s_.failing_since.reset();
        s_.misses = 0;
        s_.reprobed_at.reset();
        if (s_.phase == ProbePhase::asking) act(PublishNoTopology{"the path changed"});
        begin_attempt();
        return done("path changed");
    }

    ProbeStep on(const ProbeRequested& e) {
        const bool is_elsewhere = s_.phase == ProbePhase::asking || s_.phase == ProbePhase::bulk_checking ||
                                  s_.phase == ProbePhase::reauthenticating;
        if (is_elsewhere && !s_.wants_ping) {
            s_.wants_ping = true;
            return done("probe next");
        }
        const bool would_wait = target_.turn_at > now_;  // behind those that have just begun: no gain
        if (s_.phase == ProbePhase::connecting && s_.health == NodeHealth::failed && !would_wait) {
            // Its first packet went into a way that may be another now, and the kernel would repeat it there.
            close();
            begin_attempt();
            return done("connect anew");
        }
        if (s_.phase != ProbePhase::kept && s_.phase != ProbePhase::waiting) return ignored();
        if (e.delay > 0ms) {
            s_.deadline = std::min(s_.deadline.value_or(now_ + e.delay), now_ + e.delay);
            return done("probe soon");
        }
        if (s_.phase == ProbePhase::kept)
            check();
        else
            begin_attempt();
        return done("probe at once");
    }

    ProbeStep on(const TopologyRequested&) {
        if (s_.phase == ProbePhase::kept) {
            ask(TopologyCommand::shards);
            return done("ask topology");
        }
        const bool is_busy = s_.phase == ProbePhase::checking || s_.phase == ProbePhase::bulk_checking ||
                             s_.phase == ProbePhase::reauthenticating;
        if ((!is_proving(s_.phase) && !is_busy) || s_.wants_topology) return ignored();
        s_.wants_topology = true;
        return done("ask topology next");
    }

    /// A small PING goes first: a bulk check means something only where small packets pass.
    ProbeStep on(const BulkRequested&) {
        if (s_.phase == ProbePhase::kept) {
            s_.wants_bulk = true;
            check();
            return done("ping before bulk");
        }
        const bool is_busy = s_.phase == ProbePhase::checking || s_.phase == ProbePhase::asking ||
                             s_.phase == ProbePhase::reauthenticating;
        if ((!is_proving(s_.phase) && !is_busy) || s_.wants_bulk) return ignored();
        s_.wants_bulk = true;
        return done("bulk next");
    }

    ProbeStep on(const RhythmChanged& e) {
        if (s_.phase == ProbePhase::idle || s_.rhythm == e.rhythm) return ignored();
        s_.rhythm = e.rhythm;
        if (s_.phase == ProbePhase::kept || s_.phase == ProbePhase::waiting) s_.deadline = next_tick();
        return done("new rhythm");
    }

    /// A kept connection does not care before its next AUTH is due. A node that was blamed for the last token, or for
    /// want of one, is tried at once; what is under way goes on, and takes the token where it logs in.
    ProbeStep on(const TokenChanged&) {
        if (!s_.blame || s_.blame->code != "iam-token-failed" || lacks_token()) return ignored();
        const bool was_unsent = s_.blame->unsent;
        if (was_unsent) {  // whatever the node would have said: that there is no token holds no more
            act(PublishUnknown{});
            s_.health = NodeHealth::unknown;
            s_.blame.reset();
            s_.failing_since.reset();
        }
        if (s_.phase == ProbePhase::waiting) {
            begin_attempt();
            return done("try the new token");
        }
        return was_unsent ? done("go on with the new token") : ignored();
    }

    ProbeStep on(const Resolved& e) {
        if (s_.phase != ProbePhase::resolving) return ignored();
        if (e.addresses.empty()) return fail(judge_resolve("the name has no address"));
        s_.attempt.dns = e.took;
        s_.candidates.assign(e.addresses.begin(),
                             e.addresses.begin() + std::min<std::ptrdiff_t>(std::ssize(e.addresses), kMostAddresses));
        const auto known = std::find(s_.candidates.begin(), s_.candidates.end(), s_.address);
        if (known != s_.candidates.end() && s_.health != NodeHealth::failed)
            std::rotate(s_.candidates.begin(), known, known + 1);  // it worked before
        connect_next();
        return done("resolved");
    }

    ProbeStep on(const ResolveFailed& e) {
        if (s_.phase != ProbePhase::resolving) return ignored();
        return fail(judge_resolve(e.text));
    }

    ProbeStep on(const Connected& e) {
        if (s_.phase != ProbePhase::connecting) return ignored();
        s_.attempt.tcp = e.took;
        if (target_.tls)
            secure();
        else if (lacks_token())
            return fail(judge_no_token(target_.no_token));
        else
            authenticate_or_further();
        return done("connected");
    }

    ProbeStep on(const ConnectFailed& e) {
        if (s_.phase != ProbePhase::connecting) return ignored();
        if (!s_.candidates.empty()) return next_address();
        return fail(judge_connect(scene(), e));
    }

    ProbeStep on(const Secured& e) {
        if (s_.phase != ProbePhase::securing) return ignored();
        s_.attempt.tls = e.took;
        if (lacks_token()) return fail(judge_no_token(target_.no_token));
        authenticate_or_further();
        return done("secured");
    }

    ProbeStep on(const SecureFailed& e) {
        if (s_.phase != ProbePhase::securing) return ignored();
        return fail(judge_security(scene(), e));
    }

    ProbeStep on(const ReplyReceived& e) {
        if (!is_talking(s_.phase)) return ignored();
        if (s_.phase == ProbePhase::kept) return fail(judge_malformed(scene(), "nothing was asked"));
        if (s_.phase == ProbePhase::asking) return on_topology(e.reply);
        if (s_.phase == ProbePhase::bulk_checking) return on_bulk(e.reply);
        if (s_.phase == ProbePhase::reauthenticating) return on_reauth(e.reply);
        if (e.reply.kind == Reply::Kind::error) return fail(judge_error(scene(), e.reply));
        const bool is_auth = s_.phase == ProbePhase::authenticating;
        if (e.reply.kind != Reply::Kind::status || e.reply.text != (is_auth ? "OK" : "PONG"))
            return fail(judge_malformed(scene(), is_auth ? "it is not +OK" : "it is not +PONG"));
        if (!is_auth) return prove(e.took);
        s_.attempt.auth = e.took;
        note_authenticated();
        first_ping();
        return done("authenticated");
    }

    /// A refusal leaves the connection as it was: authenticated until MemoryDB ends it. Either way a PING follows.
    ProbeStep on_reauth(const Reply& reply) {
        const bool is_refused = reply.kind == Reply::Kind::error;
        if (!is_refused && (reply.kind != Reply::Kind::status || reply.text != "OK"))
            return fail(judge_malformed(scene(), "it is not +OK"));
        if (is_refused)
            s_.reauth_refusal = judge_error(scene(), reply).blame.evidence;
        else
            note_authenticated();
        check();
        return done(is_refused ? "authentication refused, kept" : "authenticated again");
    }

    ProbeStep on_topology(const Reply& reply) {
        const bool is_unknown = reply.kind == Reply::Kind::error && (reply.text.find("nknown") != std::string::npos);
        if (is_unknown && s_.asked == TopologyCommand::shards) {  // engines before 7.0
            ask(TopologyCommand::slots);
            return done("ask slots instead");
        }
        act(PublishTopology{reply});
        rest();
        return done("topology received");
    }

    ProbeStep on_bulk(const Reply& reply) {
        // Some proxies answer every PING with PONG. Neither that nor a refusal says how large packets fare.
        const bool is_plain_pong = reply.kind == Reply::Kind::status && reply.text == "PONG";
        if (reply.kind == Reply::Kind::error || is_plain_pong) {
            act(PublishBulk{BulkResult::unknown, judge_error(scene(), reply).blame.evidence});
            rest();
            return done("bulk cannot be checked");
        }
        if (reply.kind != Reply::Kind::text || reply.text != bulk_payload())
            return fail(judge_malformed(scene(), "it is not what was sent"));
        note_answer();
        act(PublishBulk{BulkResult::passed, {}});
        rest();
        return done("bulk passed");
    }

    ProbeStep on(const ReplyMalformed& e) {
        return is_talking(s_.phase) ? fail(judge_malformed(scene(), e.text)) : ignored();
    }

    ProbeStep on(const PeerClosed& e) {
        const bool matters = is_talking(s_.phase) || s_.phase == ProbePhase::securing;
        return matters ? fail(judge_close(scene(), e.text)) : ignored();
    }

    ProbeStep on(const DeadlinePassed&) {
        if (!s_.deadline || now_ < *s_.deadline) return ignored();  // the timer of an older state
        if (s_.phase == ProbePhase::kept) {
            check();
            return done("ping due");
        }
        if (s_.phase == ProbePhase::waiting) {
            begin_attempt();
            return done("try again");
        }
        if (s_.phase == ProbePhase::queued) {
            take_turn();
            return done("its turn");
        }
        const bool is_over = s_.attempt_deadline && *s_.attempt_deadline <= now_;  // for all addresses together
        if (s_.phase == ProbePhase::connecting && !s_.candidates.empty() && !is_over) return next_address();
        if (s_.phase == ProbePhase::bulk_checking) return miss_bulk();
        return fail(judge_silence(scene()));
    }

    ProbeStep next_address() {
        close();
        connect_next();
        return done("next address");
    }
};

}  // namespace

ProbeStep step(ProbeState state, const ProbeEvent& event, TimePoint now, const ProbeTarget& target,
               const ProbeTimings& timings) {
    return Rules(std::move(state), now, target, timings).take(event);
}

}  // namespace memdb::reach
