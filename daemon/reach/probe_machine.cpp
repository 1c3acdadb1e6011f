#include "reach/probe_machine.hpp"

#include "reach/probe_policy.hpp"

#include <algorithm>
#include <utility>

namespace memdb::reach {
namespace {

constexpr std::size_t kMostAddresses = 4;
constexpr Duration kResolverGrace = 50ms;  // the resolver keeps the limit itself and knows more about the cause

bool has_connection(ProbePhase phase) noexcept {
    switch (phase) {
        case ProbePhase::idle:
        case ProbePhase::waiting: return false;
        case ProbePhase::resolving:
        case ProbePhase::connecting:
        case ProbePhase::securing:
        case ProbePhase::authenticating:
        case ProbePhase::pinging:
        case ProbePhase::kept:
        case ProbePhase::checking:
        case ProbePhase::asking: return true;
    }
    return false;
}

bool is_proving(ProbePhase phase) noexcept { return phase >= ProbePhase::resolving && phase <= ProbePhase::pinging; }

/// Whether the peer may say something in this phase.
bool is_talking(ProbePhase phase) noexcept {
    return phase >= ProbePhase::authenticating && phase <= ProbePhase::asking;
}

/// One step under way. Members are the parameters that every rule needs.
class Turn {
  public:
    Turn(const ProbeState& state, TimePoint now, const ProbeTarget& target, const ProbeTimings& timings)
        : before_(state), s_(state), now_(now), target_(target), timings_(timings) {}

    ProbeStep take(const ProbeEvent& event) {
        return std::visit([this](const auto& e) { return on(e); }, event);
    }

  private:
    ProbeStep ignored() { return {before_, {}, "ignored"}; }
    ProbeStep done(std::string_view why) { return {std::move(s_), std::move(actions_), why}; }

    template <class Action>
    void act(Action action) {
        actions_.emplace_back(std::move(action));
    }

    void enter(ProbePhase phase, Duration limit) {
        s_.phase = phase;
        s_.stage_began = now_;
        s_.deadline = now_ + limit;
        if (s_.attempt_deadline) s_.deadline = std::min(*s_.deadline, *s_.attempt_deadline);
    }

    /// The first tick of the rhythm after now.
    [[nodiscard]] TimePoint next_tick() const {
        const Duration interval = std::max(s_.rhythm.interval, Duration(1));
        const Duration since = now_.time_since_epoch() - s_.rhythm.offset;
        const Duration into = ((since % interval) + interval) % interval;
        return now_ + (interval - into);
    }

    void close() {
        if (has_connection(s_.phase)) act(CloseConnection{});
    }

    // --- beginnings -------------------------------------------------------------------------------------------------

    void begin_attempt() {
        s_.attempt = {};
        s_.attempt_deadline.reset();
        s_.candidates.clear();
        s_.wants_ping = false;
        resolve(timings_.dns_limit);
    }

    void begin_reprobe() {
        s_.attempt = {};
        s_.candidates.clear();
        s_.wants_ping = false;
        const Duration limit = reprobe_limit(s_, timings_);
        s_.attempt_deadline = now_ + limit;
        if (s_.address.empty())
            resolve(limit);
        else
            connect();
    }

    void resolve(Duration limit) {
        enter(ProbePhase::resolving, limit + kResolverGrace);
        act(Resolve{limit});
    }

    void connect() {
        enter(ProbePhase::connecting, timings_.tcp_limit);
        act(Connect{s_.address});
    }

    void connect_next() {
        s_.address = s_.candidates.front();
        s_.candidates.erase(s_.candidates.begin());
        connect();
    }

    void secure_or_further() {
        if (!target_.tls) return authenticate_or_further();
        enter(ProbePhase::securing, timings_.tls_limit);
        act(Secure{});
    }

    void authenticate_or_further() {
        if (!target_.auth) return first_ping();
        enter(ProbePhase::authenticating, timings_.auth_limit);
        act(SendAuth{});
    }

    void first_ping() {
        enter(ProbePhase::pinging, timings_.ping_limit);
        act(SendPing{});
    }

    void check() {
        s_.wants_ping = false;
        enter(ProbePhase::checking, timings_.kept_ping_limit);
        act(SendPing{});
    }

    void ask(TopologyCommand command) {
        s_.wants_topology = false;
        s_.asked = command;
        enter(ProbePhase::asking, timings_.ping_limit);
        act(SendTopology{command});
    }

