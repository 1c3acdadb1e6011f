// A crash between any two things that a rotation does to the disk, on a model of that disk; then the next start.
#include "tests/support/rotation_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>

namespace memdb::keys {
namespace {

using P = RotationPhase;

struct Disk {
    std::set<unsigned> whole = {1};
    unsigned link = 1;
    bool request = false;
    RotationState record;
};

/// rotation_agent in small: does what the machine says with a disk that may end (a crash) after so many writes.
class Agent {
  public:
    Agent(Disk& disk, int writes, RotationSight seen) : disk_(disk), writes_(writes), seen_(seen) {}

    bool start() {
        s_ = disk_.record;
        s_.current = disk_.whole.contains(disk_.link) ? disk_.link : 0;
        s_.deadline.reset();
        take(restore(s_, {{disk_.whole.begin(), disk_.whole.end()}, disk_.request}, moment(at_)));
        return work();
    }

    /// @return false: crashed.
    bool happens(const RotationEvent& event) {
        at_ += 1s;
        if (std::holds_alternative<KeyMade>(event) && s_.phase == P::making && write()) disk_.request = true;
        if (!dead_) queue_.push_back(event);
        return work();
    }
    bool passes(Duration time) {
        at_ += time;
        return happens(LimitPassed{});
    }
    [[nodiscard]] const RotationState& state() const { return s_; }
    [[nodiscard]] int writes_left() const { return writes_; }
    [[nodiscard]] bool tries() const { return trial_; }

  private:
    bool write() {
        if (writes_ == 0) dead_ = true;
        --writes_;
        return !dead_;
    }

    bool work() {
        while (!queue_.empty() && !dead_) {
            const RotationEvent event = queue_.front();
            queue_.pop_front();
            if (std::holds_alternative<TrialEnded>(event)) trial_ = false;
            take(step(s_, event, moment(at_), RotationTimings{}));
        }
        return !dead_;
    }

    void take(const RotationStep& done) {
        s_ = done.state;
        for (const RotationAction& action : done.actions) {
            if (dead_) return;
            if (const auto* store = std::get_if<StoreCandidate>(&action)) {
                EXPECT_NE(store->generation, disk_.link);
                if (write()) disk_.whole.insert(store->generation);
            } else if (std::holds_alternative<SaveRecord>(action)) {
                if (write()) disk_.record = s_;
            } else if (std::holds_alternative<DropRequest>(action)) {
                if (write()) disk_.request = false;
            } else if (const auto* use = std::get_if<UseGeneration>(&action)) {
                if (!write()) return;
                if (!disk_.whole.contains(use->generation)) {
                    queue_.push_back(kGone);
                    return;
                }
                disk_.link = use->generation;
                queue_.push_front(Switched{use->generation});
                queue_.push_back(Seen{seen_});
            } else if (const auto* keep = std::get_if<KeepOnly>(&action)) {
                EXPECT_TRUE(std::count(keep->generations.begin(), keep->generations.end(), disk_.link) == 1);
                std::erase_if(disk_.whole, [&](unsigned number) {
                    return std::count(keep->generations.begin(), keep->generations.end(), number) == 0 && write();
                });
            } else if (std::holds_alternative<StartTrial>(action)) {
                trial_ = true;
            }
        }
    }

