// How a probe learns whether large packets pass, and how soon it tells of a miss.
#include "tests/support/probe_story.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace memdb;
using namespace memdb::reach;
using namespace memdb::reach::words;
using enum ProbePhase;

const std::string kLost = "10.0.0.1:6379 is connected but gave no answer to a PING of 3 KiB in 1500 ms";

/// A large PING is out, right behind a small one that was answered.
const Lines kBulkOut = kProved + Lines{{1s, BulkRequested{}, checking, "ping before bulk", {SendPing{}}},
                                       {1001ms, kPong, bulk_checking, "answered", {PublishProof{}, SendBulk{}}}};

/// The same, and it got lost.
const Lines kBulkLost =
    kBulkOut + Lines{{2500ms, DeadlinePassed{}, bulk_checking, "ignored", {}},
                     {2501ms,
                      DeadlinePassed{},
                      connecting,
                      "bulk missed",
                      {CloseConnection{}, PublishBulk{BulkResult::missed, kLost}, Connect{"10.0.0.1"}}}};

const Lines kReproved = {{2502ms, Connected{1ms}, securing, "connected", {Secure{}}},
                         {2505ms, Secured{3ms}, authenticating, "secured", {SendAuth{}}},
                         {2506ms, kOk, pinging, "authenticated", {SendPing{}}}};

const std::vector<Story>& stories() {
    static const std::vector<Story> all = {
        {"large_packets_pass",
         kBulkOut + Lines{{1003ms, kEcho, kept, "bulk passed", {PublishBulk{BulkResult::passed, {}}}},
                          {5s, DeadlinePassed{}, checking, "ping due", {SendPing{}}}}},
        {"a_lost_bulk_is_no_failure_where_small_packets_pass",
         kBulkLost + kReproved +
             Lines{{2507ms, kPong, kept, "proved again", {PublishProof{}}},
                   {5s, DeadlinePassed{}, checking, "ping due", {SendPing{}}}}},
        {"the_second_check_follows_the_small_ping_on_the_new_connection",
         kBulkLost + Lines{{2501ms, BulkRequested{}, connecting, "bulk next", {}}} + kReproved +
             Lines{{2507ms, kPong, bulk_checking, "proved again", {PublishProof{}, SendBulk{}}},
                   {4007ms,
                    DeadlinePassed{},
                    connecting,
                    "bulk missed",
                    {CloseConnection{}, PublishBulk{BulkResult::missed, kLost}, Connect{"10.0.0.1"}}}}},
        {"the_second_check_waits_for_a_second_reprobe",
         kBulkLost + Lines{{2501ms, BulkRequested{}, connecting, "bulk next", {}},
                           {2801ms,
                            DeadlinePassed{},
                            connecting,
                            "re-probe",
                            {CloseConnection{}, PublishMiss{}, Connect{"10.0.0.1"}}},
                           {2802ms, Connected{1ms}, securing, "connected", {Secure{}}},
                           {2805ms, Secured{3ms}, authenticating, "secured", {SendAuth{}}},
                           {2806ms, kOk, pinging, "authenticated", {SendPing{}}},
                           {2807ms, kPong, bulk_checking, "proved again", {PublishProof{}, SendBulk{}}}}},
        {"a_node_that_is_gone_is_blamed_after_two_whole_reprobes_all_the_same",
         kBulkLost + Lines{{2801ms,
                            DeadlinePassed{},
                            connecting,
                            "re-probe",
                            {CloseConnection{}, PublishMiss{}, Connect{"10.0.0.1"}}},
                           {3101ms, DeadlinePassed{}, waiting, "blamed", {CloseConnection{}, PublishFailure{}}},
                           {3102ms, BulkRequested{}, waiting, "ignored", {}}},
         NodeHealth::failed, "node-unreachable", "10.0.0.1:6379 is silent on TCP for 300 ms"},
        {"a_refused_argument_is_no_fault",
         kBulkOut + Lines{{1003ms,
                           refusal("ERR wrong number of arguments for 'ping' command"),
                           kept,
                           "bulk cannot be checked",
                           {PublishBulk{BulkResult::unknown,
                                        "10.0.0.1:6379 answers a PING of 3 KiB with: ERR wrong number of arguments "
                                        "for 'ping' command"}}}}},
        {"a_proxy_that_ignores_the_argument_is_no_fault",
         kBulkOut + Lines{{1003ms,
                           kPong,
                           kept,
                           "bulk cannot be checked",
                           {PublishBulk{BulkResult::unknown, "10.0.0.1:6379 answers a PING of 3 KiB with: PONG"}}}}},
        {"another_echo_is_malformed", kBulkOut + Lines{{1003ms,
                                                        ReplyReceived{{.kind = Reply::Kind::text, .text = "x"}, 1ms},
                                                        connecting,
                                                        "re-probe",
                                                        {CloseConnection{}, PublishMiss{}, Connect{"10.0.0.1"}}}}},
        {"what_is_asked_meanwhile_comes_next",
         kBulkOut + Lines{{1002ms, ProbeRequested{}, bulk_checking, "probe next", {}},
                          {1002ms, TopologyRequested{}, bulk_checking, "ask topology next", {}},
                          {1003ms, kEcho, checking, "bulk passed", {PublishBulk{BulkResult::passed, {}}, SendPing{}}},
                          {1004ms, BulkRequested{}, checking, "bulk next", {}},
                          {1005ms, kPong, asking, "answered", {PublishProof{}, SendTopology{TopologyCommand::shards}}},
                          {1006ms,
                           ReplyReceived{kTopology, 1ms},
                           bulk_checking,
                           "topology received",
                           {PublishTopology{kTopology}, SendBulk{}}}}},
        {"a_new_path_forgets_the_check",
         kBulkOut + Lines{{1002ms,
                           PathChanged{},
                           resolving,
                           "path changed",
                           {CloseConnection{}, PublishUnknown{}, Resolve{2s}}}},
         NodeHealth::unknown},
    };
    return all;
}

