// What holds of a rotation whatever happens in whatever order: seeded random courses with every event.
#include "tests/support/rotation_words.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace memdb::keys {
namespace {

class Course {
  public:
    explicit Course(unsigned seed) : random_(seed) {
        s_.current = pick(4) == 0 ? 0 : 1;
        if (s_.current == 1 && pick(2) == 0) s_.current = 2, s_.previous = 1;
        s_.seen = sight();
    }

    void run(int events) {
        for (int i = 0; i < events && !testing::Test::HasFailure(); ++i) {
            at_ += Duration(pick(20'000));
            // What the agent did before comes first, as it puts it in front of its queue.
            const RotationEvent event = owed_ ? *std::exchange(owed_, std::nullopt) : any();
            happens(event);
        }
    }

    /// The tunnel is wanted and works, and the disk takes everything: a busy rotation must end.
    void comes_to_an_end() {
        for (int i = 0; i < 20 && is_busy(s_.phase) && !testing::Test::HasFailure(); ++i) {
            at_ += 31s;
            if (owed_) happens(*std::exchange(owed_, std::nullopt));
            if (s_.phase == RotationPhase::making) happens(KeyMade{});
            if (s_.phase == RotationPhase::proving && !s_.accepted) happens(kAccepted);
            happens(Seen{i % 2 == 0 ? kUp : kDown});
            happens(LimitPassed{});
            while (owed_) happens(*std::exchange(owed_, std::nullopt));
        }
        EXPECT_FALSE(is_busy(s_.phase)) << "no way out of " << to_string(s_.phase);
    }

    std::set<std::string_view> rules;

  private:
    unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
    bool coin() { return pick(2) == 0; }
    RotationSight sight() { return {coin(), coin(), coin(), coin(), pick(4) == 0, coin()}; }

    RotationEvent any() {
        switch (pick(14)) {
            case 0:
                return KeyAsked{"due", "laptop-x", 1 + std::max({s_.current, s_.generation, s_.previous, s_.from}),
                                coin()};
            case 1: return KeyMade{};
            case 2: return KeyFailed{"no"};
            case 3: return CertificateAccepted{"laptop-x"};
            case 4: return ProofAsked{};
            case 5: return RollbackAsked{"laptop"};
            case 6: return kAccepted;
            case 7: return coin() ? kRefused : kNotTried;
            case 8: return coin() ? kDiskFull : kGone;
            case 9: return kNotStored;
            case 10: return LimitPassed{};
            default: return Seen{sight()};
        }
    }

    /// Does the actions as rotation_agent does, on a disk that fails now and then, and checks their order.
    void happens(const RotationEvent& event) {
        const RotationState before = s_;
        const RotationStep done = step(s_, event, moment(at_), RotationTimings{});
        s_ = done.state;
        rules.insert(done.why);
        const std::string what = std::string(to_string(before.phase)) + " × " + std::string(to_string(event)) + ": " +
                                 std::string(done.why) + " -> " + words_of(done.actions);
        if (!std::holds_alternative<Switched>(event)) {
            EXPECT_EQ(s_.current, before.current) << what;
        }
        if (const auto* trial = std::get_if<TrialEnded>(&event); trial != nullptr && trial->accepted)
            if (before.phase == RotationPhase::proving) proven_ = before.generation;
        if (s_.phase == RotationPhase::proving && before.phase != RotationPhase::proving) proven_ = 0;
        EXPECT_EQ(s_.stepped_at && s_.phase == RotationPhase::none, false) << what;
        if (s_.phase == RotationPhase::confirming && s_.current == s_.generation) {
            EXPECT_TRUE(s_.deadline) << what;
        }
        if (is_ended(s_.phase) || s_.phase == RotationPhase::awaiting) {
            EXPECT_FALSE(s_.deadline && is_ended(before.phase) != is_ended(s_.phase)) << what;
        }
        if (s_.phase == RotationPhase::failed || s_.phase == RotationPhase::reverted) {
            EXPECT_FALSE(s_.message.empty()) << what;
        }
        EXPECT_LE(s_.steps.size(), 32u) << what;
        bool saved = false;
        for (const RotationAction& action : done.actions) {
            if (std::holds_alternative<SaveRecord>(action)) saved = true;
            if (std::holds_alternative<StoreCandidate>(action)) {
                EXPECT_FALSE(saved) << what;
            }
            if (const auto* use = std::get_if<UseGeneration>(&action)) {
                EXPECT_TRUE(saved) << "the rename comes before the record: " << what;
                EXPECT_NE(use->generation, 0u) << what;
                EXPECT_TRUE(use->generation == proven_ || use->generation == s_.from) << "not proven: " << what;
                if (pick(5) == 0) {
                    owed_ = kDiskFull;
                    return;
                }
                owed_ = Switched{use->generation};
            }
            if (const auto* keep = std::get_if<KeepOnly>(&action)) check_kept(keep->generations, what);
            if (const auto* save = std::get_if<SaveRecord>(&action); save != nullptr && save->must && pick(8) == 0) {
                owed_ = kDiskFull;
                return;
            }
        }
    }

    void check_kept(const std::vector<unsigned>& kept, const std::string& what) {
        EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end())) << what;
        EXPECT_EQ(std::count(kept.begin(), kept.end(), 0u), 0) << what;
        for (const unsigned needed : {s_.current, s_.previous, s_.from})
            EXPECT_TRUE(needed == 0 || std::count(kept.begin(), kept.end(), needed) == 1) << needed << ": " << what;
        if (s_.phase != RotationPhase::requested && s_.generation != 0) {
            EXPECT_EQ(std::count(kept.begin(), kept.end(), s_.generation), 1) << what;
        }
    }

    std::mt19937 random_;
    Duration at_{0};
    RotationState s_;
    unsigned proven_ = 0;
    std::optional<RotationEvent> owed_;
};

TEST(RotationInvariants, hold_in_every_course) {
    std::set<std::string_view> rules;
    for (unsigned seed = 1; seed <= 4000; ++seed) {
        SCOPED_TRACE(seed);
        Course course(seed);
        course.run(60);
        course.comes_to_an_end();
        rules.merge(course.rules);
        if (HasFailure()) return;
    }
    for (const std::string_view rule : {"PING answered", "PING answered after all", "not confirmed", "no way back",
                                        "back on the key before", "rollback asked", "proof asked", "write failed",
                                        "nothing to go back to", "another try to go back", "no node answers"})
        EXPECT_TRUE(rules.contains(rule)) << "no course came to: " << rule;
    RecordProperty("events", 4000 * 60);
}

}  // namespace
}  // namespace memdb::keys
