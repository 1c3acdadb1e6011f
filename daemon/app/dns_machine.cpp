#include "app/dns_machine.hpp"

#include "base/overloaded.hpp"

#include <algorithm>
#include <utility>

namespace memdb::app {
namespace {

using host::DnsTrouble;

bool passes_by_itself(DnsTrouble trouble) { return trouble == DnsTrouble::late || trouble == DnsTrouble::failed; }

DnsStep begin(DnsState s, DnsAction action, std::string_view why) {
    s.under_way = action;
    return {std::move(s), std::move(action), why};
}

/// What the state asks for, once nothing is under way.
DnsStep next(DnsState s, std::string_view why) {
    if (s.under_way) return {std::move(s), std::nullopt, why};
    const bool same_link = s.touched && s.wanted && s.wanted->link == *s.touched;
    if (s.touched && !same_link) return begin(s, RevertDns{*s.touched}, why);
    if (!s.wanted || s.applied == s.wanted || s.failure || !s.running.value_or(false)) return {std::move(s), {}, why};
    s.touched = s.wanted->link;
    return begin(s, ApplyDns{*s.wanted}, why);
}

void forgive(DnsState& s) {
    s.failure.reset();
    s.retry_at.reset();
}

DnsStep take(DnsState s, const DnsWanted& event) {
    if (s.wanted == event.target) return {std::move(s), {}, "ignored"};
    s.wanted = event.target;
    s.failed = 0;
    forgive(s);
    const char* const why = event.target ? "wanted" : "not wanted";
    return next(std::move(s), why);
}

DnsStep take(DnsState s, const DnsServiceSeen& event) {
    s.running = event.running;
    s.applied.reset();  // a new one, or one that comes back, may have forgotten
    s.failed = 0;
    forgive(s);
    return next(std::move(s), event.running.value_or(false) ? "service runs" : "service gone");
}

/// Of a revert, success or not: what cannot be taken back goes with the device.
DnsStep reverted(DnsState s) {
    s.touched.reset();
    s.applied.reset();
    return next(std::move(s), "reverted");
}

DnsStep take(DnsState s, const DnsStepDone& event, TimePoint now) {
    if (!s.under_way) return {std::move(s), {}, "ignored"};
    const DnsAction was = *std::exchange(s.under_way, std::nullopt);
    const auto* const asked = std::get_if<ApplyDns>(&was);
    if (asked == nullptr) return reverted(std::move(s));
    if (!event.failure) {
        s.applied = asked->target;
        s.failed = 0;
        return next(std::move(s), "applied");
    }
    s.applied.reset();
    s.touched.reset();  // of a failure nothing is left
    if (s.wanted != asked->target) return next(std::move(s), "failed, wanted otherwise");
    s.failure = event.failure;
    if (event.failure->trouble == DnsTrouble::absent) s.running = false;
    if (passes_by_itself(event.failure->trouble)) {
        const auto pause = kFirstDnsRetry * (1U << std::min(s.failed, 10U));
        s.retry_at = now + std::min<Duration>(pause, kLongestDnsRetry);
        ++s.failed;
    }
    return next(std::move(s), "failed");
}

}  // namespace

DnsStep step(const DnsState& state, const DnsEvent& event, TimePoint now) {
    return std::visit(Overloaded{
                          [&](const DnsWanted& e) { return take(state, e); },
                          [&](const DnsServiceSeen& e) { return take(state, e); },
                          [&](const DnsStepDone& e) { return take(state, e, now); },
                          [&](const DnsTryAgain&) -> DnsStep {
                              if (!state.failure) return {state, {}, "ignored"};
                              DnsState s = state;
                              forgive(s);
                              return next(std::move(s), "try again");
                          },
                          [&](const DnsDeadlinePassed&) -> DnsStep {
                              if (!state.retry_at || now < *state.retry_at) return {state, {}, "ignored"};
                              DnsState s = state;
                              forgive(s);
                              return next(std::move(s), "retry");
                          },
                      },
                      event);
}

}  // namespace memdb::app
