#include "reach/probe_machine.hpp"
#include "tests/support/probe_printing.hpp"
#include "tests/support/probe_words.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace memdb;
using namespace memdb::reach;
using namespace memdb::reach::words;
using health::Layer;

using enum ProbePhase;

// The whole table, one row a phase, one column an event. "-" stands for "ignored". The node was proved before.
constexpr std::array kPhases = {idle,    waiting, resolving, connecting, securing,      authenticating,
                                pinging, kept,    checking,  asking,     bulk_checking, reauthenticating};

struct Row {
    ProbePhase phase;
    std::string_view start, stop, probe, soon, topology, bulk, rhythm, path, resolved, unresolved, connected, refused,
        secured, untrusted, ok, pong, echo, error, malformed, closed, deadline, token;
};

// clang-format off
constexpr Row kTable[] = {
// phase           start    stop    probe            soon          topology             bulk                rhythm        path            resolved    unresolved  connected    refused     secured    untrusted         ok                     pong                      echo                 error                           malformed   closed      deadline       token
{idle,             "start", "-",    "-",             "-",          "-",                 "-",                "-",          "-",            "-",        "-",        "-",         "-",        "-",       "-",              "-",                   "-",                      "-",                 "-",                            "-",        "-",        "-",           "-"},
{waiting,          "-",     "stop", "probe at once", "probe soon", "-",                 "-",                "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "-",                   "-",                      "-",                 "-",                            "-",        "-",        "try again",   "-"},
{resolving,        "-",     "stop", "-",             "-",          "ask topology next", "bulk next",        "new rhythm", "path changed", "resolved", "re-probe", "-",         "-",        "-",       "-",              "-",                   "-",                      "-",                 "-",                            "-",        "-",        "re-probe",    "-"},
{connecting,       "-",     "stop", "-",             "-",          "ask topology next", "bulk next",        "new rhythm", "path changed", "-",        "-",        "connected", "re-probe", "-",       "-",              "-",                   "-",                      "-",                 "-",                            "-",        "-",        "re-probe",    "-"},
{securing,         "-",     "stop", "-",             "-",          "ask topology next", "bulk next",        "new rhythm", "path changed", "-",        "-",        "-",         "-",        "secured", "blamed at once", "-",                   "-",                      "-",                 "-",                            "-",        "re-probe", "re-probe",    "-"},
{authenticating,   "-",     "stop", "-",             "-",          "ask topology next", "bulk next",        "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "authenticated",       "re-probe",               "re-probe",          "blamed at once",               "re-probe", "re-probe", "re-probe",    "-"},
{pinging,          "-",     "stop", "-",             "-",          "ask topology next", "bulk next",        "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "re-probe",            "proved",                 "re-probe",          "blamed at once",               "re-probe", "re-probe", "re-probe",    "-"},
{kept,             "-",     "stop", "probe at once", "probe soon", "ask topology",      "ping before bulk", "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "re-probe",            "re-probe",               "re-probe",          "re-probe",                     "re-probe", "re-probe", "ping due",    "-"},
{checking,         "-",     "stop", "-",             "-",          "ask topology next", "bulk next",        "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "re-probe",            "answered",               "re-probe",          "blamed at once",               "re-probe", "re-probe", "re-probe",    "-"},
{asking,           "-",     "stop", "probe next",    "probe next", "-",                 "bulk next",        "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "topology received",   "topology received",      "topology received", "topology received",            "re-probe", "re-probe", "re-probe",    "-"},
{bulk_checking,    "-",     "stop", "probe next",    "probe next", "ask topology next", "-",                "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "re-probe",            "bulk cannot be checked", "bulk passed",       "bulk cannot be checked",       "re-probe", "re-probe", "bulk missed", "-"},
{reauthenticating, "-",     "stop", "probe next",    "probe next", "ask topology next", "bulk next",        "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "authenticated again", "re-probe",               "re-probe",          "authentication refused, kept", "re-probe", "re-probe", "re-probe",    "-"},
};
// clang-format on

const std::vector<ProbeEvent>& every_event() {
    static const std::vector<ProbeEvent> all = {StartRequested{},
                                                StopRequested{},
                                                ProbeRequested{},
                                                ProbeRequested{20ms},
                                                TopologyRequested{},
                                                BulkRequested{},
                                                RhythmChanged{{1s, 0s}},
                                                PathChanged{},
                                                kResolved,
                                                ResolveFailed{"no"},
                                                Connected{1ms},
                                                kRefused,
                                                Secured{1ms},
                                                SecureFailed{SecureProblem::untrusted, "no"},
                                                kOk,
                                                kPong,
                                                kEcho,
                                                refusal("NOAUTH Authentication required."),
                                                ReplyMalformed{"no"},
                                                PeerClosed{"no"},
                                                DeadlinePassed{},
                                                TokenChanged{}};
    return all;
}

ProbeState in_phase(ProbePhase phase) {
    ProbeState state;
    state.phase = phase;
    state.address = "10.0.0.1";
    if (phase != idle) state.deadline = t0;
    if (phase == waiting) {
        state.health = NodeHealth::failed;
        state.blame = Blame{Layer::tcp, "port-refused", "x"};
        state.failing_since = t0 - 9s;
    } else if (phase >= kept) {
        state.health = NodeHealth::ok;
        state.last_ok = t0 - 5s;
    }
    return state;
}

TEST(ProbeMachine, follows_the_transition_table) {
    int cells = 0;
    for (const Row& row : kTable) {
        const std::array want = {row.start,     row.stop,      row.probe,    row.soon,       row.topology,  row.bulk,
                                 row.rhythm,    row.path,      row.resolved, row.unresolved, row.connected, row.refused,
                                 row.secured,   row.untrusted, row.ok,       row.pong,       row.echo,      row.error,
                                 row.malformed, row.closed,    row.deadline, row.token};
        ASSERT_EQ(want.size(), every_event().size());
        for (std::size_t i = 0; i < want.size(); ++i, ++cells) {
            const ProbeState before = in_phase(row.phase);
            const ProbeStep got = step(before, every_event()[i], t0, kTarget, kTimings);
            EXPECT_EQ(got.why == "ignored" ? "-" : got.why, want[i]) << to_string(row.phase) << " event " << i;
        }
    }
    RecordProperty("cells", cells);
    EXPECT_EQ(cells, 264);
    EXPECT_EQ(std::size(kTable), kPhases.size());
}

const PublishBulk kBulkPassed{BulkResult::passed, {}};

template <class Action>
std::ptrdiff_t count(const ProbeStep& got) {
    return std::count_if(got.actions.begin(), got.actions.end(),
                         [](const ProbeAction& action) { return std::holds_alternative<Action>(action); });
}

/// AUTH is never sent without a token where one is needed, nor again with one that the node has refused.
void expect_sound_login(const ProbeState& before, const ProbeStep& got, const ProbeTarget& target) {
    if (count<SendAuth>(got) == 0) return;
    EXPECT_TRUE(target.auth && (!target.iam || target.token != 0));
    if (got.state.phase != reauthenticating) return;
    EXPECT_TRUE(target.iam && before.reauth_at && *before.reauth_at <= t0);
    EXPECT_NE(before.reauth_token, target.token);
}

void expect_sound(const ProbeState& before, const ProbeStep& got) {
    const ProbeState& s = got.state;
    EXPECT_EQ(s.phase == idle, !s.deadline.has_value());
    EXPECT_LE(s.deadline.value_or(t0), t0 + 5s);
    EXPECT_EQ(s.health == NodeHealth::failed, s.blame.has_value());
    EXPECT_LE(s.misses, kReprobes);
    EXPECT_FALSE(s.attempt_deadline && s.phase >= kept) << "a re-probe ended, its limit did not";
    EXPECT_FALSE(s.blame && (s.blame->code.empty() || s.blame->evidence.empty()));
    EXPECT_TRUE(got.why != "ignored" || (s == before && got.actions.empty()));
    // Only a PONG makes a node ok, and only a PONG publishes a proof.
    const bool became_ok = s.health == NodeHealth::ok && before.health != NodeHealth::ok;
    EXPECT_TRUE(!became_ok || count<PublishProof>(got) == 1);
    const bool bulk_passed = std::count(got.actions.begin(), got.actions.end(), ProbeAction(kBulkPassed)) == 1;
    EXPECT_EQ(count<PublishProof>(got) + (bulk_passed ? 1 : 0) == 1, s.last_ok == t0 && before.last_ok != t0);
    EXPECT_TRUE(!bulk_passed || (s.ping == before.ping && s.health == NodeHealth::ok));
    // A miss is told once, and only of a node that was ok and still counts as ok. A lost bulk is none.
    EXPECT_EQ(count<PublishMiss>(got) == 1,
              s.health == NodeHealth::ok && s.failing_since.has_value() && !before.failing_since.has_value());
    EXPECT_LE(count<PublishBulk>(got), before.phase == bulk_checking ? 1 : 0);
    EXPECT_TRUE(count<SendBulk>(got) == 0 || s.last_ok == t0 || before.phase == asking) << "bulk before a small PING";
    EXPECT_EQ(count<PublishFailure>(got) == 1, s.phase == waiting && before.phase != waiting);
    // A new connection only after the old one is closed; a question only on the connection it belongs to.
    const bool had = before.phase != idle && before.phase != waiting;
    const bool begins = count<Connect>(got) + count<Resolve>(got) > 0 && got.why != "resolved";
    EXPECT_LE(count<Connect>(got) + count<Resolve>(got), 1);
    EXPECT_TRUE(!begins || !had || count<CloseConnection>(got) == 1);
    EXPECT_LE(count<SendPing>(got) + count<SendBulk>(got) + count<SendAuth>(got) + count<SendTopology>(got) +
                  count<Secure>(got),
              1);
    EXPECT_TRUE((s.phase != waiting && s.phase != idle) || !had || count<CloseConnection>(got) == 1);
    // A login belongs to its connection.
    EXPECT_TRUE(count<CloseConnection>(got) == 0 || (!s.authenticated_at && !s.reauth_at && !s.is_reauth_open));
    EXPECT_TRUE(s.reauth_refusal.empty() || s.phase >= kept) << "a refused AUTH must not end a kept connection";
}

TEST(ProbeMachine, keeps_its_invariants_in_every_cell) {
    int cells = 0;
    for (const ProbePhase phase : kPhases)
        for (const ProbeEvent& event : every_event())
            for (const unsigned misses : {0U, 1U, 2U})
                for (const NodeHealth health : {NodeHealth::unknown, NodeHealth::ok, NodeHealth::failed})
                    for (const ProbeTarget& target : {kTarget, kPlain, kByIam, kNoToken})
                        for (const bool wants : {false, true}) {
                            if ((phase >= kept && health != NodeHealth::ok) ||
                                (phase == idle && health != NodeHealth::unknown) ||
                                (phase == waiting && health != NodeHealth::failed))
                                continue;
                            ProbeState before = in_phase(phase);
                            before.health = health;
                            before.misses = misses;
                            before.blame = health == NodeHealth::failed ? std::optional(Blame{Layer::dns, "c", "e"})
                                                                        : std::nullopt;
                            before.wants_ping = wants && phase >= asking;
                            before.wants_topology = wants && phase >= resolving && phase != asking && phase != kept;
                            before.wants_bulk = wants && phase >= resolving && phase != kept && phase != bulk_checking;
                            if (misses > 0 && phase >= resolving && phase <= pinging)
                                before.attempt_deadline = t0 + 100ms;
                            if (phase == connecting && wants) before.candidates = {"10.0.0.2"};
                            if (phase >= kept && target.iam) before.reauth_at = wants ? t0 : t0 + 1h;
                            if (phase == reauthenticating) before.reauth_token = target.token;
                            SCOPED_TRACE(std::string(to_string(phase)) + " event " + std::to_string(event.index()));
                            const ProbeStep got = step(before, event, t0, target, kTimings);
                            expect_sound(before, got);
                            expect_sound_login(before, got, target);
                            ++cells;
                        }
    RecordProperty("cells", cells);
    EXPECT_GT(cells, 6000);
}

TEST(ProbeMachine, a_slow_path_gets_longer_reprobes) {
    ProbeState state;
    EXPECT_EQ(reprobe_limit(state, kTimings), 300ms);
    state.proof = {1ms, 50ms, 100ms, 50ms, 50ms};
    EXPECT_EQ(reprobe_limit(state, kTimings), 753ms);
    state.proof.tls = 5s;
    EXPECT_EQ(reprobe_limit(state, kTimings), kTimings.tcp_limit);
}

TEST(ProbeMachine, an_old_proof_is_no_proof) {
    ProbeState state = in_phase(kept);
    state.last_ok = t0;
    EXPECT_TRUE(is_fresh(state, t0 + 7300ms, kTimings));  // 5 s + 700 ms + 2 x 300 ms + 1 s
    EXPECT_FALSE(is_fresh(state, t0 + 7301ms, kTimings));
    state.health = NodeHealth::failed;
    EXPECT_FALSE(is_fresh(state, t0, kTimings));
}

TEST(ProbeMachine, a_bulk_check_that_may_take_long_leaves_the_proof_in_force) {
    ProbeState state = in_phase(bulk_checking);
    state.last_ok = t0;
    ProbeTimings patient;
    patient.bulk_limit = 30s;
    EXPECT_TRUE(is_fresh(state, t0 + 31600ms, patient));
    EXPECT_FALSE(is_fresh(state, t0 + 31601ms, patient));
}

TEST(ProbeMachine, the_bulk_payload_is_printable_and_no_compressor_makes_it_small) {
    const std::string_view bytes = bulk_payload();
    EXPECT_EQ(bytes.size(), 3072U);
    EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= '!' && c <= '~'; }));
    std::set<std::string_view> seen;  // no four bytes twice, bar chance
    for (std::size_t i = 0; i + 4 <= bytes.size(); ++i) seen.insert(bytes.substr(i, 4));
    EXPECT_GT(seen.size(), 3040U);
}

TEST(ProbeMachine, ticks_follow_the_rhythm_whatever_the_moment) {
    for (const Duration offset : {0ms, 1ms, 999ms, 3000ms, 4999ms})
        for (Duration at = 0ms; at < 10s; at += 97ms) {
            ProbeState state = in_phase(checking);
            state.rhythm = {5s, offset};
            const ProbeState next = step(state, kPong, t0 + at, kTarget, kTimings).state;
            ASSERT_TRUE(next.deadline);
            EXPECT_GT(*next.deadline, t0 + at);
            EXPECT_LE(*next.deadline, t0 + at + 5s);
            EXPECT_EQ((next.deadline->time_since_epoch() - offset) % 5s, 0ms);
        }
}

}  // namespace
