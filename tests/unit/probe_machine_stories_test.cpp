// Courses of one node's probe, told as rows: at, event -> phase, why, actions.
#include "reach/probe_machine.hpp"
#include "tests/support/probe_printing.hpp"
#include "tests/support/probe_words.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace {

using namespace memdb;
using namespace memdb::reach;
using namespace memdb::reach::words;
using health::Layer;

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

TEST(ProbeMachine, keeps_the_duration_of_each_stage) {
    ProbeState state;
    for (const Line& line : kProved) state = step(state, line.event, t0 + line.at, kTarget, kTimings).state;
    EXPECT_EQ(state.proof, (Stages{2ms, 1ms, 3ms, 300us, 300us}));
    EXPECT_EQ(state.ping, 300us);
    EXPECT_EQ(state.last_ok, t0 + 8ms);
}

}  // namespace