    Disk& disk_;
    int writes_;
    RotationSight seen_;  ///< after a switch
    Duration at_{0};
    RotationState s_;
    std::deque<RotationEvent> queue_;
    bool dead_ = false, trial_ = false;
};

struct Plan {
    const char* name;
    Disk begin;
    RotationSight after;  ///< what is seen with the new key
    std::vector<RotationEvent> events;
    P end;          ///< without a crash
    unsigned link;  ///< and what is in force then
};

Disk second() {
    Disk disk{{1, 2}, 2, false, {}};
    disk.record.phase = P::confirmed;
    disk.record.generation = 2;
    disk.record.from = disk.record.previous = 1;
    return disk;
}

const RotationEvent kThird = KeyAsked{"due", "laptop-3", 3, false};

std::vector<Plan> plans() {
    return {
        {"confirmed",
         {},
         kWorks,
         {Seen{kWorks}, kAsked, KeyMade{}, CertificateAccepted{"x"}, kAccepted},
         P::confirmed,
         2},
        {"refused", {}, kWorks, {kAsked, KeyMade{}, CertificateAccepted{"x"}, kRefused}, P::failed, 1},
        {"taken back",
         {},
         kBlocked,
         {Seen{kWorks}, kAsked, KeyMade{}, CertificateAccepted{"x"}, kAccepted},
         P::reverted,
         1},
        {"not connected", {}, kUnwanted, {kAsked, KeyMade{}, CertificateAccepted{"x"}, kAccepted}, P::awaiting, 2},
        {"proven again",
         {},
         kWorks,
         {kAsked, KeyMade{}, CertificateAccepted{"x"}, kRefused, ProofAsked{}, kAccepted, Seen{kWorks}},
         P::confirmed,
         2},
        {"the third",
         second(),
         kWorks,
         {Seen{kWorks}, kThird, KeyMade{}, CertificateAccepted{"x"}, kAccepted},
         P::confirmed,
         3},
        {"fresh",
         second(),
         kWorks,
         {kThird, KeyMade{}, KeyAsked{"", "y", 3, true}, KeyMade{}, CertificateAccepted{"x"}, kRefused},
         P::failed,
         2},
        {"back by hand", second(), kWorks, {Seen{kWorks}, kRollback, kAccepted}, P::confirmed, 1},
        {"back by hand, and forth", second(), kBlocked, {Seen{kWorks}, kRollback, kAccepted}, P::reverted, 2},
        {"a key pending, then back by hand",
         second(),
         kWorks,
         {Seen{kWorks}, kThird, KeyMade{}, kRollback, kAccepted},
         P::confirmed,
         1},
        {"the first ever",
         {{}, 0, false, {}},
         kWorks,
         {KeyAsked{"", "x", 1, false}, KeyMade{}, CertificateAccepted{"x"}, kAccepted, Seen{kWorks}},
         P::confirmed,
         1},
    };
}

/// Everything that a start can be followed by, until nothing is under way.
void settle(Agent& agent, RotationSight seen) {
    for (int i = 0; i < 4; ++i) {
        if (agent.tries()) agent.happens(kAccepted);
        agent.happens(Seen{seen});
        agent.happens(Seen{seen == kWorks ? kWorks : kDown});
        agent.passes(31s);
    }
}

void check_start(const Plan& plan, const Disk& left, RotationSight seen) {
    Disk disk = left;
    const bool had_one = left.whole.contains(left.link);
    Agent agent(disk, 1000, seen);
    agent.start();
    if (had_one) {
        EXPECT_TRUE(disk.whole.contains(disk.link)) << "no credential after the start";
    }
    settle(agent, seen);
    EXPECT_FALSE(is_busy(agent.state().phase)) << to_string(agent.state().phase);
    EXPECT_EQ(agent.state().current, disk.link);
    if (had_one) {
        EXPECT_TRUE(disk.whole.contains(disk.link));
    }
    if (agent.state().previous != 0) {
        EXPECT_TRUE(disk.whole.contains(agent.state().previous)) << "nothing to go back to";
    }
    if (agent.state().phase != P::requested) {
        EXPECT_FALSE(disk.request) << "a key that nobody waits for";
    }
    // And once more without anything under way: nothing changes.
    Disk again = disk;
    Agent next(again, 1000, seen);
    next.start();
    EXPECT_EQ(again.link, disk.link);
    EXPECT_EQ(next.state().phase, agent.state().phase);
    (void)plan;
}

TEST(RotationRestore, a_crash_before_or_after_any_write_leaves_a_credential_and_a_way_on) {
    int crashes = 0;
    for (const Plan& plan : plans()) {
        for (int writes = 0;; ++writes) {
            SCOPED_TRACE(std::string(plan.name) + ", crash after write " + std::to_string(writes));
            Disk disk = plan.begin;
            Agent agent(disk, writes, plan.after);
            bool alive = agent.start();
            for (const RotationEvent& event : plan.events) alive = alive && agent.happens(event);
            const bool had_one = plan.begin.link != 0;
            EXPECT_EQ(disk.whole.contains(disk.link), had_one || disk.link != 0) << "at the crash";
            for (const RotationSight seen : {kWorks, kBlocked, kDown}) check_start(plan, disk, seen);
            if (HasFailure()) return;
            ++crashes;
            if (!alive) continue;
            EXPECT_EQ(agent.state().phase, plan.end);
            EXPECT_EQ(disk.link, plan.link);
            break;
        }
    }
    EXPECT_GT(crashes, 60);
    RecordProperty("crashes", crashes);
}

TEST(RotationRestore, a_second_crash_within_the_start_is_no_worse) {
    int crashes = 0;
    for (const Plan& plan : plans())
        for (int first = 0, alive = 0; alive == 0; ++first) {
            Disk disk = plan.begin;
            Agent agent(disk, first, plan.after);
            alive = agent.start() ? 1 : 0;
            for (const RotationEvent& event : plan.events) alive = alive != 0 && agent.happens(event) ? 1 : 0;
            for (int second = 0; second < 12; ++second, ++crashes) {
                SCOPED_TRACE(std::string(plan.name) + ", crashes after " + std::to_string(first) + " and " +
                             std::to_string(second));
                Disk left = disk;
                Agent next(left, second, plan.after);
                if (next.start()) settle(next, plan.after);
                check_start(plan, left, plan.after);
                if (HasFailure()) return;
            }
        }
    RecordProperty("crashes", crashes);
}

struct Damage {
    const char* name;
    P phase;
    unsigned link, generation, from, previous;
    std::vector<unsigned> whole;
    bool request;
    P then;
    std::string_view why, actions;
};

// clang-format off
const Damage kDamages[] = {
    // name                                phase          link gen from prev whole      request then           why                                    actions
    {"nothing was ever there",             P::none,       0, 0, 0, 0, {},        false, P::none,      "nothing is whole",                      ""},
    {"the record is lost",                 P::none,       2, 0, 0, 0, {1, 2},    false, P::none,      "as it was",                             ""},
    {"record and link are lost",           P::none,       0, 0, 0, 0, {1, 2},    false, P::failed,    "what should be in force is damaged",    "use 2, try to save record"},
    {"the one in force",                   P::confirmed,  0, 2, 1, 1, {1},       false, P::failed,    "what should be in force is damaged",    "use 1, try to save record"},
    {"all of them",                        P::confirmed,  0, 2, 1, 1, {},        false, P::confirmed, "nothing is whole",                      ""},
    {"the one before",                     P::confirmed,  2, 2, 1, 1, {2},       false, P::confirmed, "as it was",                             "keep only 1 2"},
    {"old, a key is pending",              P::requested,  0, 3, 0, 1, {1},       true,  P::requested, "goes on without",                       "use 1"},
    {"old, a key is pending, none else",   P::requested,  0, 3, 0, 0, {},        true,  P::requested, "goes on without",                       ""},
    {"old, stored but not recorded",       P::requested,  0, 3, 0, 0, {3},       true,  P::requested, "goes on without",                       ""},
    {"old and the pending key",            P::requested,  0, 3, 0, 1, {1},       false, P::failed,    "what should be in force is damaged",    "use 1, try to save record"},
    {"the pending key",                    P::requested,  1, 3, 0, 0, {1},       false, P::failed,    "the pending key is gone",               "try to save record"},
    {"making was never recorded",          P::making,     1, 2, 0, 0, {1},       true,  P::failed,    "the pending key is gone",               "drop request, try to save record"},
    {"the candidate",                      P::proving,    1, 2, 1, 0, {1},       false, P::failed,    "candidate is damaged",                  "try to save record"},
    {"old while proving",                  P::proving,    0, 3, 2, 1, {1, 3},    false, P::proving,   "goes on without",                       "use 1, start trial 3"},
    {"old while proving, none else",       P::proving,    0, 2, 1, 0, {2},       false, P::proving,   "goes on without",                       "start trial 2"},
    {"all while proving",                  P::proving,    0, 2, 1, 0, {},        false, P::failed,    "nothing is whole",                      "try to save record"},
    {"new while confirming",               P::confirming, 0, 2, 1, 0, {1},       false, P::failed,    "what should be in force is damaged",    "use 1, try to save record"},
    {"new before the switch",              P::confirming, 1, 2, 1, 0, {1},       false, P::failed,    "what should be in force is damaged",    "try to save record"},
    {"old while confirming",               P::confirming, 2, 2, 1, 0, {2},       false, P::awaiting,  "confirming goes on",                    ""},
    {"confirming before the rename",       P::confirming, 1, 2, 1, 0, {1, 2},    false, P::awaiting,  "confirming goes on",                    "use 2"},
    {"old while reverting",                P::reverting,  2, 2, 1, 0, {2},       false, P::failed,    "what should be in force is damaged",    "try to save record"},
    {"new while reverting",                P::reverting,  0, 2, 1, 0, {1},       false, P::reverting, "going back goes on",                    "try to save record, use 1, restart tunnel"},
    {"reverting after the rename",         P::reverting,  1, 2, 1, 0, {1, 2},    false, P::reverted,  "back on the key before",                "try to save record"},
    {"reverting to none",                  P::reverting,  2, 2, 0, 0, {2},       false, P::failed,    "what should be in force is damaged",    "try to save record"},
    {"a rename reported as failed",        P::failed,     2, 2, 1, 0, {1, 2},    false, P::awaiting,  "confirming goes on",                    ""},
    {"failed before it",                   P::failed,     1, 2, 1, 0, {1, 2},    false, P::failed,    "as it was",                             "keep only 1 2"},
    {"old after a failure",                P::failed,     0, 2, 1, 0, {2},       false, P::failed,    "what should be in force is damaged",    "use 2, try to save record"},
    {"old after a way back",               P::reverted,   0, 2, 1, 0, {2},       false, P::failed,    "what should be in force is damaged",    "use 2, try to save record"},
};
// clang-format on

TEST(RotationRestore, whatever_is_damaged_something_whole_is_in_force) {
    for (const Damage& row : kDamages) {
        RotationState record;
        record.phase = row.phase;
        record.current = row.link;
        record.generation = row.generation;
        record.from = row.from;
        record.previous = row.previous;
        record.deadline = moment(5s).now;
        record.seen = kWorks;
        const RotationStep done = restore(record, {row.whole, row.request}, moment(0s));
        EXPECT_EQ(done.state.phase, row.then) << row.name;
        EXPECT_EQ(done.why, row.why) << row.name;
        EXPECT_EQ(words_of(done.actions), row.actions) << row.name;
        EXPECT_FALSE(done.state.deadline) << row.name;
        EXPECT_EQ(done.state.seen, RotationSight{}) << row.name;
        if (row.then == P::failed && row.phase != P::failed) {
            EXPECT_THAT(done.state.message, testing::Not(testing::IsEmpty())) << row.name;
        }
        EXPECT_THAT(done.state.message, testing::Not(testing::HasSubstr("key 0"))) << row.name;
    }
}

}  // namespace
}  // namespace memdb::keys
