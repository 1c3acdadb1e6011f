// What must hold after every step of the DNS machine. For its test and the fuzzer.
#pragma once

#include "app/dns_machine.hpp"
#include "tests/support/broken.hpp"

#include <string>

namespace memdb::app {

/// One step at a time, nothing that is done already, and what is touched is known. Empty, or what is broken.
inline std::string broken_in(const DnsState& before, const DnsEvent& event, TimePoint now, const DnsStep& done) {
    tests::Broken broken;
    const DnsState& s = done.state;
    broken.when(done.why.empty(), "no rule");
    broken.when(done.why == "ignored" && (s != before || done.action), "ignored, but not untouched");
    broken.when(before.under_way && done.action && !std::holds_alternative<DnsStepDone>(event), "two at a time");
    broken.when(done.action && s.under_way != done.action, "a step that is not under way");
    if (done.action) {
        if (const auto* apply = std::get_if<ApplyDns>(&*done.action)) {
            broken.unless(s.wanted == apply->target, "not what is wanted");
            broken.unless(s.applied != s.wanted, "done already");
            broken.unless(s.touched == apply->target.link, "touched, and not known");
            broken.unless(s.running == true, "nobody is there to take it");
        } else {
            broken.unless(before.touched == std::get<RevertDns>(*done.action).link, "reverts what it did not touch");
        }
    }
    broken.when(s.applied && s.applied->link != s.touched, "applied elsewhere");
    broken.when(s.failure && !s.wanted, "the failure of nothing");
    broken.when(s.retry_at && !s.failure, "another try of what did not fail");
    broken.unless(s.retry_at.value_or(now) <= now + kLongestDnsRetry, "another try far away");
    const bool due = std::holds_alternative<DnsDeadlinePassed>(event) && before.retry_at.value_or(now + 1ms) <= now;
    broken.when(due && s.retry_at == before.retry_at, "a deadline that passes twice");
    // It rests only when there is nothing to do.
    const bool same = s.touched && s.wanted && s.touched == s.wanted->link;
    broken.when(!s.under_way && s.touched && !same, "what was set is never taken back");
    broken.when(!s.under_way && s.wanted && s.applied != s.wanted && s.running == true && !s.failure, "never applied");
    return broken.text();
}

}  // namespace memdb::app
