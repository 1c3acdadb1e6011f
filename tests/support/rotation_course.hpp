// A course of a rotation, chosen by whoever calls: every event in any order, on a disk that fails now and then, done as
// rotation_agent does it; and what holds whatever happens. For the random courses of the test and for the fuzzer.
#pragma once

#include "tests/support/broken.hpp"
#include "tests/support/rotation_words.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace memdb::keys {

class RotationCourse {
  public:
    /// @param pick  chooses: called with a number, gives one below it
    explicit RotationCourse(std::function<unsigned(unsigned)> pick) : pick_(std::move(pick)) {
        s_.current = pick_(4) == 0 ? 0 : 1;
        if (s_.current == 1 && coin()) s_.current = 2, s_.previous = 1;
        s_.seen = sight();
    }

    void event() {
        at_ += Duration(pick_(20'000));
        // What the agent did before comes first, as it puts it in front of its queue.
        happens(owed_ ? *std::exchange(owed_, std::nullopt) : any());
    }

    /// The tunnel is wanted and works, and the disk takes everything: a busy rotation must end.
    void comes_to_an_end() {
        disk_fails_ = false;
        for (int i = 0; i < 20 && is_busy(s_.phase) && broken().empty(); ++i) {
            at_ += 31s;
            if (owed_) happens(*std::exchange(owed_, std::nullopt));
            if (s_.phase == RotationPhase::making) happens(KeyMade{});
            if (s_.phase == RotationPhase::proving && !s_.accepted) happens(kAccepted);
            happens(Seen{i % 2 == 0 ? kUp : kDown});
            happens(LimitPassed{});
            while (owed_) happens(*std::exchange(owed_, std::nullopt));
        }
        broken_.when(is_busy(s_.phase), "no way out of " + std::string(to_string(s_.phase)));
    }

    /// Empty, or what is broken.
    [[nodiscard]] const std::string& broken() const noexcept { return broken_.text(); }

    std::set<std::string_view> rules;  ///< that fired

  private:
    bool coin() { return pick_(2) == 0; }
    RotationSight sight() {
        RotationSight seen;
        for (bool* each : {&seen.wanted, &seen.online, &seen.up, &seen.pinged}) *each = coin();
        seen.blocked = pick_(4) == 0;
        seen.from_usable = coin();
        return seen;
    }

    RotationEvent any() {
        switch (pick_(14)) {
            case 0: {
                const unsigned next = 1 + std::max({s_.current, s_.generation, s_.previous, s_.from});
                return KeyAsked{"due", "laptop-x", next, coin()};
            }
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

    void happens(const RotationEvent& event) {
        const RotationState before = s_;
        const RotationStep done = step(s_, event, moment(at_), RotationTimings{});
        s_ = done.state;
        rules.insert(done.why);
        const tests::Broken until_now = std::exchange(broken_, {});
        check_state(before, event, done);
        perform(done);
        if (broken_.text().empty()) {
            broken_ = until_now;
            return;
        }
        broken_.unless(false, std::string(to_string(before.phase)) + " x " + std::string(to_string(event)) + ": " +
                                  std::string(done.why) + " -> " + words_of(done.actions));
    }

    void check_state(const RotationState& before, const RotationEvent& event, const RotationStep& done) {
        broken_.when(done.why.empty(), "no rule");
        broken_.when(done.why == "ignored" && (s_ != before || !done.actions.empty()), "ignored, but not untouched");
        broken_.unless(std::holds_alternative<Switched>(event) || s_.current == before.current, "in force by itself");
        if (const auto* trial = std::get_if<TrialEnded>(&event); trial != nullptr && trial->accepted)
            if (before.phase == RotationPhase::proving) proven_ = before.generation;
        if (s_.phase == RotationPhase::proving && before.phase != RotationPhase::proving) proven_ = 0;
        broken_.when(s_.accepted && s_.phase != RotationPhase::proving, "accepted by a trial that is over");
        const bool waits = s_.phase == RotationPhase::proving || s_.phase == RotationPhase::confirming ||
                           s_.phase == RotationPhase::reverting;
        broken_.when(s_.deadline && !waits, "a deadline that nobody waits for");
        broken_.when(s_.stepped_at && s_.phase == RotationPhase::none, "a step of no rotation");
        broken_.when(s_.phase == RotationPhase::confirming && s_.current == s_.generation && !s_.deadline,
                     "confirming without a deadline");
        const bool lost = s_.phase == RotationPhase::failed || s_.phase == RotationPhase::reverted;
        broken_.when(lost && s_.message.empty(), "failed without a word");
        broken_.unless(s_.steps.size() <= 32, "steps without end");
    }

    /// As rotation_agent does, and checks their order.
    void perform(const RotationStep& done) {
        bool saved = false;
        for (const RotationAction& action : done.actions) {
            if (std::holds_alternative<SaveRecord>(action)) saved = true;
            broken_.when(std::holds_alternative<StoreCandidate>(action) && saved, "the record comes before the key");
            if (const auto* use = std::get_if<UseGeneration>(&action)) {
                broken_.unless(saved, "the rename comes before the record");
                broken_.when(use->generation == 0, "nothing is put in force");
                broken_.unless(use->generation == proven_ || use->generation == s_.from, "not proven");
                if (disk_fails_ && pick_(5) == 0) {
                    owed_ = kDiskFull;
                    return;
                }
                owed_ = Switched{use->generation};
            }
            if (const auto* keep = std::get_if<KeepOnly>(&action)) check_kept(keep->generations);
            if (const auto* save = std::get_if<SaveRecord>(&action);
                save != nullptr && save->must && disk_fails_ && pick_(8) == 0) {
                owed_ = kDiskFull;
                return;
            }
        }
    }

    void check_kept(const std::vector<unsigned>& kept) {
        broken_.unless(std::is_sorted(kept.begin(), kept.end()), "not in order");
        broken_.unless(std::count(kept.begin(), kept.end(), 0U) == 0, "keeps nothing as a key");
        const auto once = [&](unsigned number) { return std::count(kept.begin(), kept.end(), number) == 1; };
        for (const unsigned needed : {s_.current, s_.previous, s_.from})
            broken_.unless(needed == 0 || once(needed), "a key that is needed is removed");
        broken_.unless(s_.phase == RotationPhase::requested || s_.generation == 0 || once(s_.generation),
                       "the new key is removed");
    }

    std::function<unsigned(unsigned)> pick_;
    Duration at_{0};
    RotationState s_;
    unsigned proven_ = 0;
    bool disk_fails_ = true;  ///< now and then
    std::optional<RotationEvent> owed_;
    tests::Broken broken_;
};

}  // namespace memdb::keys
