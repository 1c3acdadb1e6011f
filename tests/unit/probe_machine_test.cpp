#include "reach/probe_machine.hpp"
#include "tests/support/probe_invariants.hpp"
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
constexpr std::array kPhases = {idle,    waiting, queued,   resolving, connecting,    securing,        authenticating,
                                pinging, kept,    checking, asking,    bulk_checking, reauthenticating};

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
{queued,           "-",     "stop", "-",             "-",          "ask topology next", "bulk next",        "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "-",                   "-",                      "-",                 "-",                            "-",        "-",        "its turn",    "-"},
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
    EXPECT_EQ(cells, 286);
    EXPECT_EQ(std::size(kTable), kPhases.size());
}

TEST(ProbeMachine, keeps_its_invariants_in_every_cell) {
    int cells = 0;
    for (const ProbePhase phase : kPhases)
        for (const ProbeEvent& event : every_event())
            for (const unsigned misses : {0U, 1U, 2U})
                for (const NodeHealth health : {NodeHealth::unknown, NodeHealth::ok, NodeHealth::failed})
                    for (const ProbeTarget& target : {kTarget, kPlain, kByIam, kNoToken, kLate})
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
                            EXPECT_EQ(broken_in(before, t0, target, got), "");
                            ++cells;
                        }
    RecordProperty("cells", cells);
    EXPECT_GT(cells, 6000);
}

TEST(ProbeMachine, an_attempt_waits_for_its_turn_and_then_begins) {
    ProbeState state = step({}, StartRequested{{5s, 0s}}, t0, kLate, kTimings).state;
    EXPECT_EQ(state.phase, queued);
    EXPECT_EQ(state.deadline, kLate.turn_at);
    EXPECT_EQ(step(state, DeadlinePassed{}, t0 + 39ms, kTarget, kTimings).why, "ignored");
    const ProbeStep begun = step(state, DeadlinePassed{}, t0 + 40ms, kLate, kTimings);
    EXPECT_EQ(begun.actions, ProbeActions{Resolve{2s}});
    EXPECT_EQ(begun.state.turns, 1U);
}

TEST(ProbeMachine, a_reprobe_that_waits_has_its_whole_limit_when_it_begins) {
    ProbeState kept_node = in_phase(kept);
    const ProbeStep missed = step(kept_node, PeerClosed{"gone"}, t0, kLate, kTimings);
    EXPECT_EQ(missed.actions, (ProbeActions{CloseConnection{}, PublishMiss{}}));
    EXPECT_EQ(missed.state.phase, queued);
    EXPECT_EQ(missed.state.reprobe_turns, 1U) << "a lane of its own";
    EXPECT_EQ(missed.state.turns, 0U);
    EXPECT_EQ(missed.state.health, NodeHealth::ok) << "nothing is known that was not known before";
    const ProbeStep begun = step(missed.state, DeadlinePassed{}, t0 + 40ms, kLate, kTimings);
    EXPECT_EQ(begun.actions, ProbeActions{Connect{"10.0.0.1"}});
    EXPECT_EQ(begun.state.attempt_deadline, t0 + 340ms);
}

TEST(ProbeMachine, a_node_that_hangs_up_after_each_pong_is_connected_to_once_a_second) {
    ProbeState state = step(in_phase(kept), PeerClosed{"gone"}, t0, kPlain, kTimings).state;
    EXPECT_EQ(state.phase, connecting) << "the first time at once";
    state = step(state, Connected{1ms}, t0 + 1ms, kPlain, kTimings).state;
    state = step(state, kPong, t0 + 2ms, kPlain, kTimings).state;
    ASSERT_EQ(state.phase, kept);
    state = step(state, PeerClosed{"gone"}, t0 + 3ms, kPlain, kTimings).state;
    EXPECT_EQ(state.phase, queued);
    EXPECT_EQ(state.deadline, t0 + kReprobesApart);
    state = step(state, DeadlinePassed{}, t0 + kReprobesApart, kPlain, kTimings).state;
    EXPECT_EQ(state.phase, connecting);
    const ProbeState second = step(state, kRefused, t0 + 1001ms, kPlain, kTimings).state;
    EXPECT_EQ(second.phase, connecting) << "the second of a series follows at once";
    EXPECT_EQ(second.misses, 2U);
    const ProbeState elsewhere = step(state, PathChanged{}, t0 + 1001ms, kPlain, kTimings).state;
    EXPECT_FALSE(elsewhere.reprobed_at) << "on another path it may be well";
}

TEST(ProbeMachine, who_is_asked_for_topology_while_waiting_answers_later) {
    ProbeState waiting_node = step(in_phase(kept), PeerClosed{"gone"}, t0, kLate, kTimings).state;
    waiting_node = step(waiting_node, TopologyRequested{}, t0 + 1ms, kLate, kTimings).state;
    EXPECT_TRUE(waiting_node.wants_topology);
}

TEST(ProbeMachine, only_who_was_well_or_silent_on_tcp_resumes_a_session) {
    ProbeState state = in_phase(securing);
    EXPECT_TRUE(may_resume(state)) << "the path changed under it";
    state.misses = 1;
    EXPECT_FALSE(may_resume(state)) << "a re-probe looks at everything";
    state.health = NodeHealth::failed;
    state.blame = Blame{Layer::tcp, "node-unreachable", "x"};
    EXPECT_TRUE(may_resume(state)) << "its zone is back";
    state.blame = Blame{Layer::tls, "tls-expired", "x"};
    EXPECT_FALSE(may_resume(state));
    state.blame = Blame{Layer::auth, "auth-rejected", "x"};
    EXPECT_FALSE(may_resume(state));
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

TEST(ProbeMachine, who_becomes_the_sentinel_is_as_fresh_as_it_was) {
    ProbeState state = in_phase(checking);
    state.rhythm = {5s, 0ms};
    state = step(state, kPong, t0, kTarget, kTimings).state;
    state = step(state, RhythmChanged{{1s, 0ms}}, t0 + 4900ms, kTarget, kTimings).state;
    EXPECT_TRUE(is_fresh(state, t0 + 4900ms, kTimings)) << "its last PONG was due 5 s ago, not one";
    EXPECT_FALSE(is_fresh(state, t0 + 7301ms, kTimings));
    state = step(state, DeadlinePassed{}, t0 + 5s, kTarget, kTimings).state;
    state = step(state, kPong, t0 + 5s, kTarget, kTimings).state;
    EXPECT_FALSE(is_fresh(state, t0 + 8301ms, kTimings)) << "from then on by its own rhythm";
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
