#include "keys/rotation_machine.hpp"

#include "base/overloaded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memdb::keys {
namespace {

using Phase = RotationPhase;
using Kind = RotationStepKind;

constexpr Duration kRevertAgain = 5s;  ///< the rename failed: the disk may be better later

class Turn {
  public:
    Turn(const RotationState& state, const Moment& at, const RotationTimings& timings)
        : s_(state), at_(at), t_(timings) {}

    RotationStep on(const KeyAsked& e) {
        if (is_busy(s_.phase) || (s_.phase == Phase::requested && !e.fresh)) return ignore();
        begin(Phase::making, e.generation, e.common_name, e.reason);
        actions_.emplace_back(MakeKey{e.common_name});
        return done("key asked");
    }

    RotationStep on(const KeyMade&) {
        if (s_.phase != Phase::making) return ignore();
        s_.phase = Phase::requested;
        take(Kind::requested);
        actions_.emplace_back(SaveRecord{});
        keep_only();  // a candidate that was never in force makes room
        return done("key made");
    }

    RotationStep on(const KeyFailed& e) {
        if (s_.phase != Phase::making) return ignore();
        s_.generation = 0;
        actions_.emplace_back(DropRequest{});  // an earlier one's: nothing would take its certificate now
        return fail("no key could be made: " + e.why, "key failed");
    }

    RotationStep on(const CertificateAccepted& e) {
        if (s_.phase != Phase::requested) return ignore();
        s_.phase = Phase::proving;
        s_.from = s_.current;
        s_.common_name = e.common_name;
        s_.message.clear();
        take(Kind::checked);
        actions_.emplace_back(StoreCandidate{s_.generation});
        actions_.emplace_back(SaveRecord{});
        actions_.emplace_back(DropRequest{});
        actions_.emplace_back(StartTrial{s_.generation});
        return done("certificate accepted");
    }

    RotationStep on(const ProofAsked&) {
        if (!may_prove_again(s_)) return ignore();
        const unsigned again = s_.generation;
        begin(Phase::proving, again, std::string(s_.common_name), std::string(s_.reason));
        s_.from = s_.current;
        actions_.emplace_back(SaveRecord{});
        actions_.emplace_back(StartTrial{again});
        return done("proof asked");
    }

    RotationStep on(const RollbackAsked& e) {
        if (!may_roll_back(s_)) return ignore();
        if (s_.phase == Phase::requested) actions_.emplace_back(DropRequest{});
        begin(Phase::proving, s_.previous, e.common_name, "rollback");
        s_.from = s_.current;
        actions_.emplace_back(SaveRecord{});
        actions_.emplace_back(StartTrial{s_.generation});
        return done("rollback asked");
    }

    RotationStep on(const TrialEnded& e) {
        if (s_.phase != Phase::proving || s_.accepted) return ignore();  // a trial ends once
        if (!e.accepted) return fail(trial_message(e), "trial failed");
        take(Kind::proven);
        s_.accepted = true;
        if (could_be_confirmed()) return switch_over("trial accepted");
        s_.deadline = at_.now + t_.confirm_limit;
        return done("trial accepted, but no node answers yet");
    }

    RotationStep on(const Switched& e) {
        s_.current = e.generation;
        s_.seen.up = s_.seen.pinged = false;  // whatever was seen was with another key
        if (s_.phase == Phase::reverting && e.generation == s_.from) return reverted();
        const bool from_awaiting = s_.phase == Phase::awaiting;  // after a restart of the agent
        if (e.generation != s_.generation || (s_.phase != Phase::confirming && !from_awaiting)) return done("switched");
        take(Kind::switched);
        return await_ping(from_awaiting ? "switched after a restart" : "switched");
    }

