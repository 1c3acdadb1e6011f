// Whether large packets pass: the rules alone, then as the tracker of a cluster applies them.
#include "reach/bulk_tracker.hpp"

#include "tests/support/tracker_play.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace memdb;
using namespace memdb::reach;
using namespace memdb::reach::play;

const auto kPassed = BulkResult::passed, kMissed = BulkResult::missed, kUnknown = BulkResult::unknown;

BulkCheck check(BulkState state, unsigned losses, std::string evidence = {}) {
    return {state, std::move(evidence), losses, "a1", t0};
}

// Every state of the check × every result.
TEST(BulkTracker, follows_the_table) {
    struct Row {
        BulkCheck before;
        BulkResult result;
        BulkState state;
        unsigned losses;
        std::string evidence;
        Duration next;
    };
    using enum BulkState;
    const Row table[] = {
        {check(unknown, 0), kPassed, passed, 0, "", 30s},
        {check(unknown, 0), kMissed, unknown, 1, "", 0s},
        {check(unknown, 0), kUnknown, unknown, 0, "new", 30s},
        {check(unknown, 1), kPassed, passed, 0, "", 30s},
        {check(unknown, 1), kMissed, failed, 2, "new", 5s},
        {check(unknown, 1), kUnknown, unknown, 0, "new", 30s},
        {check(passed, 0), kPassed, passed, 0, "", 30s},
        {check(passed, 0), kMissed, passed, 1, "", 0s},
        {check(passed, 0), kUnknown, unknown, 0, "new", 30s},
        {check(passed, 1), kPassed, passed, 0, "", 30s},
        {check(passed, 1), kMissed, failed, 2, "new", 5s},
        {check(passed, 1), kUnknown, unknown, 0, "new", 30s},
        {check(failed, 2, "old"), kPassed, passed, 0, "", 30s},
        {check(failed, 2, "old"), kMissed, failed, 2, "new", 5s},
        {check(failed, 2, "old"), kUnknown, unknown, 0, "new", 30s},
    };
    for (const Row& row : table) {
        BulkCheck got = row.before;
        note_result(got, row.result, row.result == kPassed ? "" : "new", t0 + 1s, kTimings);
        EXPECT_EQ(got, (BulkCheck{row.state, row.evidence, row.losses, "a1", t0 + 1s + row.next}))
            << to_string(row.before.state) << row.before.losses << " result " << static_cast<int>(row.result);
    }
}

TEST(BulkTracker, a_new_sentinel_is_due_at_once_and_takes_over_what_was_found) {
    BulkCheck got;
    follow_sentinel(got, "", t0);
    EXPECT_EQ(got, BulkCheck{});
    EXPECT_FALSE(bulk_is_due(got, t0, kTimings));
    got = check(BulkState::failed, 2, "lost");
    follow_sentinel(got, "a1", t0 + 9s);
    EXPECT_EQ(got, check(BulkState::failed, 2, "lost")) << "the same one: nothing new";
    follow_sentinel(got, "a2", t0 + 9s);
    EXPECT_EQ(got, (BulkCheck{BulkState::failed, "lost", 2, "a2", t0 + 9s}));
    EXPECT_TRUE(bulk_is_due(got, t0 + 9s, kTimings));
    EXPECT_EQ(got.due, t0 + 14s) << "often, while it is failed";
    got = check(BulkState::passed, 1);
    follow_sentinel(got, "a2", t0);
    EXPECT_EQ(got.losses, 0U) << "two losses must be of one node";
    EXPECT_TRUE(bulk_is_due(got, t0, kTimings));
    EXPECT_EQ(got.due, t0 + 30s);
}

// A TLS handshake is large, too: where it gets lost behind a TCP connection, it is the second loss.
TEST(BulkTracker, a_handshake_that_gets_lost_is_a_loss_and_one_that_passes_is_the_end_of_it) {
    BulkCheck got = check(BulkState::passed, 0);
    note_tls_silence(got, "a1", false);
    EXPECT_EQ(got, check(BulkState::passed, 0)) << "nothing large was lost before: the node is just silent";
    got = check(BulkState::passed, 1);
    note_tls_silence(got, "b7", false);
    EXPECT_EQ(got, check(BulkState::passed, 1)) << "another node's";
    note_tls_silence(got, "a1", false);
    const std::string evidence = "TCP connects, but neither a large answer nor a TLS handshake gets through";
    EXPECT_EQ(got, check(BulkState::failed, 2, evidence));
    got = check(BulkState::unknown, 0);
    note_tls_silence(got, "b7", true);
    EXPECT_EQ(got, check(BulkState::failed, 2, evidence)) << "its own large answer was lost";

    note_tls_passed(got, t0 + 7s);
    EXPECT_EQ(got, (BulkCheck{BulkState::unknown, "", 0, "a1", t0 + 7s})) << "to be asked at once";
    got = check(BulkState::passed, 1);
    note_tls_passed(got, t0 + 7s);
    EXPECT_EQ(got, check(BulkState::passed, 1));
    EXPECT_EQ(to_string(BulkState::unknown), "unknown");
    EXPECT_EQ(to_string(BulkState::passed), "passed");
    EXPECT_EQ(to_string(BulkState::failed), "failed");
}

