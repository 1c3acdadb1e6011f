#include "reach/probe_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace memdb::reach {
void PrintTo(ProbePhase phase, std::ostream* os) { *os << to_string(phase); }
void PrintTo(NodeHealth health, std::ostream* os) { *os << to_string(health); }
void PrintTo(const ProbeAction& action, std::ostream* os) {
    static constexpr std::array kNames = {"Resolve",        "Connect",        "Secure",          "SendAuth",
                                          "SendPing",       "SendTopology",   "CloseConnection", "PublishProof",
                                          "PublishFailure", "PublishUnknown", "PublishTopology", "PublishNoTopology"};
    *os << kNames.at(action.index());
    if (const auto* connect = std::get_if<Connect>(&action)) *os << " " << connect->address;
}
}  // namespace memdb::reach

namespace {

using namespace memdb;
using namespace memdb::reach;
using health::Layer;

constexpr TimePoint t0{1000000s};  // a multiple of every interval in use: ticks fall on whole seconds of a story
const ProbeTarget kTarget{6379, true, true};
const ProbeTarget kPlain{6379, false, false};
const ProbeTimings kTimings{};

ReplyReceived status(std::string text, Microseconds took = 300us) {
    return {{.kind = Reply::Kind::status, .text = std::move(text)}, took};
}
ReplyReceived refusal(std::string text) { return {{.kind = Reply::Kind::error, .text = std::move(text)}, 300us}; }
const ReplyReceived kOk = status("OK"), kPong = status("PONG");
const Resolved kResolved{{"10.0.0.1"}, 2ms};
const Reply kTopology{.kind = Reply::Kind::array, .items = {{.kind = Reply::Kind::array}}};
const ConnectFailed kRefused{ConnectProblem::refused, "Connection refused"};

struct Line {
    Duration at;
    ProbeEvent event;
    ProbePhase phase;
    std::string_view why;
    std::vector<ProbeAction> actions;
};

struct Story {
    const char* name;
    std::vector<Line> lines;
    NodeHealth health = NodeHealth::ok;
    std::string code{};      // of the blame at the end
    std::string evidence{};  // part of it
    ProbeTarget target = kTarget;
    friend void PrintTo(const Story& story, std::ostream* os) { *os << story.name; }
};

using Lines = std::vector<Line>;
using enum ProbePhase;

Lines operator+(Lines a, const Lines& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// A first proof that takes 8 ms; kept at 8 ms.
const Lines kProved = {
    {0ms, StartRequested{{5s, 0s}}, resolving, "start", {Resolve{2s}}},
    {2ms, kResolved, connecting, "resolved", {Connect{"10.0.0.1"}}},
    {3ms, Connected{1ms}, securing, "connected", {Secure{}}},
    {6ms, Secured{3ms}, authenticating, "secured", {SendAuth{}}},
    {7ms, kOk, pinging, "authenticated", {SendPing{}}},
    {8ms, kPong, kept, "proved", {PublishProof{}}},
};

/// From a PING that is out at 5 s to a connection that a re-probe tries.
const Lines kMissed =
    kProved + Lines{
                  {5s, DeadlinePassed{}, checking, "ping due", {SendPing{}}},
                  {5700ms, DeadlinePassed{}, connecting, "re-probe", {CloseConnection{}, Connect{"10.0.0.1"}}},
              };

const std::vector<Story>& stories() {
    static const std::vector<Story> all = {
        {"proves_and_keeps_the_connection",
         kProved + Lines{{4999ms, DeadlinePassed{}, kept, "ignored", {}},
                         {5s, DeadlinePassed{}, checking, "ping due", {SendPing{}}},
                         {5001ms, kPong, kept, "answered", {PublishProof{}}},
                         {10s, DeadlinePassed{}, checking, "ping due", {SendPing{}}}}},
        {"without_tls_and_user_asks_at_once",
         {{0ms, StartRequested{}, resolving, "start", {Resolve{2s}}},
          {2ms, kResolved, connecting, "resolved", {Connect{"10.0.0.1"}}},
          {3ms, Connected{1ms}, pinging, "connected", {SendPing{}}},
          {4ms, kPong, kept, "proved", {PublishProof{}}}},
         NodeHealth::ok,
         "",
         "",
         kPlain},
        {"silence_on_a_kept_connection_is_blamed_after_two_whole_reprobes",
         kMissed + Lines{{6s, DeadlinePassed{}, connecting, "re-probe", {CloseConnection{}, Connect{"10.0.0.1"}}},
                         {6299ms, DeadlinePassed{}, connecting, "ignored", {}},
                         {6300ms, DeadlinePassed{}, waiting, "blamed", {CloseConnection{}, PublishFailure{}}},
                         {10s, DeadlinePassed{}, resolving, "try again", {Resolve{2s}}},
                         {10s + 2ms, kResolved, connecting, "resolved", {Connect{"10.0.0.1"}}},
                         {12s + 2ms, DeadlinePassed{}, waiting, "still failed", {CloseConnection{}, PublishFailure{}}}},
         NodeHealth::failed, "node-unreachable", "10.0.0.1:6379 is silent on TCP for 2000 ms"},
        {"a_reprobe_limits_all_its_stages_together",
         kMissed + Lines{{5900ms, Connected{200ms}, securing, "connected", {Secure{}}},
                         {5999ms, DeadlinePassed{}, securing, "ignored", {}},
                         {6s, DeadlinePassed{}, connecting, "re-probe", {CloseConnection{}, Connect{"10.0.0.1"}}},
                         {6100ms, Connected{100ms}, securing, "connected", {Secure{}}},
                         {6300ms, DeadlinePassed{}, waiting, "blamed", {CloseConnection{}, PublishFailure{}}}},
         NodeHealth::failed, "node-unreachable", "is connected but gave no answer to the TLS greeting in 200 ms"},
        {"one_lost_answer_is_no_failure",
         kMissed + Lines{{5701ms, Connected{1ms}, securing, "connected", {Secure{}}},
                         {5704ms, Secured{3ms}, authenticating, "secured", {SendAuth{}}},
                         {5705ms, kOk, pinging, "authenticated", {SendPing{}}},
                         {5706ms, kPong, kept, "proved again", {PublishProof{}}},
                         {10s, DeadlinePassed{}, checking, "ping due", {SendPing{}}}}},
        {"a_closed_connection_is_proved_anew_at_once",
         kProved +
             Lines{{3s, PeerClosed{"end of stream"}, connecting, "re-probe", {CloseConnection{}, Connect{"10.0.0.1"}}},
                   {3001ms, kRefused, connecting, "re-probe", {CloseConnection{}, Connect{"10.0.0.1"}}},
                   {3002ms, kRefused, waiting, "blamed", {CloseConnection{}, PublishFailure{}}}},
         NodeHealth::failed, "port-refused", "10.0.0.1:6379: Connection refused"},
        {"a_failed_node_that_answers_is_ok_again",
         {{0ms, StartRequested{}, resolving, "start", {Resolve{2s}}},
          {2ms, kResolved, connecting, "resolved", {Connect{"10.0.0.1"}}},
          {3ms, kRefused, connecting, "re-probe", {CloseConnection{}, Connect{"10.0.0.1"}}},
          {4ms, kRefused, connecting, "re-probe", {CloseConnection{}, Connect{"10.0.0.1"}}},
          {5ms, kRefused, waiting, "blamed", {CloseConnection{}, PublishFailure{}}},
          {5s, DeadlinePassed{}, resolving, "try again", {Resolve{2s}}},
          {5002ms, kResolved, connecting, "resolved", {Connect{"10.0.0.1"}}},
          {5003ms, Connected{1ms}, pinging, "connected", {SendPing{}}},
          {5004ms, kPong, kept, "proved", {PublishProof{}}}},
         NodeHealth::ok,
         "",
         "",
         kPlain},
        {"a_wrong_password_is_blamed_at_once",
         {{0ms, StartRequested{}, resolving, "start", {Resolve{2s}}},
          {2ms, kResolved, connecting, "resolved", {Connect{"10.0.0.1"}}},
          {3ms, Connected{1ms}, securing, "connected", {Secure{}}},
          {6ms, Secured{3ms}, authenticating, "secured", {SendAuth{}}},
          {7ms,
           refusal("WRONGPASS invalid username-password pair or user is disabled."),
           waiting,
           "blamed at once",
           {CloseConnection{}, PublishFailure{}}}},
         NodeHealth::failed,
         "auth-rejected",
         "10.0.0.1:6379 answers AUTH with: WRONGPASS invalid"},
        {"a_certificate_of_another_name_is_blamed_at_once",
         {{0ms, StartRequested{}, resolving, "start", {Resolve{2s}}},
          {2ms, kResolved, connecting, "resolved", {Connect{"10.0.0.1"}}},
          {3ms, Connected{1ms}, securing, "connected", {Secure{}}},
          {6ms,
           SecureFailed{SecureProblem::name_mismatch, "it is for other.test"},
           waiting,
           "blamed at once",
           {CloseConnection{}, PublishFailure{}}}},
         NodeHealth::failed,
         "tls-name-mismatch",
         "10.0.0.1:6379: it is for other.test"},
        {"a_name_without_address_is_asked_three_times",
         {{0ms, StartRequested{}, resolving, "start", {Resolve{2s}}},
          {1ms, ResolveFailed{"no address for a.test"}, resolving, "re-probe", {CloseConnection{}, Resolve{300ms}}},
          {2ms, ResolveFailed{"no address for a.test"}, resolving, "re-probe", {CloseConnection{}, Resolve{300ms}}},
          {3ms, ResolveFailed{"no address for a.test"}, waiting, "blamed", {CloseConnection{}, PublishFailure{}}}},
         NodeHealth::failed,
         "cluster-name-unresolved",
         "no address for a.test"},
        {"tries_every_address_in_turn",
         {{0ms, StartRequested{}, resolving, "start", {Resolve{2s}}},
          {2ms,
           Resolved{{"2001:db8::1", "10.0.0.1", "10.0.0.2"}, 2ms},
           connecting,
           "resolved",
           {Connect{"2001:db8::1"}}},
          {3ms,
           ConnectFailed{ConnectProblem::unreachable, "Network is unreachable"},
           connecting,
           "next address",
           {CloseConnection{}, Connect{"10.0.0.1"}}},
          {2003ms, DeadlinePassed{}, connecting, "next address", {CloseConnection{}, Connect{"10.0.0.2"}}},
          {2004ms, Connected{1ms}, pinging, "connected", {SendPing{}}},
          {2005ms, kPong, kept, "proved", {PublishProof{}}}},
         NodeHealth::ok,
         "",
         "",
         kPlain},
        {"a_new_path_is_proved_at_once",
         kProved +
             Lines{{3s, PathChanged{}, resolving, "path changed", {CloseConnection{}, PublishUnknown{}, Resolve{2s}}}},
         NodeHealth::unknown},
        {"asks_for_topology_between_pings",
         kProved +
             Lines{{1s, TopologyRequested{}, asking, "ask topology", {SendTopology{TopologyCommand::shards}}},
                   {1001ms, ReplyReceived{kTopology, 1ms}, kept, "topology received", {PublishTopology{kTopology}}},
                   {5s, DeadlinePassed{}, checking, "ping due", {SendPing{}}},
                   {5s, TopologyRequested{}, checking, "ask topology next", {}},
                   {5001ms, kPong, asking, "answered", {PublishProof{}, SendTopology{TopologyCommand::shards}}}}},
        {"an_old_engine_is_asked_for_slots",
         kProved +
             Lines{{1s, TopologyRequested{}, asking, "ask topology", {SendTopology{TopologyCommand::shards}}},
                   {1001ms,
                    refusal("ERR Unknown subcommand or wrong number of arguments for 'SHARDS'. Try CLUSTER HELP."),
                    asking,
                    "ask slots instead",
                    {SendTopology{TopologyCommand::slots}}},
                   {1002ms, ReplyReceived{kTopology, 1ms}, kept, "topology received", {PublishTopology{kTopology}}}}},
        {"a_topology_that_cannot_be_read_says_so_and_the_node_is_proved_anew",
         kProved + Lines{{1s, TopologyRequested{}, asking, "ask topology", {SendTopology{TopologyCommand::shards}}},
                         {1001ms,
                          ReplyMalformed{"a reply nested too deeply"},
                          connecting,
                          "re-probe",
                          {CloseConnection{},
                           PublishNoTopology{
                               "malformed reply to CLUSTER SHARDS from 10.0.0.1:6379: a reply nested too deeply"},
                           Connect{"10.0.0.1"}}}}},
        {"a_person_asks_for_a_ping",
         kProved + Lines{{1s, ProbeRequested{}, checking, "probe at once", {SendPing{}}},
                         {1s, ProbeRequested{}, checking, "ignored", {}},
                         {1001ms, kPong, kept, "answered", {PublishProof{}}},
                         {1002ms, TopologyRequested{}, asking, "ask topology", {SendTopology{TopologyCommand::shards}}},
                         {1002ms, ProbeRequested{}, asking, "probe next", {}},
                         {1003ms,
                          ReplyReceived{kTopology, 1ms},
                          checking,
                          "topology received",
                          {PublishTopology{kTopology}, SendPing{}}}}},
        {"a_suspicion_brings_the_ping_forward",
         kProved + Lines{{1s, ProbeRequested{40ms}, kept, "probe soon", {}},
                         {1040ms, DeadlinePassed{}, checking, "ping due", {SendPing{}}}}},
        {"the_sentinel_is_pinged_every_second",
         kProved + Lines{{100ms, RhythmChanged{{1s, 0s}}, kept, "new rhythm", {}},
                         {1s, DeadlinePassed{}, checking, "ping due", {SendPing{}}},
                         {1001ms, kPong, kept, "answered", {PublishProof{}}},
                         {2s, DeadlinePassed{}, checking, "ping due", {SendPing{}}},
                         {2001ms, kPong, kept, "answered", {PublishProof{}}},
                         {2100ms, RhythmChanged{{5s, 3s}}, kept, "new rhythm", {}},
                         {3s, DeadlinePassed{}, checking, "ping due", {SendPing{}}}}},
        {"a_loading_node_is_blamed_at_once_and_asked_again",
         kProved + Lines{{5s, DeadlinePassed{}, checking, "ping due", {SendPing{}}},
                         {5001ms,
                          refusal("LOADING Redis is loading the dataset in memory"),
                          waiting,
                          "blamed at once",
                          {CloseConnection{}, PublishFailure{}}},
                         {10s, DeadlinePassed{}, resolving, "try again", {Resolve{2s}}}},
         NodeHealth::failed, "node-loading", "answers PING with: LOADING"},
        {"garbage_instead_of_pong_is_evidence",
         kMissed + Lines{{5701ms, Connected{1ms}, securing, "connected", {Secure{}}},
                         {5702ms, Secured{1ms}, authenticating, "secured", {SendAuth{}}},
                         {5703ms, kOk, pinging, "authenticated", {SendPing{}}},
                         {5704ms,
                          ReplyMalformed{"bytes that are no reply"},
                          connecting,
                          "re-probe",
                          {CloseConnection{}, Connect{"10.0.0.1"}}},
                         {5705ms, Connected{1ms}, securing, "connected", {Secure{}}},
                         {5706ms, Secured{1ms}, authenticating, "secured", {SendAuth{}}},
                         {5707ms, status("NO\r\nWAY"), waiting, "blamed", {CloseConnection{}, PublishFailure{}}}},
         NodeHealth::failed, "node-unreachable", "malformed reply to AUTH from 10.0.0.1:6379: it is not +OK"},
        {"nobody_asked_and_it_speaks",
         kProved + Lines{{1s, kPong, connecting, "re-probe", {CloseConnection{}, Connect{"10.0.0.1"}}}}},
        {"stop_forgets_what_was_known",
         kProved + Lines{{1s, StopRequested{}, idle, "stop", {CloseConnection{}, PublishUnknown{}}},
                         {2s, DeadlinePassed{}, idle, "ignored", {}},
                         {3s, StartRequested{{5s, 0s}}, resolving, "start", {Resolve{2s}}}},
         NodeHealth::unknown},
    };
    return all;
}

class ProbeStory : public testing::TestWithParam<Story> {};

TEST_P(ProbeStory, runs_as_told) {
    ProbeState state;
    for (std::size_t i = 0; const Line& line : GetParam().lines) {
        SCOPED_TRACE("line " + std::to_string(i++));
        const ProbeStep got = step(state, line.event, t0 + line.at, GetParam().target, kTimings);
        EXPECT_EQ(got.state.phase, line.phase);
        EXPECT_EQ(got.why, line.why);
        EXPECT_EQ(got.actions, line.actions);
        state = got.state;
    }
    EXPECT_EQ(state.health, GetParam().health);
    EXPECT_EQ(state.blame ? state.blame->code : "", GetParam().code);
    const std::string evidence = state.blame ? state.blame->evidence : "";
    EXPECT_NE(evidence.find(GetParam().evidence), std::string::npos) << evidence;
}

INSTANTIATE_TEST_SUITE_P(probe, ProbeStory, testing::ValuesIn(stories()),
                         [](const auto& story) { return story.param.name; });

// The whole table, one row a phase, one column an event. "-" stands for "ignored". The node was proved before.
constexpr std::array kPhases = {idle,           waiting, resolving, connecting, securing,
                                authenticating, pinging, kept,      checking,   asking};

struct Row {
    ProbePhase phase;
    std::string_view start, stop, probe, soon, topology, rhythm, path, resolved, unresolved, connected, refused,
        secured, untrusted, ok, pong, error, malformed, closed, deadline;
};

// clang-format off
constexpr Row kTable[] = {
// phase           start    stop    probe            soon          topology              rhythm        path            resolved    unresolved  connected    refused     secured    untrusted         ok                  pong                error              malformed   closed      deadline
{idle,            "start", "-",    "-",             "-",          "-",                  "-",          "-",            "-",        "-",        "-",         "-",        "-",       "-",              "-",                "-",                "-",               "-",        "-",        "-"},
{waiting,         "-",     "stop", "probe at once", "probe soon", "-",                  "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "-",                "-",                "-",               "-",        "-",        "try again"},
{resolving,       "-",     "stop", "-",             "-",          "ask topology next",  "new rhythm", "path changed", "resolved", "re-probe", "-",         "-",        "-",       "-",              "-",                "-",                "-",               "-",        "-",        "re-probe"},
{connecting,      "-",     "stop", "-",             "-",          "ask topology next",  "new rhythm", "path changed", "-",        "-",        "connected", "re-probe", "-",       "-",              "-",                "-",                "-",               "-",        "-",        "re-probe"},
{securing,        "-",     "stop", "-",             "-",          "ask topology next",  "new rhythm", "path changed", "-",        "-",        "-",         "-",        "secured", "blamed at once", "-",                "-",                "-",               "-",        "re-probe", "re-probe"},
{authenticating,  "-",     "stop", "-",             "-",          "ask topology next",  "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "authenticated",    "re-probe",         "blamed at once",  "re-probe", "re-probe", "re-probe"},
{pinging,         "-",     "stop", "-",             "-",          "ask topology next",  "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "re-probe",         "proved",           "blamed at once",  "re-probe", "re-probe", "re-probe"},
{kept,            "-",     "stop", "probe at once", "probe soon", "ask topology",       "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "re-probe",         "re-probe",         "re-probe",        "re-probe", "re-probe", "ping due"},
{checking,        "-",     "stop", "-",             "-",          "ask topology next",  "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "re-probe",         "answered",         "blamed at once",  "re-probe", "re-probe", "re-probe"},
{asking,          "-",     "stop", "probe next",    "probe next", "-",                  "new rhythm", "path changed", "-",        "-",        "-",         "-",        "-",       "-",              "topology received", "topology received", "topology received", "re-probe", "re-probe", "re-probe"},
};
// clang-format on

const std::vector<ProbeEvent>& every_event() {
    static const std::vector<ProbeEvent> all = {StartRequested{},
                                                StopRequested{},
                                                ProbeRequested{},
                                                ProbeRequested{20ms},
                                                TopologyRequested{},
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
                                                refusal("NOAUTH Authentication required."),
                                                ReplyMalformed{"no"},
                                                PeerClosed{"no"},
                                                DeadlinePassed{}};
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
        const std::array want = {row.start,   row.stop,      row.probe,     row.soon,       row.topology,
                                 row.rhythm,  row.path,      row.resolved,  row.unresolved, row.connected,
                                 row.refused, row.secured,   row.untrusted, row.ok,         row.pong,
                                 row.error,   row.malformed, row.closed,    row.deadline};
        ASSERT_EQ(want.size(), every_event().size());
        for (std::size_t i = 0; i < want.size(); ++i, ++cells) {
            const ProbeState before = in_phase(row.phase);
            const ProbeStep got = step(before, every_event()[i], t0, kTarget, kTimings);
            EXPECT_EQ(got.why == "ignored" ? "-" : got.why, want[i]) << to_string(row.phase) << " event " << i;
        }
    }
    RecordProperty("cells", cells);
    EXPECT_EQ(cells, 190);
    EXPECT_EQ(std::size(kTable), kPhases.size());
}

template <class Action>
std::ptrdiff_t count(const ProbeStep& got) {
    return std::count_if(got.actions.begin(), got.actions.end(),
                         [](const ProbeAction& action) { return std::holds_alternative<Action>(action); });
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
    EXPECT_EQ(count<PublishProof>(got) == 1, s.last_ok == t0 && before.last_ok != t0);
    EXPECT_EQ(count<PublishFailure>(got) == 1, s.phase == waiting && before.phase != waiting);
    // A new connection only after the old one is closed; a question only on the connection it belongs to.
    const bool had = before.phase != idle && before.phase != waiting;
    const bool begins = count<Connect>(got) + count<Resolve>(got) > 0 && got.why != "resolved";
    EXPECT_LE(count<Connect>(got) + count<Resolve>(got), 1);
    EXPECT_TRUE(!begins || !had || count<CloseConnection>(got) == 1);
    EXPECT_LE(count<SendPing>(got) + count<SendAuth>(got) + count<SendTopology>(got) + count<Secure>(got), 1);
    EXPECT_TRUE((s.phase != waiting && s.phase != idle) || !had || count<CloseConnection>(got) == 1);
}

TEST(ProbeMachine, keeps_its_invariants_in_every_cell) {
    int cells = 0;
    for (const ProbePhase phase : kPhases)
        for (const ProbeEvent& event : every_event())
            for (const unsigned misses : {0U, 1U, 2U})
                for (const NodeHealth health : {NodeHealth::unknown, NodeHealth::ok, NodeHealth::failed})
                    for (const ProbeTarget& target : {kTarget, kPlain})
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
                            before.wants_ping = wants && phase == asking;
                            before.wants_topology = wants && phase >= resolving && phase != asking && phase != kept;
                            if (misses > 0 && phase >= resolving && phase <= pinging)
                                before.attempt_deadline = t0 + 100ms;
                            if (phase == connecting && wants) before.candidates = {"10.0.0.2"};
                            SCOPED_TRACE(std::string(to_string(phase)) + " event " + std::to_string(event.index()));
                            expect_sound(before, step(before, event, t0, target, kTimings));
                            ++cells;
                        }
    RecordProperty("cells", cells);
    EXPECT_GT(cells, 3000);
}

struct Meaning {
    ProbePhase phase;
    ProbeEvent event;
    Layer layer;
    std::string_view code;
};

TEST(ProbeMachine, names_the_cause_of_every_failure) {
    const Meaning table[] = {
        {resolving, ResolveFailed{"x"}, Layer::dns, "cluster-name-unresolved"},
        {resolving, Resolved{}, Layer::dns, "cluster-name-unresolved"},
        {resolving, DeadlinePassed{}, Layer::dns, "cluster-name-unresolved"},
        {connecting, DeadlinePassed{}, Layer::tcp, "node-unreachable"},
        {connecting, kRefused, Layer::tcp, "port-refused"},
        {connecting, ConnectFailed{ConnectProblem::unreachable, "x"}, Layer::tcp, "node-unreachable"},
        {connecting, ConnectFailed{ConnectProblem::reset, "x"}, Layer::tcp, "node-unreachable"},
        {connecting, ConnectFailed{ConnectProblem::other, "x"}, Layer::tcp, "node-unreachable"},
        {securing, DeadlinePassed{}, Layer::tls, "node-unreachable"},
        {securing, PeerClosed{"x"}, Layer::tls, "tls-handshake-failed"},
        {securing, SecureFailed{SecureProblem::untrusted, "x"}, Layer::tls, "tls-untrusted"},
        {securing, SecureFailed{SecureProblem::name_mismatch, "x"}, Layer::tls, "tls-name-mismatch"},
        {securing, SecureFailed{SecureProblem::expired, "x"}, Layer::tls, "tls-expired"},
        {securing, SecureFailed{SecureProblem::not_offered, "x"}, Layer::tls, "tls-not-offered"},
        {securing, SecureFailed{SecureProblem::failed, "x"}, Layer::tls, "tls-handshake-failed"},
        {authenticating, refusal("NOAUTH x"), Layer::auth, "auth-required"},
        {authenticating, refusal("WRONGPASS x"), Layer::auth, "auth-rejected"},
        {authenticating, refusal("ERR AUTH <password> called without any password configured"), Layer::auth,
         "auth-rejected"},
        {authenticating, refusal("ERR max number of clients reached"), Layer::ping, "node-busy"},
        {authenticating, refusal("LOADING x"), Layer::ping, "node-loading"},
        {authenticating, DeadlinePassed{}, Layer::auth, "node-unreachable"},
        {authenticating, PeerClosed{"x"}, Layer::auth, "node-unreachable"},
        {pinging, refusal("NOAUTH x"), Layer::auth, "auth-required"},
        {pinging, refusal("NOPERM x"), Layer::auth, "auth-no-permission"},
        {pinging, refusal("LOADING x"), Layer::ping, "node-loading"},
        {pinging, refusal("MASTERDOWN x"), Layer::ping, "node-loading"},
        {pinging, refusal("BUSY x"), Layer::ping, "node-busy"},
        {pinging, refusal("MISCONF x"), Layer::ping, "node-busy"},
        {pinging, refusal("ERR max number of clients reached"), Layer::ping, "node-busy"},
        {pinging, DeadlinePassed{}, Layer::ping, "node-unreachable"},
        {pinging, PeerClosed{"x"}, Layer::ping, "node-unreachable"},
        {pinging, ReplyMalformed{"x"}, Layer::ping, "node-unreachable"},
        {pinging, kOk, Layer::ping, "node-unreachable"},
    };
    for (const Meaning& row : table) {
        ProbeState before = in_phase(row.phase);
        before.misses = kReprobes;
        const ProbeStep got = step(before, row.event, t0, kTarget, kTimings);
        SCOPED_TRACE(std::string(to_string(row.phase)) + " event " + std::to_string(row.event.index()));
        ASSERT_TRUE(got.state.blame);
        EXPECT_EQ(got.state.blame->layer, row.layer);
        EXPECT_EQ(got.state.blame->code, row.code);
        EXPECT_EQ(got.state.blame->evidence.find_first_of("\r\n"), std::string::npos);
    }
}

TEST(ProbeMachine, keeps_the_duration_of_each_stage) {
    ProbeState state;
    for (const Line& line : kProved) state = step(state, line.event, t0 + line.at, kTarget, kTimings).state;
    EXPECT_EQ(state.proof, (Stages{2ms, 1ms, 3ms, 300us, 300us}));
    EXPECT_EQ(state.ping, 300us);
    EXPECT_EQ(state.last_ok, t0 + 8ms);
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