    RotationStep on(const WriteFailed& e) {
        switch (s_.phase) {
            case Phase::making:
            case Phase::requested:
                actions_.emplace_back(DropRequest{});
                s_.generation = 0;
                return fail("the new key could not be stored: " + e.why, "write failed");
            case Phase::proving:
                if (!e.stored && !s_.steps.empty()) {  // nothing has changed: the certificate may come again
                    s_.phase = Phase::requested;
                    s_.from = 0;
                    s_.accepted = false;  // the next one is to be proven itself
                    s_.deadline.reset();
                    s_.steps.pop_back();
                    return note("the new certificate could not be stored: " + e.why);
                }
                actions_.emplace_back(StopTrial{});
                return fail("the new certificate could not be stored: " + e.why, "write failed");
            case Phase::confirming:
            case Phase::awaiting:
                if (s_.current == s_.generation) return note("not everything could be recorded: " + e.why);
                return fail("the new key could not be put in force: " + e.why, "write failed");
            case Phase::reverting:
                if (e.lasting)
                    return fail(fmt::format("key {} could not be confirmed, but stays in force: the one before "
                                            "cannot be used again ({}); next: memdbctl rotate",
                                            s_.generation, e.why),
                                "no way back");
                s_.deadline = at_.now + kRevertAgain;
                return note("going back to the key before is tried again, it could not be done: " + e.why);
            case Phase::confirmed: return note("the key is in force, but that could not be recorded: " + e.why);
            case Phase::none:
            case Phase::failed:
            case Phase::reverted: return ignore();
        }
        return ignore();
    }

    RotationStep on(const Seen& e) {
        const RotationSight before = std::exchange(s_.seen, e.sight);
        if (s_.phase == Phase::proving && s_.accepted && could_be_confirmed()) return switch_over("a node answers");
        const bool in_force = s_.current != 0 && s_.current == s_.generation;
        // The way back is barred by the disk, and meanwhile the new key works: nothing to go back from.
        if (s_.phase == Phase::reverting && in_force && e.sight.up && e.sight.pinged)
            return confirmed({}, "PING answered after all");
        if (s_.phase == Phase::awaiting && in_force && e.sight.wanted) await_ping("connected again");
        if (s_.phase != Phase::confirming || !in_force) return before == s_.seen ? ignore() : done("seen");
        if (!e.sight.wanted) {
            await_ping("disconnected meanwhile");
            return done("disconnected meanwhile");
        }
        if (e.sight.up && e.sight.pinged) return confirmed({}, "PING answered");
        if (e.sight.blocked && e.sight.from_usable && s_.from != 0)
            return revert("no connection is possible with the new key", "blocked with the new key");
        return before == s_.seen && actions_.empty() ? ignore() : done("seen");
    }

    RotationStep on(const LimitPassed&) {
        if (!s_.deadline || *s_.deadline > at_.now) return ignore();
        if (s_.phase == Phase::reverting) return go_back("another try to go back");
        if (s_.phase == Phase::proving)
            return fail(
                "the endpoint accepts the new key, but no node answers PING now, so it could not be confirmed; "
                "once they do: memdbctl key install --retry",
                "no node answers");
        if (s_.phase != Phase::confirming || s_.current != s_.generation) return ignore();
        if (!s_.seen.online) {  // the network is to blame, not the key
            s_.deadline = at_.now + t_.confirm_limit;
            return done("no network, more time");
        }
        const auto limit = std::chrono::duration_cast<std::chrono::seconds>(t_.confirm_limit).count();
        if (s_.from == 0 || !s_.seen.from_usable)
            return confirmed(
                fmt::format("no PING was answered within {} s, but the key before is of no use any more", limit),
                "nothing to go back to");
        return revert(fmt::format("no PING was answered through the new key's tunnel within {} s", limit),
                      "not confirmed");
    }

    RotationStep restore(const RotationLeft& left);

  private:
    RotationStep repair(const RotationLeft& left, unsigned damaged);
    [[nodiscard]] unsigned instead(const std::vector<unsigned>& whole) const;

    void begin(Phase phase, unsigned generation, std::string common_name, std::string reason) {
        s_.phase = phase;
        s_.generation = generation;
        s_.from = 0;
        s_.common_name = std::move(common_name);
        s_.reason = std::move(reason);
        s_.started_at = at_.wall;
        s_.steps.clear();
        s_.message.clear();
        s_.deadline.reset();
        s_.accepted = false;
        s_.stepped_at = at_.now;
    }

