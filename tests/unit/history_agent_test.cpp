#include "app/history_agent.hpp"

#include "base/clock.hpp"
#include "tests/support/full_disk.hpp"
#include "tests/support/got.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

#include <filesystem>
#include <future>

namespace memdb::app {
namespace {

namespace asio = boost::asio;
using control::History;
using control::HistoryState;
using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;
using tests::got;

/// An agent on a loop of its own, with a real file.
class HistoryAgentTest : public testing::Test {
  protected:
    HistoryAgentTest() { begin(); }
    void begin() {
        agent_.reset();
        agent_ = std::make_unique<HistoryAgent>(io_, workers_, path(), [this] { ++changes_; });
        agent_->follow({});
    }
    [[nodiscard]] std::string path() const { return (folder_.path() / "history.db").string(); }
    void see(const control::ProfileView& profile) { agent_->observe(snapshot_of({profile}), now(), wall_now()); }

    control::Reply reply_to(const control::HistoryQuery& query) {
        std::optional<control::Reply> got_it;
        agent_->ask(query, [&](control::Reply reply) { got_it = std::move(reply); });
        const TimePoint until = now() + 20s;
        while (!got_it && now() < until) {
            io_.restart();
            io_.run_for(10ms);
        }
        return got_it.value_or(control::Reply{0, "no answer"});
    }
    History ask(const control::HistoryQuery& query = {}) { return got(control::parse_history(reply_to(query).body)); }

    /// Turns the loop until `done`, for 20 s at most.
    template <class Done>
    bool turn(Done done) {
        const TimePoint until = now() + 20s;
        while (!done() && now() < until) {
            io_.restart();
            io_.run_for(10ms);
        }
        return done();
    }
    std::vector<std::string> codes() {
        std::vector<std::string> all;
        for (const auto& condition : agent_->conditions(now())) all.push_back(condition.code);
        return all;
    }

    tests::ScratchFolder folder_;
    asio::io_context io_;
    asio::thread_pool workers_{1};
    int changes_ = 0;
    std::unique_ptr<HistoryAgent> agent_;
};

TEST_F(HistoryAgentTest, what_was_seen_is_told_at_once_and_after_a_restart) {
    see(reachable_profile());
    agent_->sample("demo", "demo-0001-001", 700us);
    agent_->sample("demo", "demo-0001-001", std::nullopt);
    see(unreachable_profile());
    const History before = ask();
    EXPECT_EQ(before.state, HistoryState::on);
    ASSERT_EQ(before.incidents.size(), 1u);
    EXPECT_TRUE(before.incidents[0].open);
    EXPECT_EQ(before.incidents[0].cause, "port-filtered");
    EXPECT_EQ(control::find_node(before, "demo", "demo-0001-001")->total.lost, 1) << "the minute that runs, too";
    agent_->close(5s);
    begin();
    const History after = ask();
    ASSERT_EQ(after.incidents.size(), 1u);
    EXPECT_FALSE(after.incidents[0].open);
    EXPECT_EQ(after.incidents[0].cause, "port-filtered");
    EXPECT_EQ(control::find_node(after, "demo", "demo-0001-001")->total.median_us, 700);
}

TEST_F(HistoryAgentTest, an_edge_is_written_soon_without_a_question) {
    see(reachable_profile());
    EXPECT_TRUE(turn([&] { return std::filesystem::exists(path()); }));
    EXPECT_THAT(codes(), testing::IsEmpty());
}

TEST_F(HistoryAgentTest, switched_off_it_answers_that_it_is_and_writes_nothing) {
    agent_->follow({.keep_it = false});
    see(reachable_profile());
    agent_->sample("demo", "a", 1ms);
    EXPECT_EQ(ask().state, HistoryState::off);
    EXPECT_FALSE(std::filesystem::exists(path())) << "it had not begun yet";
    agent_->follow({});
    see(reachable_profile());
    EXPECT_EQ(ask().state, HistoryState::on);
    EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(HistoryAgentTest, a_damaged_file_is_named_and_the_history_goes_on) {
    tests::put(path(), std::string(9000, 'x'));
    see(reachable_profile());
    EXPECT_TRUE(turn([&] { return changes_ > 0; }));
    EXPECT_THAT(codes(), testing::ElementsAre("history-damaged"));
    EXPECT_THAT(agent_->conditions(now()).at(0).evidence, testing::HasSubstr("history.db.damaged-"));
    EXPECT_THAT(agent_->conditions(now() + 25h), testing::IsEmpty()) << "it is told for a day";
    EXPECT_EQ(ask().verdicts.size(), 1u);
}

TEST_F(HistoryAgentTest, a_file_that_cannot_be_used_is_named_and_asking_says_why) {
    std::filesystem::create_directory(path());
    see(reachable_profile());
    EXPECT_TRUE(turn([&] { return changes_ > 0; }));
    EXPECT_THAT(codes(), testing::ElementsAre("history-unavailable"));
    const History none = ask();
    EXPECT_EQ(none.state, HistoryState::failed);
    EXPECT_THAT(none.message.value_or(""), testing::HasSubstr("history.db"));
}

TEST_F(HistoryAgentTest, a_full_disk_is_named_and_nothing_of_before_is_lost) {
    {
        const tests::FullDisk full(0);
        see(reachable_profile());
        EXPECT_TRUE(turn([&] { return changes_ > 0; }));
        EXPECT_THAT(codes(), testing::ElementsAre("disk-full"));
    }
    EXPECT_EQ(ask().verdicts.size(), 1u) << "asking tries again";
    EXPECT_TRUE(turn([&] { return codes().empty(); }));
}

TEST_F(HistoryAgentTest, too_many_questions_at_once_are_turned_away) {
    see(reachable_profile());
    std::vector<unsigned> states;
    for (int i = 0; i < 10; ++i) agent_->ask({}, [&](const control::Reply& reply) { states.push_back(reply.status); });
    EXPECT_TRUE(turn([&] { return states.size() == 10; }));
    EXPECT_EQ(std::ranges::count(states, 200u), 4);
    EXPECT_EQ(std::ranges::count(states, control::http_status_for(control::ErrorCode::busy)), 6);
}

TEST_F(HistoryAgentTest, closing_does_not_wait_for_a_worker_that_hangs) {
    see(reachable_profile());
    std::promise<void> release;
    asio::post(workers_, [wait = release.get_future().share()] { wait.wait(); });
    const TimePoint before = now();
    agent_->close(50ms);
    EXPECT_LT(now() - before, 5s);
    release.set_value();
}

}  // namespace
}  // namespace memdb::app
