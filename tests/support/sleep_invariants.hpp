// What must hold after every step of the sleep machine. For the table's test and the fuzzer.
#pragma once

#include "host/sleep_machine.hpp"
#include "tests/support/broken.hpp"

#include <algorithm>
#include <string>

namespace memdb::host {

inline bool holds(const SleepStep& step, SleepAction action) { return std::ranges::count(step.actions, action) > 0; }

/// Empty, or what is broken. @param asleep  as it was told to the machine.
inline std::string broken_in(const SleepState& before, SleepEvent event, TimePoint now, Duration asleep,
                             const SleepStep& got) {
    tests::Broken broken;
    const Duration unseen = asleep - before.asleep;
    const bool slept = unseen >= kMoment, resumes = holds(got, SleepAction::resume);
    broken.when(got.why.empty(), "no rule");
    broken.unless((resumes && got.slept > 0ms) == slept, "every sleep is one wake, at once");
    broken.unless(got.slept == (slept ? unseen : 0ms), "it slept otherwise");
    broken.unless(got.state.asleep == (slept ? asleep : before.asleep), "counted otherwise");
    broken.unless(got.state.woke_at == (slept ? std::optional(now) : before.woke_at), "woke at another time");
    broken.unless(got.state.deadline.has_value() == got.state.parked, "nobody stays parked for ever");
    broken.unless(got.state.deadline.value_or(now) <= now + kParkLimit, "parked for long");
    broken.unless(holds(got, SleepAction::park) == (!before.parked && got.state.parked), "parked twice, or untold");
    broken.when(before.parked && !got.state.parked && !resumes, "it would rest for ever");
    broken.when(resumes && got.actions.front() != SleepAction::resume, "something comes before the resume");
    const bool releases = holds(got, SleepAction::release_inhibitor), takes = holds(got, SleepAction::take_inhibitor);
    if (event == SleepEvent::announced) {
        broken.unless(before.parked || releases, "the machine would wait for us");
        broken.when(takes, "an inhibitor is taken before the sleep");
    } else {
        broken.when(holds(got, SleepAction::park) || releases, "parked without a word");
    }
    broken.when(event == SleepEvent::returned && (!takes || got.state.parked), "returned, and not ready for the next");
    const bool overdue = event == SleepEvent::deadline_passed && before.deadline && *before.deadline <= now;
    broken.when(overdue && got.state.parked, "parked past the limit");
    const SleepStep again = step(got.state, SleepEvent::looked, now, asleep);
    broken.unless(again.actions.empty() && again.state == got.state, "the clocks tell of one sleep twice");
    return broken.text();
}

}  // namespace memdb::host