class BulkStory : public testing::TestWithParam<Story> {};

TEST_P(BulkStory, runs_as_told) { tell(GetParam()); }

INSTANTIATE_TEST_SUITE_P(probe, BulkStory, testing::ValuesIn(stories()),
                         [](const auto& story) { return story.param.name; });

TEST(ProbeMachine, an_echo_is_an_answer_but_no_measured_ping) {
    ProbeState state = tell({"", kBulkOut});
    state = step(state, kEcho, t0 + 1003ms, kTarget, kTimings).state;
    EXPECT_EQ(state.last_ok, t0 + 1003ms);
    EXPECT_EQ(state.ping, 300us);
    EXPECT_EQ(state.proof.ping, 300us);
}

TEST(ProbeMachine, a_lost_bulk_leaves_no_trace_in_the_node) {
    const ProbeState state = tell({"", kBulkLost});
    EXPECT_FALSE(state.failing_since);
    EXPECT_EQ(state.health, NodeHealth::ok);
    EXPECT_EQ(state.last_ok, t0 + 1001ms);
}

/// A node that answers after 1 ms until it falls silent for good; what the probe of a sentinel makes of it.
class Silence {
  public:
    explicit Silence(Duration at) : silent_at_(t0 + at) {}

    /// @param asked_at  a bulk check is asked for then.
    /// @return when the first miss was published.
    std::optional<Duration> first_miss(std::optional<Duration> asked_at) {
        feed(StartRequested{{1s, 0ms}});
        for (; now_ < t0 + 20s; now_ += 1ms) {
            if (reply_ && now_ >= reply_at_ && now_ < silent_at_) feed(*std::exchange(reply_, std::nullopt));
            if (asked_at && now_ == t0 + *asked_at) feed(BulkRequested{});
            if (state_.deadline && now_ >= *state_.deadline) feed(DeadlinePassed{});
            if (missed_) return now_ - t0;
        }
        return std::nullopt;
    }

  private:
    void feed(const ProbeEvent& event) {
        ProbeStep got = step(state_, event, now_, kPlain, kTimings);
        state_ = got.state;
        for (const ProbeAction& action : got.actions) {
            if (std::holds_alternative<Resolve>(action)) answer(kResolved);
            if (std::holds_alternative<Connect>(action)) answer(Connected{1ms});
            if (std::holds_alternative<SendPing>(action)) answer(kPong);
            if (std::holds_alternative<SendBulk>(action)) answer(kEcho);
            missed_ = missed_ || std::holds_alternative<PublishMiss>(action);
        }
    }
    void answer(ProbeEvent event) {
        reply_ = std::move(event);
        reply_at_ = now_ + 1ms;
    }

    TimePoint silent_at_, now_ = t0, reply_at_{};
    ProbeState state_;
    std::optional<ProbeEvent> reply_;
    bool missed_ = false;
};

TEST(ProbeMachine, a_miss_of_the_sentinel_is_told_within_its_interval_and_one_limit) {
    const Duration limit = kTimings.sentinel_interval + kTimings.kept_ping_limit;
    for (Duration at = 2s; at < 3010ms; at += 1ms) {
        const auto missed = Silence(at).first_miss(std::nullopt);
        ASSERT_TRUE(missed) << at.count();
        EXPECT_GT(*missed, at);
        EXPECT_LE(*missed, at + limit) << at.count();
    }
}

TEST(ProbeMachine, a_bulk_check_delays_a_miss_only_while_its_echo_is_under_way) {
    const Duration limit = kTimings.sentinel_interval + kTimings.kept_ping_limit;
    for (const Duration asked : {2100ms, 2500ms, 2999ms, 3000ms})
        for (Duration at = asked - 20ms; at < asked + 20ms; at += 1ms) {
            const auto missed = Silence(at).first_miss(asked);
            ASSERT_TRUE(missed) << at.count();
            const bool is_under_way = at > asked && at <= asked + 2ms;
            EXPECT_LE(*missed, at + (is_under_way ? kTimings.bulk_limit + kTimings.reprobe_limit : limit))
                << at.count() << " asked " << asked.count();
        }
}

}  // namespace
