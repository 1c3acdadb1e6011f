#include "reach/probe_turn.hpp"

#include <algorithm>
#include <utility>

namespace memdb::reach {
namespace {

constexpr Duration kResolverGrace = 50ms;  // the resolver keeps the limit itself and knows more about the cause

bool has_connection(ProbePhase phase) noexcept {
    switch (phase) {
        case ProbePhase::idle:
        case ProbePhase::waiting:
        case ProbePhase::queued: return false;
        case ProbePhase::resolving:
        case ProbePhase::connecting:
        case ProbePhase::securing:
        case ProbePhase::authenticating:
        case ProbePhase::pinging:
        case ProbePhase::kept:
        case ProbePhase::checking:
        case ProbePhase::asking:
        case ProbePhase::bulk_checking:
        case ProbePhase::reauthenticating: return true;
    }
    return false;
}

}  // namespace

bool is_proving(ProbePhase phase) noexcept { return phase >= ProbePhase::queued && phase <= ProbePhase::pinging; }

bool is_talking(ProbePhase phase) noexcept {
    return phase >= ProbePhase::authenticating && phase <= ProbePhase::reauthenticating;
}

void ProbeTurn::enter(ProbePhase phase, Duration limit) {
    s_.phase = phase;
    s_.stage_began = now_;
    s_.deadline = now_ + limit;
    if (s_.attempt_deadline) s_.deadline = std::min(*s_.deadline, *s_.attempt_deadline);
}

TimePoint ProbeTurn::next_tick() const {
    const Duration interval = std::max(s_.rhythm.interval, Duration(1));
    const Duration since = now_.time_since_epoch() - s_.rhythm.offset;
    const Duration into = ((since % interval) + interval) % interval;
    return now_ + (interval - into);
}

void ProbeTurn::close() {
    if (has_connection(s_.phase)) act(CloseConnection{});
    s_.authenticated_at.reset();
    s_.reauth_at.reset();
    s_.reauth_token = 0;
    s_.reauth_refusal.clear();
    s_.is_reauth_open = false;
}

// --- beginnings ------------------------------------------------------------------------------------------------------

void ProbeTurn::begin_attempt() {
    s_.attempt = {};
    s_.attempt_deadline.reset();
    s_.candidates.clear();
    s_.wants_ping = false;
    s_.wants_bulk = false;
    if (!must_queue(false)) resolve(timings_.dns_limit);
}

void ProbeTurn::begin_reprobe() {
    s_.attempt = {};
    s_.attempt_deadline.reset();
    s_.candidates.clear();
    s_.wants_ping = false;
    if (!must_queue(true)) reprobe();
}

/// Whoever is queued has a turn already, and keeps it.
bool ProbeTurn::must_queue(bool is_reprobe) {
    if (s_.phase == ProbePhase::queued && s_.is_reprobe_queued == is_reprobe) return true;
    ++(is_reprobe ? s_.reprobe_turns : s_.turns);
    const TimePoint turn_at = std::max(now_, is_reprobe ? earliest_reprobe() : target_.turn_at);
    if (is_reprobe && s_.misses == 1) s_.reprobed_at = turn_at;
    if (turn_at == now_) return false;
    s_.phase = ProbePhase::queued;
    s_.is_reprobe_queued = is_reprobe;
    s_.stage_began = now_;
    s_.deadline = turn_at;
    return true;
}

/// The second one of a series does not wait for the first.
TimePoint ProbeTurn::earliest_reprobe() const {
    const bool follows_a_pong = s_.misses == 1;
    if (!follows_a_pong || !s_.reprobed_at) return target_.reprobe_at;
    return std::max(target_.reprobe_at, *s_.reprobed_at + kReprobesApart);
}

void ProbeTurn::take_turn() {
    if (s_.is_reprobe_queued)
        reprobe();
    else
        resolve(timings_.dns_limit);
}

void ProbeTurn::reprobe() {
    const Duration limit = reprobe_limit(s_, timings_);
    s_.attempt_deadline = now_ + limit;
    if (s_.address.empty())
        resolve(limit);
    else
        connect();
}

void ProbeTurn::resolve(Duration limit) {
    enter(ProbePhase::resolving, limit + kResolverGrace);
    act(Resolve{limit});
}

void ProbeTurn::connect() {
    enter(ProbePhase::connecting, timings_.tcp_limit);
    act(Connect{s_.address});
}

void ProbeTurn::connect_next() {
    s_.address = s_.candidates.front();
    s_.candidates.erase(s_.candidates.begin());
    connect();
}

void ProbeTurn::secure() {
    enter(ProbePhase::securing, timings_.tls_limit);
    act(Secure{});
}

void ProbeTurn::authenticate_or_further() {
    if (!target_.auth) return first_ping();
    enter(ProbePhase::authenticating, timings_.auth_limit);
    act(SendAuth{});
}

void ProbeTurn::first_ping() {
    enter(ProbePhase::pinging, timings_.ping_limit);
    act(SendPing{});
}

void ProbeTurn::check() {
    s_.wants_ping = false;
    enter(ProbePhase::checking, timings_.kept_ping_limit);
    act(SendPing{});
}

void ProbeTurn::ask(TopologyCommand command) {
    s_.wants_topology = false;
    s_.asked = command;
    enter(ProbePhase::asking, timings_.ping_limit);
    act(SendTopology{command});
}

void ProbeTurn::check_bulk() {
    s_.wants_bulk = false;
    enter(ProbePhase::bulk_checking, timings_.bulk_limit);
    act(SendBulk{});
}

/// Not with a token that the node has refused: it would refuse it again, and note that in its log each time.
bool ProbeTurn::is_reauth_due() const {
    return s_.reauth_at && now_ >= *s_.reauth_at && !lacks_token() && target_.token != s_.reauth_token;
}

/// Nodes of one cluster were proved in the same moment: by their shares of the rhythm they come one after the other.
void ProbeTurn::note_authenticated() {
    if (!target_.iam) return;
    const Duration spread = timings_.reauth_after / 64;
    const auto share = static_cast<double>((s_.rhythm.offset % std::max(s_.rhythm.interval, Duration(1))).count()) /
                       static_cast<double>(std::max(s_.rhythm.interval, Duration(1)).count());
    s_.authenticated_at = now_;
    s_.reauth_at = now_ + timings_.reauth_after - Duration(static_cast<Duration::rep>(share * double(spread.count())));
    s_.reauth_token = 0;
    s_.reauth_refusal.clear();
}

void ProbeTurn::reauthenticate() {
    s_.is_reauth_open = true;
    s_.reauth_token = target_.token;
    enter(ProbePhase::reauthenticating, timings_.auth_limit);
    act(SendAuth{});
}

void ProbeTurn::rest() {
    s_.phase = ProbePhase::kept;
    s_.deadline = next_tick();
    if (s_.wants_ping) return check();
    if (s_.wants_topology) return ask(TopologyCommand::shards);
    if (s_.wants_bulk) return check_bulk();
    if (is_reauth_due()) reauthenticate();
}

// --- ends ------------------------------------------------------------------------------------------------------------

void ProbeTurn::note_answer() {
    s_.last_ok = now_;
    s_.promised = s_.rhythm.interval;
}

ProbeStep ProbeTurn::prove(Microseconds took) {
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
    note_answer();
    s_.ping = took;
    s_.misses = 0;
    s_.is_reauth_open = false;
    s_.attempt_deadline.reset();
    s_.candidates.clear();
    s_.wants_ping = false;
    act(PublishProof{});
    rest();
    return done(why);
}

ProbeStep ProbeTurn::fail(ProbeVerdict verdict) {
    close();
    if (s_.phase == ProbePhase::asking || s_.wants_topology) act(PublishNoTopology{verdict.blame.evidence});
    s_.wants_topology = false;
    const bool is_first = !s_.failing_since;
    if (is_first) s_.failing_since = now_;
    const bool was_failed = s_.health == NodeHealth::failed;
    if (!was_failed && !verdict.is_final && s_.misses < kReprobes) {
        if (is_first && s_.health == NodeHealth::ok) act(PublishMiss{});
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
    s_.wants_bulk = false;
    s_.phase = ProbePhase::waiting;
    s_.deadline = next_tick();
    act(PublishFailure{});
    return done(was_failed ? "still failed" : verdict.is_final ? "blamed at once" : "blamed");
}

/// The stream behind the lost segments is of no use any more. The node stays what it is unless the small PING of the
/// re-probe fails too; this miss counts as the first, so that two re-probes are all there is before blame.
ProbeStep ProbeTurn::miss_bulk() {
    close();
    act(PublishBulk{BulkResult::missed, judge_silence(scene()).blame.evidence});
    s_.misses = 1;
    begin_reprobe();
    return done("bulk missed");
}

ProbeScene ProbeTurn::scene() const {
    return {s_.phase, format_place(s_.address, target_.port), now_ - s_.stage_began, target_.iam};
}

}  // namespace memdb::reach