    /// What could not would be taken back after a gap: better not begin. A tunnel that is down has nothing to lose.
    [[nodiscard]] bool could_be_confirmed() const {
        return !s_.seen.wanted || !s_.seen.up || s_.seen.pinged || !s_.seen.from_usable;
    }

    RotationStep switch_over(std::string_view why) {
        s_.phase = Phase::confirming;
        s_.accepted = false;
        s_.deadline.reset();
        actions_.emplace_back(SaveRecord{});
        actions_.emplace_back(UseGeneration{s_.generation});
        actions_.emplace_back(RestartTunnel{});
        return done(why);
    }

    void take(Kind kind) {
        const Duration after = s_.stepped_at ? at_.now - *s_.stepped_at : 0ms;
        s_.stepped_at = at_.now;
        s_.steps.push_back({kind, at_.wall, after});
    }

    /// Into `confirming` or `awaiting`, as the tunnel is wanted or not.
    RotationStep await_ping(std::string_view why) {
        if (s_.seen.wanted) {
            s_.phase = Phase::confirming;
            s_.deadline = at_.now + t_.confirm_limit;
            s_.message.clear();
        } else {
            s_.phase = Phase::awaiting;
            s_.deadline.reset();
            s_.message = "the new key is in force; the profile is not connected, so the next connect confirms it";
        }
        return done(why);
    }

    RotationStep confirmed(std::string message, std::string_view why) {
        s_.phase = Phase::confirmed;
        s_.previous = s_.from;
        s_.deadline.reset();
        s_.message = std::move(message);
        take(Kind::confirmed);
        actions_.emplace_back(SaveRecord{});
        keep_only();
        return done(why);
    }

    RotationStep fail(std::string message, std::string_view why) {
        s_.phase = Phase::failed;
        s_.accepted = false;
        s_.deadline.reset();
        s_.message = std::move(message);
        take(Kind::failed);
        actions_.emplace_back(SaveRecord{false});
        return done(why);
    }

    RotationStep revert(std::string message, std::string_view why) {
        s_.phase = Phase::reverting;
        s_.message = std::move(message);
        return go_back(why);
    }

    RotationStep go_back(std::string_view why) {
        s_.deadline.reset();
        actions_.emplace_back(SaveRecord{false});
        actions_.emplace_back(UseGeneration{s_.from});
        actions_.emplace_back(RestartTunnel{});
        return done(why);
    }

    RotationStep reverted() {
        s_.phase = Phase::reverted;
        take(Kind::reverted);
        actions_.emplace_back(SaveRecord{false});
        return done("back on the key before");
    }

    RotationStep note(std::string message) {
        s_.message = std::move(message);
        return done("noted");
    }

    /// All that is in force, could be gone back to, or could be proven again.
    void keep_only() {
        if (s_.current == 0) return;  // nothing is certain: nothing is removed
        std::vector<unsigned> kept = {s_.current};
        for (const unsigned number : {s_.previous, s_.from, s_.phase == Phase::requested ? 0 : s_.generation})
            if (number != 0 && std::find(kept.begin(), kept.end(), number) == kept.end()) kept.push_back(number);
        std::sort(kept.begin(), kept.end());
        actions_.emplace_back(KeepOnly{std::move(kept)});
    }

    static std::string trial_message(const TrialEnded& e) {
        if (!e.tried)
            return fmt::format("the new key could not be tried: {}; later: memdbctl key install --retry", e.why);
        return fmt::format(
            "the endpoint did not accept the new certificate ({}), though it is in order: AWS may take "
            "hours to take a changed CA or CRL; the key before stays in force; later: "
            "memdbctl key install --retry",
            e.why);
    }

    RotationStep done(std::string_view why) { return {std::move(s_), std::move(actions_), why}; }
    RotationStep ignore() { return {std::move(s_), {}, "ignored"}; }