    /// Back to rest between PINGs, or to what was wanted meanwhile.
    void rest() {
        s_.phase = ProbePhase::kept;
        s_.deadline = next_tick();
        if (s_.wants_ping) return check();
        if (s_.wants_topology) ask(TopologyCommand::shards);
    }

    // --- ends -------------------------------------------------------------------------------------------------------

    ProbeStep prove(Microseconds took) {
        const bool is_first = s_.phase == ProbePhase::pinging;
        const std::string_view why = !is_first ? "answered" : s_.attempt_deadline ? "proved again" : "proved";
        if (is_first) {
            s_.attempt.ping = took;
            if (!s_.attempt.dns) s_.attempt.dns = s_.proof.dns;  // a re-probe asks no name server
            s_.proof = std::exchange(s_.attempt, {});
        }
        s_.health = NodeHealth::ok;
        s_.blame.reset();
        s_.failing_since.reset();
        s_.last_ok = now_;
        s_.ping = took;
        s_.misses = 0;
        s_.attempt_deadline.reset();
        s_.candidates.clear();
        s_.wants_ping = false;
        act(PublishProof{});
        rest();
        return done(why);
    }

    ProbeStep fail(ProbeVerdict verdict) {
        close();
        if (s_.phase == ProbePhase::asking || s_.wants_topology) act(PublishNoTopology{verdict.blame.evidence});
        s_.wants_topology = false;
        if (!s_.failing_since) s_.failing_since = now_;
        const bool was_failed = s_.health == NodeHealth::failed;
        if (!was_failed && !verdict.is_final && s_.misses < kReprobes) {
            ++s_.misses;
            begin_reprobe();
            return done("re-probe");
        }
        s_.health = NodeHealth::failed;
        s_.blame = std::move(verdict.blame);
        s_.attempt = {};
        s_.attempt_deadline.reset();
        s_.candidates.clear();
        s_.wants_ping = false;
        s_.phase = ProbePhase::waiting;
        s_.deadline = next_tick();
        act(PublishFailure{});
        return done(was_failed ? "still failed" : verdict.is_final ? "blamed at once" : "blamed");
    }

    [[nodiscard]] ProbeScene scene() const {
        return {s_.phase, format_place(s_.address, target_.port), now_ - s_.stage_began};
    }

    // --- events -----------------------------------------------------------------------------------------------------

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
        if (s_.phase == ProbePhase::asking) act(PublishNoTopology{"the path changed"});
        begin_attempt();
        return done("path changed");
    }

    ProbeStep on(const ProbeRequested& e) {
        if (s_.phase == ProbePhase::asking && !s_.wants_ping) {
            s_.wants_ping = true;
            return done("probe next");
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
        if ((!is_proving(s_.phase) && s_.phase != ProbePhase::checking) || s_.wants_topology) return ignored();
        s_.wants_topology = true;
        return done("ask topology next");
    }

    ProbeStep on(const RhythmChanged& e) {
        if (s_.phase == ProbePhase::idle || s_.rhythm == e.rhythm) return ignored();
        s_.rhythm = e.rhythm;
        if (s_.phase == ProbePhase::kept || s_.phase == ProbePhase::waiting) s_.deadline = next_tick();
        return done("new rhythm");
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
        secure_or_further();
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
        if (e.reply.kind == Reply::Kind::error) return fail(judge_error(scene(), e.reply));
        const bool is_auth = s_.phase == ProbePhase::authenticating;
        if (e.reply.kind != Reply::Kind::status || e.reply.text != (is_auth ? "OK" : "PONG"))
            return fail(judge_malformed(scene(), is_auth ? "it is not +OK" : "it is not +PONG"));
        if (!is_auth) return prove(e.took);
        s_.attempt.auth = e.took;
        first_ping();
        return done("authenticated");
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
        if (s_.phase == ProbePhase::connecting && !s_.candidates.empty()) return next_address();
        return fail(judge_silence(scene()));
    }

    ProbeStep next_address() {
        close();
        connect_next();
        return done("next address");
    }

    const ProbeState& before_;
    ProbeState s_;
    TimePoint now_;
    const ProbeTarget& target_;
    const ProbeTimings& timings_;
    std::vector<ProbeAction> actions_;
};

}  // namespace

ProbeStep step(const ProbeState& state, const ProbeEvent& event, TimePoint now, const ProbeTarget& target,
               const ProbeTimings& timings) {
    return Turn(state, now, target, timings).take(event);
}

}  // namespace memdb::reach
