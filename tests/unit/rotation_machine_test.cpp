// Stories of rotations. Every cell is in rotation_machine_table_test.cpp, restarts in rotation_restore_test.cpp.
#include "tests/support/rotation_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::keys {
namespace {

using P = RotationPhase;

struct Line {
    Duration at;
    RotationEvent event;
    P phase;
    std::string_view why, actions;
};
struct Story {
    const char* name;
    RotationState begin;
    std::vector<Line> lines;
    std::string_view message;  ///< a part of the last one; empty: there is none
};

RotationState with(unsigned current, RotationSight seen, unsigned previous = 0) {
    RotationState s;
    s.current = current;
    s.previous = previous;
    s.seen = seen;
    return s;
}

/// Key 2 is about to be tried beside key 1.
std::vector<Line> after_proving(std::vector<Line> rest) {
    std::vector<Line> lines = {{0s, kAsked, P::making, "key asked", "make key"},
                               {1s, KeyMade{}, P::requested, "key made", "save record, keep only 1"},
                               {2s, CertificateAccepted{"laptop-2"}, P::proving, "certificate accepted",
                                "store candidate 2, save record, drop request, start trial 2"}};
    lines.insert(lines.end(), rest.begin(), rest.end());
    return lines;
}

std::vector<Line> after_switching(std::vector<Line> rest) {
    std::vector<Line> lines =
        after_proving({{3s, kAccepted, P::confirming, "trial accepted", "save record, use 2, restart tunnel"},
                       {3s, Switched{2}, P::confirming, "switched", ""}});
    lines.insert(lines.end(), rest.begin(), rest.end());
    return lines;
}

// clang-format off
const Story kStories[] = {
    {"a_new_key_is_made_proven_put_in_force_and_confirmed", with(1, kWorks),
     after_switching({
         {4s, Seen{kDown}, P::confirming, "ignored", ""},
         {5s, Seen{kUp}, P::confirming, "seen", ""},
         {5s, Seen{kWorks}, P::confirmed, "PING answered", "save record, keep only 1 2"},
         {99s, LimitPassed{}, P::confirmed, "ignored", ""}}), ""},
    {"what_was_seen_before_the_switch_confirms_nothing", with(1, kWorks),
     after_switching({{33s - 1ms, LimitPassed{}, P::confirming, "ignored", ""},
                      {33s, LimitPassed{}, P::reverting, "not confirmed", "try to save record, use 1, restart tunnel"}}),
     "within 30 s"},
    {"a_refused_certificate_changes_nothing", with(1, kWorks),
     after_proving({{3s, kRefused, P::failed, "trial failed", "try to save record"},
                    {4s, Seen{kDown}, P::failed, "seen", ""}}),
     "AWS may take hours"},
    {"a_trial_without_a_network_is_no_judgement", with(1, kOffline),
     after_proving({{3s, kNotTried, P::failed, "trial failed", "try to save record"}}), "could not be tried: network-offline"},
    {"a_stored_candidate_is_proven_again", with(1, kWorks),
     after_proving({{3s, kRefused, P::failed, "trial failed", "try to save record"},
                    {2h, ProofAsked{}, P::proving, "proof asked", "save record, start trial 2"},
                    {2h, ProofAsked{}, P::proving, "ignored", ""},
                    {2h, kAccepted, P::confirming, "trial accepted", "save record, use 2, restart tunnel"},
                    {2h, Switched{2}, P::confirming, "switched", ""},
                    {2h, Seen{kWorks}, P::confirmed, "PING answered", "save record, keep only 1 2"}}), ""},
    {"no_switch_while_no_node_answers_since_it_could_not_be_confirmed", with(1, kUp),
     after_proving({{3s, kAccepted, P::proving, "trial accepted, but no node answers yet", ""},
                    {33s - 1ms, LimitPassed{}, P::proving, "ignored", ""},
                    {33s, LimitPassed{}, P::failed, "no node answers", "try to save record"}}), "no node answers PING now"},
    {"the_switch_waits_for_a_node_that_answers", with(1, kUp),
     after_proving({{3s, kAccepted, P::proving, "trial accepted, but no node answers yet", ""},
                    {9s, Seen{kWorks}, P::confirming, "a node answers", "save record, use 2, restart tunnel"},
                    {9s, Switched{2}, P::confirming, "switched", ""},
                    {10s, Seen{kWorks}, P::confirmed, "PING answered", "save record, keep only 1 2"}}), ""},
    {"but_a_tunnel_that_is_down_is_no_reason_to_wait", with(1, kDown),
     after_switching({{5s, Seen{kWorks}, P::confirmed, "PING answered", "save record, keep only 1 2"}}), ""},
    {"nor_is_an_old_key_that_is_of_no_use", with(1, {.wanted = true, .up = true}),
     after_switching({{5s, Seen{kWorks}, P::confirmed, "PING answered", "save record, keep only 1 2"}}), ""},
    {"while_disconnected_it_waits_for_the_next_connect", with(1, kUnwanted),
     after_proving({
         {3s, kAccepted, P::confirming, "trial accepted", "save record, use 2, restart tunnel"},
         {3s, Switched{2}, P::awaiting, "switched", ""},
         {48h, LimitPassed{}, P::awaiting, "ignored", ""},
         {48h, kAsked, P::awaiting, "ignored", ""},
         {48h, Seen{kDown}, P::confirming, "seen", ""},
         {48h + 5s, Seen{kWorks}, P::confirmed, "PING answered", "save record, keep only 1 2"}}), ""},
    {"and_goes_back_then_when_it_does_not_work", with(1, kUnwanted),
     after_proving({
         {3s, kAccepted, P::confirming, "trial accepted", "save record, use 2, restart tunnel"},
         {3s, Switched{2}, P::awaiting, "switched", ""},
         {48h, Seen{kDown}, P::confirming, "seen", ""},
         {48h + 30s, LimitPassed{}, P::reverting, "not confirmed", "try to save record, use 1, restart tunnel"},
         {48h + 30s, Switched{1}, P::reverted, "back on the key before", "try to save record"}}), "no PING"},
    {"disconnected_while_it_was_to_be_confirmed", with(1, kWorks),
     after_switching({{5s, Seen{kUnwanted}, P::awaiting, "disconnected meanwhile", ""},
                      {99s, LimitPassed{}, P::awaiting, "ignored", ""},
                      {100s, Seen{kWorks}, P::confirmed, "PING answered", "save record, keep only 1 2"}}), ""},
    {"blocked_with_the_new_key_goes_back_at_once", with(1, kWorks),
     after_switching({{4s, Seen{kBlocked}, P::reverting, "blocked with the new key", "try to save record, use 1, restart tunnel"},
                      {4s, Switched{1}, P::reverted, "back on the key before", "try to save record"}}),
     "no connection is possible"},
    {"blocked_with_both_keys_stays", with(1, kWorks),
     after_switching({{4s, Seen{kBlockedForGood}, P::confirming, "seen", ""},
                      {33s, LimitPassed{}, P::confirmed, "nothing to go back to", "save record, keep only 1 2"}}),
     "of no use any more"},
    {"the_old_key_expired_before_the_deadline", with(1, kWorks),
     after_switching({{4s, Seen{{.wanted = true}}, P::confirming, "seen", ""},
                      {33s, LimitPassed{}, P::confirmed, "nothing to go back to", "save record, keep only 1 2"}}),
     "of no use any more"},
    {"offline_at_the_deadline_gets_more_time", with(1, kWorks),
     after_switching({{4s, Seen{kOffline}, P::confirming, "seen", ""},
                      {33s, LimitPassed{}, P::confirming, "no network, more time", ""},
                      {60s, Seen{kDown}, P::confirming, "seen", ""},
                      {63s, LimitPassed{}, P::reverting, "not confirmed", "try to save record, use 1, restart tunnel"}}), "no PING"},
    {"the_way_back_is_tried_until_the_disk_takes_it", with(1, kWorks),
     after_switching({{33s, LimitPassed{}, P::reverting, "not confirmed", "try to save record, use 1, restart tunnel"},
                      {33s, kDiskFull, P::reverting, "noted", ""},
                      {38s - 1ms, LimitPassed{}, P::reverting, "ignored", ""},
                      {38s, LimitPassed{}, P::reverting, "another try to go back", "try to save record, use 1, restart tunnel"},
                      {38s, Switched{1}, P::reverted, "back on the key before", "try to save record"}}), "disk full"},
    {"a_new_key_that_works_meanwhile_stays", with(1, kWorks),
     after_switching({{33s, LimitPassed{}, P::reverting, "not confirmed", "try to save record, use 1, restart tunnel"},
                      {33s, kDiskFull, P::reverting, "noted", ""},
                      {35s, Seen{kWorks}, P::confirmed, "PING answered after all", "save record, keep only 1 2"},
                      {38s, LimitPassed{}, P::confirmed, "ignored", ""}}), ""},
    {"an_old_key_that_is_damaged_is_no_way_back", with(1, kWorks),
     after_switching({{33s, LimitPassed{}, P::reverting, "not confirmed", "try to save record, use 1, restart tunnel"},
                      {33s, kGone, P::failed, "no way back", "try to save record"},
                      {34s, kAsked, P::making, "key asked", "make key"}}), ""},
    {"what_was_taken_back_can_be_proven_again", with(1, kWorks),
     after_switching({{4s, Seen{kBlocked}, P::reverting, "blocked with the new key", "try to save record, use 1, restart tunnel"},
                      {4s, Switched{1}, P::reverted, "back on the key before", "try to save record"},
                      {5s, ProofAsked{}, P::proving, "proof asked", "save record, start trial 2"}}), ""},
    {"back_by_hand_is_proven_as_well", with(2, kWorks, 1),
     {{0s, kRollback, P::proving, "rollback asked", "save record, start trial 1"},
      {1s, kAccepted, P::confirming, "trial accepted", "save record, use 1, restart tunnel"},
      {1s, Switched{1}, P::confirming, "switched", ""},
      {2s, Seen{kWorks}, P::confirmed, "PING answered", "save record, keep only 1 2"},
      {3s, RollbackAsked{"laptop-2"}, P::proving, "rollback asked", "save record, start trial 2"}}, ""},
    {"back_by_hand_to_a_key_that_is_refused_changes_nothing", with(2, kWorks, 1),
     {{0s, kRollback, P::proving, "rollback asked", "save record, start trial 1"},
      {1s, kRefused, P::failed, "trial failed", "try to save record"},
      {2s, KeyAsked{"", "laptop-3", 3, false}, P::making, "key asked", "make key"},
      {3s, KeyMade{}, P::requested, "key made", "save record, keep only 1 2"}}, ""},
    {"back_by_hand_and_forth_by_itself", with(2, kWorks, 1),
     {{0s, kRollback, P::proving, "rollback asked", "save record, start trial 1"},
      {1s, kAccepted, P::confirming, "trial accepted", "save record, use 1, restart tunnel"},
      {1s, Switched{1}, P::confirming, "switched", ""},
      {31s, LimitPassed{}, P::reverting, "not confirmed", "try to save record, use 2, restart tunnel"},
      {31s, Switched{2}, P::reverted, "back on the key before", "try to save record"}}, "no PING"},
    {"back_by_hand_gives_up_a_pending_key", with(2, kWorks, 1),
     {{0s, KeyAsked{"", "laptop-3", 3, false}, P::making, "key asked", "make key"},
      {1s, KeyMade{}, P::requested, "key made", "save record, keep only 1 2"},
      {2s, kRollback, P::proving, "rollback asked", "drop request, save record, start trial 1"}}, ""},
    {"there_is_nothing_to_go_back_to", with(1, kWorks), {{0s, kRollback, P::none, "ignored", ""}}, ""},
    {"two_at_once_are_one", with(1, kWorks),
     {{0s, kAsked, P::making, "key asked", "make key"},
      {0s, kAskedFresh, P::making, "ignored", ""},
      {1s, KeyMade{}, P::requested, "key made", "save record, keep only 1"},
      {2s, kAsked, P::requested, "ignored", ""},
      {3s, CertificateAccepted{"laptop-2"}, P::proving, "certificate accepted", "store candidate 2, save record, drop request, start trial 2"},
      {3s, CertificateAccepted{"laptop-2"}, P::proving, "ignored", ""},
      {3s, kAskedFresh, P::proving, "ignored", ""},
      {3s, kRollback, P::proving, "ignored", ""}}, ""},
    {"a_fresh_key_takes_the_place_of_a_pending_one", with(1, kWorks),
     {{0s, kAsked, P::making, "key asked", "make key"},
      {1s, KeyMade{}, P::requested, "key made", "save record, keep only 1"},
      {2s, kAskedFresh, P::making, "key asked", "make key"},
      {3s, KeyFailed{"no entropy"}, P::failed, "key failed", "drop request, try to save record"},
      {4s, ProofAsked{}, P::failed, "ignored", ""}}, "no key could be made: no entropy"},
    {"no_room_for_the_pending_key", with(1, kWorks),
     {{0s, kAsked, P::making, "key asked", "make key"},
      {1s, KeyMade{}, P::requested, "key made", "save record, keep only 1"},
      {1s, kDiskFull, P::failed, "write failed", "drop request, try to save record"},
      {1s, kDiskFull, P::failed, "ignored", ""},
      {2s, kAsked, P::making, "key asked", "make key"}}, ""},
    {"no_room_for_the_certificate_which_may_come_again", with(1, kWorks),
     after_proving({{2s, kNotStored, P::requested, "noted", ""},
                    {9s, CertificateAccepted{"laptop-2"}, P::proving, "certificate accepted", "store candidate 2, save record, drop request, start trial 2"},
                    {10s, kAccepted, P::confirming, "trial accepted", "save record, use 2, restart tunnel"}}), ""},
    {"a_certificate_that_comes_again_is_proven_again", with(1, kUp),
     after_proving({{3s, kAccepted, P::proving, "trial accepted, but no node answers yet", ""},
                    {3s, kAccepted, P::proving, "ignored", ""},
                    {3s, kRefused, P::proving, "ignored", ""},
                    {4s, kNotStored, P::requested, "noted", ""},
                    {9s, CertificateAccepted{"laptop-2"}, P::proving, "certificate accepted", "store candidate 2, save record, drop request, start trial 2"},
                    {10s, Seen{kWorks}, P::proving, "seen", ""},
                    {99s, LimitPassed{}, P::proving, "ignored", ""},
                    {100s, kAccepted, P::confirming, "trial accepted", "save record, use 2, restart tunnel"}}), ""},
    {"no_room_for_the_record_of_the_certificate", with(1, kWorks),
     after_proving({{2s, kDiskFull, P::failed, "write failed", "stop trial, try to save record"},
                    {9s, ProofAsked{}, P::proving, "proof asked", "save record, start trial 2"}}), ""},
    {"no_room_for_the_record_of_another_proof", with(1, kWorks),
     after_proving({{3s, kRefused, P::failed, "trial failed", "try to save record"},
                    {9s, ProofAsked{}, P::proving, "proof asked", "save record, start trial 2"},
                    {9s, kDiskFull, P::failed, "write failed", "stop trial, try to save record"}}), "disk full"},
    {"no_room_for_the_record_or_the_link_of_the_switch", with(1, kWorks),
     after_proving({{3s, kAccepted, P::confirming, "trial accepted", "save record, use 2, restart tunnel"},
                    {3s, kDiskFull, P::failed, "write failed", "try to save record"},
                    {9s, ProofAsked{}, P::proving, "proof asked", "save record, start trial 2"}}), ""},
    {"no_room_for_the_last_record_is_told_and_repaired_by_the_next_start", with(1, kWorks),
     after_switching({{5s, Seen{kWorks}, P::confirmed, "PING answered", "save record, keep only 1 2"},
                      {5s, kDiskFull, P::confirmed, "noted", ""}}), "could not be recorded: disk full"},
    {"the_first_key_ever_has_nothing_to_go_back_to", with(0, {.wanted = true}),
     {{0s, KeyAsked{"", "laptop", 1, false}, P::making, "key asked", "make key"},
      {1s, KeyMade{}, P::requested, "key made", "save record"},
      {2s, CertificateAccepted{"laptop"}, P::proving, "certificate accepted", "store candidate 1, save record, drop request, start trial 1"},
      {3s, kAccepted, P::confirming, "trial accepted", "save record, use 1, restart tunnel"},
      {3s, Switched{1}, P::confirming, "switched", ""},
      {4s, Seen{kBlocked}, P::confirming, "seen", ""},
      {33s, LimitPassed{}, P::confirmed, "nothing to go back to", "save record, keep only 1"},
      {34s, kRollback, P::confirmed, "ignored", ""}}, "of no use"},
    {"a_trial_that_answers_too_late_is_not_heard", with(1, kWorks),
     after_proving({{3s, kRefused, P::failed, "trial failed", "try to save record"},
                    {4s, kAccepted, P::failed, "ignored", ""}}), "AWS"},
};
// clang-format on

class RotationStory : public testing::TestWithParam<Story> {};

TEST_P(RotationStory, is_told) {
    RotationState state = GetParam().begin;
    for (const Line& line : GetParam().lines) {
        const RotationStep done = play(state, line.event, line.at);
        const std::string at = std::to_string(line.at.count()) + " ms: " + std::string(to_string(line.event));
        EXPECT_EQ(done.state.phase, line.phase) << at;
        EXPECT_EQ(done.why, line.why) << at;
        EXPECT_EQ(words_of(done.actions), line.actions) << at;
        state = done.state;
    }
    if (GetParam().message.empty())
        EXPECT_EQ(state.message, "");
    else
        EXPECT_THAT(state.message, testing::HasSubstr(std::string(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(All, RotationStory, testing::ValuesIn(kStories),
                         [](const auto& story) { return std::string(story.param.name); });

/// What a clock that somebody sets must not change; the moments that are shown do change.
std::string course(const Story& story, std::size_t set_before, Duration by) {
    RotationState state = story.begin;
    std::string told;
    for (std::size_t i = 0; i < story.lines.size(); ++i) {
        Moment at = moment(story.lines[i].at);
        if (i >= set_before) at.wall += by;
        const RotationStep done = step(state, story.lines[i].event, at, RotationTimings{});
        state = done.state;
        told += std::string(to_string(state.phase)) + ": " + std::string(done.why) + "; " + words_of(done.actions);
        if (state.deadline) told += ", until " + std::to_string((*state.deadline - moment(0s).now).count());
        told += "\n";
    }
    for (const RotationStepTaken& taken : state.steps)
        told += std::string(to_string(taken.kind)) + " after " + std::to_string(taken.after.count()) + "\n";
    return told + state.message;
}

/// An hour back, as when a wrong time zone is put right; a year on, as from a dead battery's clock.
TEST(RotationMachine, a_clock_that_is_set_at_any_moment_changes_no_story) {
    for (const Story& story : kStories) {
        const std::string plain = course(story, story.lines.size(), 0s);
        for (std::size_t before = 0; before < story.lines.size(); ++before)
            for (const Duration by : {Duration(-1h), Duration(24h * 365)})
                EXPECT_EQ(course(story, before, by), plain)
                    << story.name << ", set by " << by.count() << " ms before event " << before;
    }
}

TEST(RotationMachine, steps_are_told_with_their_times) {
    RotationState s = with(1, kWorks);
    for (const Line& line : after_switching({{5500ms, Seen{kWorks}, P::confirmed, "", ""}}))
        s = play(s, line.event, line.at).state;
    std::vector<std::string> told;
    for (const RotationStepTaken& taken : s.steps)
        told.push_back(std::string(to_string(taken.kind)) + " " + std::to_string(taken.after.count()));
    EXPECT_THAT(told,
                testing::ElementsAre("requested 1000", "checked 1000", "proven 1000", "switched 0", "confirmed 2500"));
    EXPECT_EQ(s.steps.back().at, moment(5500ms).wall);
    EXPECT_EQ(s.started_at, moment(0s).wall);
    EXPECT_EQ(s.previous, 1u);
}

}  // namespace
}  // namespace memdb::keys
