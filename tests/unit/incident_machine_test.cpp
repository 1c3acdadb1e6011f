// Stories of silence. Every input in every state is in incident_machine_table_test.cpp.
#include "tests/support/incident_play.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::health {
namespace {

using play::Play;
using play::Story;
using play::World;

void falls_silent(World& w) { w.silent = 10s; }
void falls_silent_and_mute(World& w) { w.silent = 10s, w.mute = true; }
void grows_mute(World& w) { w.mute = true; }
void answers(World& w) { w.silent.reset(); }
void carries(World& w) { *w.received += 60; }
void has_one_address(World& w) { w.addresses = 1; }
void goes_down(World& w) { w.up.reset(); }

// clang-format off
const Story kStories[] = {
    {"both_directions_dead_is_known_from_the_unanswered_packets",
     {{9300ms, [](World& w) { w.link_dead = 9300ms; }}, {10s, falls_silent_and_mute}}, 40s,
     {"10 check openvpn, ask server", "11 give up", "15 ask server", "20 ask server", "25 ask server", "30 ask server", "35 ask server", "40 ask server"}},
    {"laptop_to_server_dead_is_known_although_its_pings_still_arrive",
     {{10s, falls_silent_and_mute}}, 14s,
     {"10 check openvpn, ask server", "11 give up"}},
    {"server_to_laptop_dead_is_known_from_the_link_when_the_question_takes_longer",
     {{7s, [](World& w) { w.link_dead = 7s; }}, {9500ms, grows_mute}, {9500ms, [](World& w) { w.silent = 9500ms; }}}, 14s,
     {"9.5 check openvpn, ask server", "10.5 give up"}},
    {"a_server_that_lost_the_session_answers_packets_but_sends_no_pings",
     {{9500ms, [](World& w) { w.link_dead = 9500ms; }}, {10s, falls_silent}}, 14s,
     {"10 check openvpn, ask server", "12.5 give up"}},
    {"an_agent_that_was_held_up_hears_first_what_has_come_meanwhile",
     {{10s, [](World& w) { w.silent = 10s, w.link_dead = 2s; }}, {10900ms, [](World& w) { w.link_dead.reset(), carries(w); }}, {11s, answers}}, 30s,
     {"10 check openvpn, ask server"}},
    {"a_closed_security_group_restarts_nothing_and_gets_one_second_opinion",
     {{10s, falls_silent}, {25100ms, goes_down}, {25300ms, [](World& w) { w.up = 25300ms; }}}, 44s,
     {"10 check openvpn, ask server", "15 ask server", "20 ask server", "25 ask server, try other address",
      "25.3 check openvpn, ask server", "30.3 ask server", "35.3 ask server", "40.3 ask server"}},
    {"another_second_opinion_needs_a_node_that_answered_in_between",
     {{10s, falls_silent}, {25100ms, goes_down}, {25300ms, [](World& w) { w.up = 25300ms; }}, {28s, answers},
      {30s, [](World& w) { w.silent = 30s; }}}, 46s,
     {"10 check openvpn, ask server", "15 ask server", "20 ask server", "25 ask server, try other address",
      "25.3 check openvpn, ask server",
      "30 check openvpn, ask server", "35 ask server", "40 ask server", "45 ask server, try other address"}},
    {"without_a_second_address_there_is_no_second_opinion",
     {{0s, has_one_address}, {10s, falls_silent}}, 31s,
     {"10 check openvpn, ask server", "15 ask server", "20 ask server", "25 ask server", "30 ask server"}},
    {"a_dead_cluster_whose_refusals_come_through_never_touches_the_tunnel",
     {{10s, falls_silent}, {10200ms, carries}, {15200ms, carries}, {20200ms, carries}, {25200ms, carries}, {30200ms, carries}}, 31s,
     {"10 check openvpn, ask server", "11.2 ask server", "16.2 ask server", "21.2 ask server", "26.2 ask server"}},
    {"a_dead_sentinel_is_cleared_by_its_witnesses",
     {{10s, falls_silent}, {10050ms, answers}}, 30s,
     {"10 check openvpn, ask server"}},
    {"nor_does_it_matter_that_the_server_answers_no_packets",
     {{10s, falls_silent_and_mute}, {10050ms, answers}}, 30s,
     {"10 check openvpn, ask server", "10.05 forget question"}},
    {"a_hung_openvpn_is_left_to_tunnel_machine",
     {{10s, falls_silent_and_mute}, {10s, [](World& w) { w.hung = 10s; }}, {11s, goes_down}}, 14s,
     {"10 check openvpn, ask server"}},
    {"a_tunnel_that_just_came_up_gets_a_grace",
     {{10s, [](World& w) { w.up = w.silent = 10s, w.mute = true; }}}, 14s,
     {"10 check openvpn, ask server", "13 give up"}},
    {"and_is_given_up_when_that_ends_though_something_came_in_between",
     {{10s, [](World& w) { w.up = w.silent = 10s, w.mute = true; }}, {10500ms, carries}}, 14s,
     {"10 check openvpn, ask server", "10.5 forget question", "11.5 ask server", "13 give up"}},
    {"what_comes_through_the_device_resets_the_suspicion",
     {{10s, falls_silent_and_mute}, {10500ms, carries}, {12s, carries}}, 14s,
     {"10 check openvpn, ask server", "10.5 forget question", "11.5 ask server", "12 forget question", "13 ask server", "14 give up"}},
    {"a_tunnel_that_dies_later_in_the_same_incident_is_found_by_asking_again",
     {{0s, has_one_address}, {10s, falls_silent}, {21s, grows_mute}}, 28s,
     {"10 check openvpn, ask server", "15 ask server", "20 ask server", "25 ask server", "26 give up"}},
    {"it_knocks_while_it_waits",
     {{0s, [](World& w) { w.up.reset(), w.waiting = w.mute = true; }}, {15200ms, [](World& w) { w.waiting = false; }}}, 40s,
     {"5 knock", "10 knock", "15 knock", "15.2 forget question"}},
    {"a_knock_is_forgotten_when_the_tunnel_is_up_and_its_nodes_are_asked_for",
     {{0s, [](World& w) { w.up.reset(), w.waiting = w.mute = true; }}, {5100ms, [](World& w) { w.waiting = false, w.up = w.silent = 5100ms; }}}, 6s,
     {"5 knock", "5.1 forget question, check openvpn, ask server"}},
    {"a_question_is_forgotten_when_the_tunnel_leaves_up",
     {{10s, falls_silent_and_mute}, {10400ms, goes_down}}, 30s,
     {"10 check openvpn, ask server", "10.4 forget question"}},
    {"a_tunnel_that_goes_down_to_wait_is_knocked_for_after_a_while",
     {{10s, falls_silent_and_mute}, {10400ms, [](World& w) { goes_down(w), w.waiting = true; }}}, 16s,
     {"10 check openvpn, ask server", "10.4 forget question", "15.4 knock"}},
    {"each_tunnel_is_given_up_once",
     {{10s, falls_silent_and_mute}, {17s, goes_down}, {17300ms, [](World& w) { w.up = 17300ms; }}}, 22s,
     {"10 check openvpn, ask server", "11 give up", "15 ask server", "17.3 check openvpn, ask server", "20.3 give up"}},
    {"a_tunnel_that_was_replaced_between_two_looks_is_judged_anew",
     {{10s, falls_silent_and_mute}, {10400ms, [](World& w) { w.up = 10390ms; }}}, 14s,
     {"10 check openvpn, ask server", "10.4 forget question, check openvpn, ask server", "13.39 give up"}},
    {"after_the_second_opinion_a_silent_tunnel_is_still_given_up",
     {{10s, falls_silent}, {25100ms, goes_down}, {25300ms, [](World& w) { w.up = 25300ms, w.mute = true; }}}, 29s,
     {"10 check openvpn, ask server", "15 ask server", "20 ask server", "25 ask server, try other address",
      "25.3 check openvpn, ask server", "28.3 give up"}},
    {"without_a_network_no_tunnel_is_given_up",
     {{10s, [](World& w) { falls_silent_and_mute(w), w.offline = true; }}}, 14s,
     {"10 check openvpn, ask server"}},
    {"where_the_device_cannot_be_read_the_server_alone_decides",
     {{10s, [](World& w) { falls_silent_and_mute(w), w.received.reset(); }}}, 14s,
     {"10 check openvpn, ask server", "11 give up"}},
};
// clang-format on

class IncidentStory : public testing::TestWithParam<Story> {};

TEST_P(IncidentStory, is_told) { EXPECT_THAT(Play(GetParam()).run(), testing::ElementsAreArray(GetParam().log)); }

INSTANTIATE_TEST_SUITE_P(All, IncidentStory, testing::ValuesIn(kStories),
                         [](const auto& story) { return std::string(story.param.name); });

TEST(IncidentMachine, is_undecided_until_the_server_is_heard_or_it_took_too_long) {
    const TimePoint t0(1h);
    IncidentState state;
    EXPECT_FALSE(is_undecided(state, t0)) << "there is nothing to decide";
    state.quiet_since = state.begun = t0;
    EXPECT_TRUE(is_undecided(state, t0));
    EXPECT_TRUE(is_undecided(state, t0 + kAskingLimit - 1ms));
    EXPECT_FALSE(is_undecided(state, t0 + kAskingLimit));
    state.server_answers = true;
    EXPECT_FALSE(is_undecided(state, t0));
    state.server_answers = false;
    EXPECT_FALSE(is_undecided(state, t0));
    state.server_answers.reset();
    state.quiet_since = t0 + kAskingLimit - 2ms;
    EXPECT_TRUE(is_undecided(state, t0 + kAskingLimit - 1ms)) << "what comes through may be what nodes repeat";
    EXPECT_FALSE(is_undecided(state, t0 + kAskingLimit)) << "but that is not waited for again and again";
}

}  // namespace
}  // namespace memdb::health