std::string asked_bulk(const Play& play) {
    const auto questions = play.of<AskBulk>();
    return questions.size() == 1 ? questions.front().label : questions.empty() ? "" : "several";
}

TEST(BulkTracker, the_sentinel_is_asked_as_soon_as_the_members_are_known) {
    Play play;
    play.at(0ms, TrackingRequested{}).at(8ms, NodeProved{kSeed.name});
    EXPECT_EQ(asked_bulk(play), "") << "the seed is about to leave";
    play.at(10ms, TopologyReceived{kSeed.name, two_shards()}).at(12ms, NodeProved{"r2"});
    EXPECT_EQ(asked_bulk(play), "r2");
    play.at(14ms, NodeProved{"a1"}).at(15ms, BulkChecked{"r2", kPassed, ""});
    EXPECT_EQ(play.state.bulk.state, BulkState::passed);
    EXPECT_EQ(asked_bulk(play), "");
    EXPECT_EQ(asked_bulk(play.at(30014ms, TrackerDeadlinePassed{})), "");
    EXPECT_EQ(play.state.deadline, t0 + 30015ms);
    EXPECT_EQ(asked_bulk(play.at(30015ms, TrackerDeadlinePassed{})), "r2");
}

TEST(BulkTracker, a_topology_that_gets_lost_does_not_keep_the_check_back) {
    Play play;  // CLUSTER SHARDS is a large reply: it may be what does not pass
    play.at(0ms, TrackingRequested{}).at(8ms, NodeProved{kSeed.name});
    EXPECT_EQ(asked_bulk(play.at(2s, TopologyMissed{kSeed.name, "silent"})), kSeed.name);
}

TEST(BulkTracker, two_losses_in_a_row_are_a_fault_and_one_echo_ends_it) {
    Play play = proved();
    EXPECT_EQ(asked_bulk(play.at(1s, BulkChecked{"a1", kMissed, "lost"})), "a1") << "again, at once";
    EXPECT_EQ(play.state.bulk.state, BulkState::unknown) << "one loss is no fault";
    EXPECT_EQ(asked_bulk(play.at(3s, BulkChecked{"a1", kMissed, "lost"})), "");
    EXPECT_EQ(play.state.bulk.state, BulkState::failed);
    EXPECT_EQ(play.state.bulk.evidence, "lost");
    EXPECT_EQ(asked_bulk(play.at(7999ms, TrackerDeadlinePassed{})), "");
    EXPECT_EQ(asked_bulk(play.at(8s, TrackerDeadlinePassed{})), "a1");
    play.at(8002ms, BulkChecked{"a1", kPassed, ""});
    EXPECT_EQ(play.state.bulk.state, BulkState::passed);
    EXPECT_EQ(play.state.bulk.evidence, "");
    EXPECT_EQ(summarize(play.state).ok, 4U);
}

TEST(BulkTracker, each_new_sentinel_is_asked) {
    Play play = proved();
    play.at(1s, BulkChecked{"a1", kPassed, ""});
    play.at(6s, TopologyReceived{"a1", two_shards()}).at(61s, TrackerDeadlinePassed{});
    EXPECT_EQ(play.state.sentinel, "a2");
    EXPECT_EQ(asked_bulk(play), "a2");
    EXPECT_EQ(play.at(62s, BulkChecked{"a1", kMissed, "lost"}).why, "ignored") << "too late";
    play.at(63s, NodeBlamed{"a2", "port-refused"});
    EXPECT_EQ(asked_bulk(play), play.state.sentinel);
}

TEST(BulkTracker, a_node_that_comes_back_is_asked_anew) {
    Play play;
    play.at(0ms, TrackingRequested{}).at(8ms, NodeProved{kSeed.name});
    play.at(9ms, TopologyReceived{kSeed.name, error("ERR This instance has cluster support disabled")});
    EXPECT_EQ(asked_bulk(play), kSeed.name);
    EXPECT_EQ(asked_bulk(play.at(1s, NodeBlamed{kSeed.name, "port-refused"})), "");
    EXPECT_EQ(asked_bulk(play.at(2s, NodeProved{kSeed.name})), kSeed.name);
}

TEST(BulkTracker, a_new_path_and_a_pause_know_nothing) {
    Play play = proved();
    play.at(1s, BulkChecked{"a1", kPassed, ""}).at(2s, PathChanged{});
    EXPECT_EQ(play.state.bulk, BulkCheck{});
    EXPECT_EQ(play.at(2s, BulkChecked{"a1", kMissed, "lost"}).why, "ignored") << "of the old path";
    EXPECT_EQ(asked_bulk(play.at(2010ms, NodeProved{"a1"})), "a1");
    play.at(3s, BulkChecked{"a1", kPassed, ""}).at(4s, TrackingEndRequested{});
    EXPECT_EQ(play.state.bulk, BulkCheck{});
}

}  // namespace
