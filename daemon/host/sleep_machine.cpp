#include "host/sleep_machine.hpp"

namespace memdb::host {
namespace {

struct SleepTurn {
    SleepStep out;
    TimePoint now;
    Duration asleep;

    /// What was slept and not yet acted on.
    [[nodiscard]] Duration unseen() const {
        const Duration slept = asleep - out.state.asleep;
        return slept < kMoment ? 0ms : slept;
    }

    SleepStep resume(std::string_view why) {
        out.slept = unseen();
        out.state.parked = false;
        out.state.deadline.reset();
        if (out.slept > 0ms) {
            out.state.asleep = asleep;
            out.state.woke_at = now;
        }
        out.actions.push_back(SleepAction::resume);
        out.actions.push_back(SleepAction::take_inhibitor);
        return done(why);
    }

    SleepStep announced() {
        const bool late = out.state.woke_at && now - *out.state.woke_at < kLateAnnouncement;
        if (unseen() > 0ms || late) {
            // The sleep it tells of is over. A new one, should it be that, is found by the clocks; but nobody waits for
            // us before it.
            SleepStep over = unseen() > 0ms ? resume("announced after the sleep") : done("announced after the wake");
            if (!over.actions.empty()) over.actions.pop_back();
            over.actions.push_back(SleepAction::release_inhibitor);
            return over;
        }
        out.state.deadline = now + kParkLimit;
        if (out.state.parked) return done("announced again");
        out.state.parked = true;
        out.actions = {SleepAction::park, SleepAction::release_inhibitor};
        return done("announced");
    }

    SleepStep returned() {
        if (out.state.parked || unseen() > 0ms) return resume("returned");
        out.actions.push_back(SleepAction::take_inhibitor);  // logind gives none while a sleep is under way
        return done("returned, known already");
    }

    SleepStep looked() { return unseen() > 0ms ? resume("the clocks tell of a sleep") : done("no sleep"); }

    SleepStep deadline_passed() {
        if (unseen() > 0ms) return resume("the clocks tell of a sleep");
        if (!out.state.deadline || now < *out.state.deadline) return done("no sleep");
        return resume("no sleep came");
    }

    SleepStep done(std::string_view why) {
        out.why = why;
        return out;
    }
};

}  // namespace

SleepStep step(const SleepState& state, SleepEvent event, TimePoint now, Duration asleep) {
    SleepTurn turn{{state, {}, {}, {}}, now, asleep};
    switch (event) {
        case SleepEvent::announced: return turn.announced();
        case SleepEvent::returned: return turn.returned();
        case SleepEvent::looked: return turn.looked();
        case SleepEvent::deadline_passed: return turn.deadline_passed();
    }
    return turn.done("no sleep");
}

std::string_view to_string(SleepEvent event) noexcept {
    switch (event) {
        case SleepEvent::announced: return "announced";
        case SleepEvent::returned: return "returned";
        case SleepEvent::looked: return "looked";
        case SleepEvent::deadline_passed: return "deadline passed";
    }
    return "?";
}

std::string_view to_string(SleepAction action) noexcept {
    switch (action) {
        case SleepAction::park: return "park";
        case SleepAction::resume: return "resume";
        case SleepAction::release_inhibitor: return "release inhibitor";
        case SleepAction::take_inhibitor: return "take inhibitor";
    }
    return "?";
}

}  // namespace memdb::host
