// What must hold after every step of the incident machine. For its stories and the fuzzer.
#pragma once

#include "health/incident_machine.hpp"
#include "tests/support/broken.hpp"

#include <algorithm>
#include <string>

namespace memdb::health {

namespace detail {

/// The state by itself, and that whoever looks again does so later.
inline void check_state(tests::Broken& broken, const IncidentState& s, const IncidentInput& seen, TimePoint now) {
    broken.unless(s.quiet_since.has_value() == s.begun.has_value(), "an incident without a beginning");
    broken.when(s.begun && *s.quiet_since < *s.begun, "quiet before it began");
    broken.when(s.quiet_since && !seen.up_since, "an incident of a tunnel that is not up");
    broken.when(s.knock_at && seen.up_since, "knocks at the server of a tunnel that is up");
    broken.when(s.asking && !s.quiet_since && !s.knock_at, "a question that nobody needs");
    broken.unless(s.ask_at.value_or(now) <= now + kAskAgain && s.knock_at.value_or(now) <= now + kKnockAgain,
                  "a question far away");
    broken.unless(next_look(s, seen, now).value_or(now + 1ms) > now, "a look in the past is a hot loop");
}

}  // namespace detail

/// After observe(): empty, or what is broken.
inline std::string broken_in(const IncidentState& before, const IncidentInput& seen, TimePoint now,
                             const IncidentStep& got) {
    tests::Broken broken;
    const auto count = [&](IncidentAction action) { return std::ranges::count(got.actions, action); };
    const IncidentState& s = got.state;
    const auto asked = count(IncidentAction::ask_server) + count(IncidentAction::knock);
    const auto forgot = count(IncidentAction::forget_question);
    broken.unless((before.asking ? 1 : 0) + asked - forgot == (s.asking ? 1 : 0), "two questions at once, or none");
    broken.when(asked > 1 || forgot > 1, "asks twice in a moment");
    broken.when(count(IncidentAction::check_openvpn) > (s.quiet_since && !before.quiet_since ? 1 : 0) &&
                    before.quiet_since >= seen.up_since,
                "the process is checked more than once");
    broken.when(count(IncidentAction::give_up) + count(IncidentAction::try_other_address) > 0, "gives up unasked");
    const bool silent = seen.up_since && seen.silent_since;
    broken.unless(silent == s.quiet_since.has_value(), "silence without an incident, or the other way");
    detail::check_state(broken, s, seen, now);
    return broken.text();
}

/// After remedy_due(): empty, or what is broken.
inline std::string broken_in(const IncidentState& before, const IncidentInput& seen, Remedy remedy, TimePoint now,
                             const IncidentStep& got) {
    tests::Broken broken;
    broken.when(got.actions.size() > 1, "two remedies at once");
    if (got.actions.empty()) {
        broken.unless(got.state == before, "nothing is done, but something changes");
        return broken.text();
    }
    broken.unless(seen.up_since && now >= *seen.up_since + kGrace, "given up within its grace");
    broken.unless(before.given_up != seen.up_since && got.state.given_up == seen.up_since, "one tunnel given up twice");
    const bool other = got.actions.front() == IncidentAction::try_other_address;
    broken.unless(other == (remedy == Remedy::other_address), "another remedy than the one that is due");
    broken.when(other && (before.second_opinion_spent || seen.addresses < 2), "a second opinion that there is not");
    return broken.text();
}

}  // namespace memdb::health