    RotationState s_;
    Moment at_;
    RotationTimings t_;
    std::vector<RotationAction> actions_;
};

bool holds(const std::vector<unsigned>& numbers, unsigned number) {
    return number != 0 && std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

/// The best of what else is whole, 0: nothing. What was perhaps never proven comes last, or while it is not, never.
unsigned Turn::instead(const std::vector<unsigned>& whole) const {
    std::vector<unsigned> order = {s_.from, s_.previous};
    order.insert(order.end(), whole.rbegin(), whole.rend());
    for (const unsigned number : order)
        if (holds(whole, number) && number != s_.generation) return number;
    const bool unproven = s_.phase == Phase::requested || s_.phase == Phase::proving;
    return holds(whole, s_.generation) && !unproven ? s_.generation : 0;
}

/// What should be in force is damaged, or nothing was: whatever else is whole beats no credential at all.
RotationStep Turn::repair(const RotationLeft& left, unsigned damaged) {
    const unsigned other = instead(left.whole);
    const bool proves = s_.phase == Phase::proving && holds(left.whole, s_.generation);
    const bool goes_on = proves || (s_.phase == Phase::requested && left.request);
    if (other != 0 && other != s_.current) actions_.emplace_back(UseGeneration{other});
    if (proves) {
        s_.from = other;
        actions_.emplace_back(StartTrial{s_.generation});
    }
    if (goes_on || (other == 0 && is_ended(s_.phase))) return done(goes_on ? "goes on without" : "nothing is whole");
    s_.phase = Phase::failed;
    const std::string what = damaged == 0 ? "what was in force" : fmt::format("key {}", damaged);
    s_.message = other == 0 ? what + " is damaged, and no other key is whole: import one"
                            : fmt::format("{} is damaged, so key {} is in force", what, other);
    actions_.emplace_back(SaveRecord{false});
    return done(other == 0 ? "nothing is whole" : "what should be in force is damaged");
}

RotationStep Turn::restore(const RotationLeft& left) {
    s_.deadline.reset();
    s_.stepped_at.reset();
    s_.seen = {};
    if (s_.phase != Phase::requested && left.request) actions_.emplace_back(DropRequest{});
    // The rename was reported as failed, and is there all the same: it was only not durable then.
    if (s_.phase == Phase::failed && s_.generation != 0 && s_.generation == s_.current) s_.phase = Phase::awaiting;
    const bool meant = s_.phase == Phase::confirming || s_.phase == Phase::awaiting;
    const unsigned target = meant ? s_.generation : s_.phase == Phase::reverting ? s_.from : s_.current;
    if (!holds(left.whole, target)) return repair(left, target);
    switch (s_.phase) {
        case Phase::making:
        case Phase::requested:
            if (left.request && s_.phase == Phase::requested) break;
            s_.generation = 0;
            return fail("the pending key was lost when memdbd ended: ask for another one", "the pending key is gone");
        case Phase::proving:
            if (!holds(left.whole, s_.generation))
                return fail("the new certificate was not completely stored when memdbd ended", "candidate is damaged");
            s_.from = s_.current;
            actions_.emplace_back(StartTrial{s_.generation});
            return done("proving goes on");
        case Phase::confirming:
        case Phase::awaiting:
            s_.phase = Phase::awaiting;  // until the wish is known
            if (s_.current != s_.generation) actions_.emplace_back(UseGeneration{s_.generation});
            return done("confirming goes on");
        case Phase::reverting:
            if (s_.current != s_.from) return go_back("going back goes on");
            return reverted();
        case Phase::none: return done("as it was");  // or its record is lost: nothing may be removed
        case Phase::confirmed:
        case Phase::failed:
        case Phase::reverted: break;
    }
    keep_only();
    return done("as it was");
}

}  // namespace

RotationStep step(const RotationState& state, const RotationEvent& event, const Moment& at,
                  const RotationTimings& timings) {
    return std::visit([&](const auto& e) { return Turn(state, at, timings).on(e); }, event);
}

RotationStep restore(const RotationState& record, const RotationLeft& left, const Moment& at) {
    return Turn(record, at, {}).restore(left);
}

}  // namespace memdb::keys
