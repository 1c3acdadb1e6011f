// Any row of events, in any order and at any time, for the probe of one node: with and without TLS, a password, tokens
// that come and go, and turns that it must wait for. After each its invariants hold and no deadline passes twice; from
// wherever it ends, a node that answers everything becomes ok.
#include "tests/fuzz/story.hpp"
#include "tests/support/probe_invariants.hpp"

#include <algorithm>

using namespace memdb;
using namespace memdb::reach;
using fuzz::Row;

namespace {

constexpr ProbeTimings kTimings{};

const std::string kWords[] = {"",
                              "OK",
                              "PONG",
                              "NOAUTH Authentication required.",
                              "WRONGPASS invalid username-password pair or user is disabled.",
                              "ERR unknown command 'cluster'",
                              "ERR Unknown subcommand",
                              "NOPERM this user has no permissions",
                              "LOADING Redis is loading the dataset in memory",
                              "\xff\n\x1b[31m",
                              std::string(300, 'a'),
                              std::string(bulk_payload())};
const std::string& word(unsigned byte) { return Row::of(kWords, byte); }
/// What a link says of a failure is never empty.
const std::string& phrase(unsigned byte) { return word(byte).empty() ? kWords[1] : word(byte); }

Rhythm rhythm(const Row& row) {
    constexpr Duration intervals[] = {1s, 5s, 100ms, 5s};
    return {Row::of(intervals, row.a), Duration(row.b * 20L)};
}

struct Fill {
    void operator()(StartRequested& e, const Row& r) const { e.rhythm = rhythm(r); }
    void operator()(RhythmChanged& e, const Row& r) const { e.rhythm = rhythm(r); }
    void operator()(ProbeRequested& e, const Row& r) const { e.delay = Duration(r.a); }
    void operator()(Resolved& e, const Row& r) const {
        const char* const all[] = {"10.0.0.1", "10.0.0.2", "fd00::1", "10.0.0.3", "10.0.0.4", "10.0.0.1"};
        for (unsigned i = 0; i < std::size(all); ++i)
            if (Row::bit(r.a, i)) e.addresses.emplace_back(all[i]);
        e.took = Microseconds(r.b * 1000L);
    }
    void operator()(ResolveFailed& e, const Row& r) const { e.text = phrase(r.a); }
    void operator()(Connected& e, const Row& r) const { e.took = Microseconds(r.a * 10'000L); }
    void operator()(Secured& e, const Row& r) const { e.took = Microseconds(r.a * 10'000L); }
    void operator()(ConnectFailed& e, const Row& r) const { e = {static_cast<ConnectProblem>(r.a % 4U), phrase(r.b)}; }
    void operator()(SecureFailed& e, const Row& r) const { e = {static_cast<SecureProblem>(r.a % 5U), phrase(r.b)}; }
    void operator()(ReplyReceived& e, const Row& r) const {
        constexpr Reply::Kind kinds[] = {Reply::Kind::status, Reply::Kind::error, Reply::Kind::text, Reply::Kind::array,
                                         Reply::Kind::integer};
        e.reply.kind = Row::of(kinds, r.a);
        e.reply.text = word(r.b);
        e.took = Microseconds(r.a * 100L);
    }
    void operator()(ReplyMalformed& e, const Row& r) const { e.text = phrase(r.a); }
    void operator()(PeerClosed& e, const Row& r) const { e.text = phrase(r.a); }
};

class Play {
  public:
    explicit Play(unsigned byte) {
        target_.tls = !Row::bit(byte, 0);
        target_.auth = !Row::bit(byte, 1);
        target_.iam = Row::bit(byte, 2);
        token(byte / 8U);
    }

    void take(const Row& row) {
        now_ = fuzz::moment_of(row.when, now_, s_.deadline);
        target_.turn_at = now_ + Duration(row.when / 64U * 20L);  // how busy the other probes are
        target_.reprobe_at = now_ + Duration(row.when % 8U / 6U * 15L);
        if (row.what >= 128) return deadline_passes();
        const ProbeEvent event = fuzz::event_of<ProbeEvent>(row, Fill{});
        if (std::holds_alternative<TokenChanged>(event)) token(row.a);
        happens(event);
    }

    void comes_up() {
        token(3);
        for (int i = 0; i < 40 && !(s_.phase == ProbePhase::kept && is_fresh(s_, now_, kTimings)); ++i)
            happens(good_event());
        trail_.expect(s_.health == NodeHealth::ok, "everything answers, and the node is not ok");
        happens(StopRequested{});
        trail_.expect(!s_.deadline && s_.health == NodeHealth::unknown, "stopped, and not at rest");
    }

  private:
    void token(unsigned byte) {
        target_.token = byte % 4U;
        target_.no_token = target_.token == 0 ? "none was pushed yet" : "";
    }

    void happens(const ProbeEvent& event) {
        const ProbeState before = s_;
        const auto done = step(std::move(s_), event, now_, target_, kTimings);
        trail_.add(to_string(done.state.phase), done.why);
        trail_.expect(broken_in(before, now_, target_, done));
        const bool due = std::holds_alternative<DeadlinePassed>(event) && before.deadline && *before.deadline <= now_;
        // The addresses that are left when a re-probe's time is over are tried all the same, each for no time at all.
        const bool ends_soon = done.why == "next address" && done.state.candidates.size() < before.candidates.size();
        trail_.expect(!due || ends_soon || done.state.deadline.value_or(now_) > now_ || !done.state.deadline,
                      "a deadline passes twice: a hot loop");
        trail_.expect(done.state.candidates.size() <= 4 && done.state.address.size() <= 64, "addresses without end");
        s_ = done.state;
    }

    void deadline_passes() {
        if (s_.deadline && *s_.deadline > now_) {
            const auto early = step(s_, DeadlinePassed{}, now_, target_, kTimings);
            trail_.expect(early.why == "ignored", "a deadline that is early changes something");
        }
        happens(DeadlinePassed{});
    }

    ProbeEvent answer(Reply::Kind kind, std::string text) {
        ReplyReceived reply;
        reply.reply.kind = kind;
        reply.reply.text = std::move(text);
        reply.took = Microseconds(300);
        return reply;
    }

    ProbeEvent good_event() {
        switch (s_.phase) {
            case ProbePhase::idle: return StartRequested{};
            case ProbePhase::queued:
            case ProbePhase::kept:
            case ProbePhase::waiting: now_ = std::max(now_, s_.deadline.value_or(now_)); return DeadlinePassed{};
            case ProbePhase::resolving: return Resolved{{"10.0.0.1"}, {}};
            case ProbePhase::connecting: return Connected{};
            case ProbePhase::securing: return Secured{};
            case ProbePhase::authenticating:
            case ProbePhase::reauthenticating: return answer(Reply::Kind::status, "OK");
            case ProbePhase::pinging:
            case ProbePhase::checking: return answer(Reply::Kind::status, "PONG");
            case ProbePhase::asking: return answer(Reply::Kind::array, "");
            case ProbePhase::bulk_checking: return answer(Reply::Kind::text, std::string(bulk_payload()));
        }
        return StartRequested{};
    }

    ProbeState s_;
    ProbeTarget target_;
    TimePoint now_{1000000s};
    fuzz::Trail trail_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Play play(data[0]);
    fuzz::for_each_row(data + 1, size - 1, [&](const Row& row) { play.take(row); });
    play.comes_up();
    return 0;
}
