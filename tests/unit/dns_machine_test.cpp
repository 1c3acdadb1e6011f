#include "app/dns_machine.hpp"

#include "base/overloaded.hpp"
#include "tests/support/dns_invariants.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace memdb::app {
namespace {

using host::DnsFailure;
using host::DnsTrouble;

constexpr TimePoint t0{};

DnsTarget target(unsigned link, std::string domain = "a.test") {
    return {link, {{{*parse_address("10.20.0.2")}}, {{std::move(domain), true}}, false}};
}

const DnsEvent kWant = DnsWanted{target(7)};
const DnsEvent kWantOther = DnsWanted{target(7, "b.test")};
const DnsEvent kWantElsewhere = DnsWanted{target(8)};
const DnsEvent kWantNothing = DnsWanted{};
const DnsEvent kRuns = DnsServiceSeen{true};
const DnsEvent kGone = DnsServiceSeen{false};
const DnsEvent kDone = DnsStepDone{};
const DnsEvent kAgain = DnsTryAgain{};
const DnsEvent kDeadline = DnsDeadlinePassed{};
DnsEvent failed(DnsTrouble trouble) { return DnsStepDone{DnsFailure{trouble, "because"}}; }

std::string text(const std::optional<DnsAction>& action) {
    if (!action) return "";
    return std::visit(Overloaded{[](const ApplyDns& a) {
                                     return "apply " + std::to_string(a.target.link) + " " +
                                            a.target.dns.domains[0].name;
                                 },
                                 [](const RevertDns& r) { return "revert " + std::to_string(r.link); }},
                      *action);
}

/// A machine, fed one event after the other.
struct Play {
    DnsState state;
    TimePoint now = t0;
    std::string feed(const DnsEvent& event) {
        DnsStep done = step(state, event, now);
        state = std::move(done.state);
        why = done.why;
        return text(done.action);
    }
    std::string_view why;
};

Play applied() {
    Play play;
    play.feed(kRuns);
    play.feed(kWant);
    play.feed(kDone);
    return play;
}

TEST(DnsMachine, applies_once_what_is_wanted_and_takes_it_back) {
    Play play;
    EXPECT_EQ(play.feed(kRuns), "");
    EXPECT_EQ(play.feed(kWant), "apply 7 a.test");
    EXPECT_EQ(play.feed(kDone), "");
    EXPECT_EQ(play.state.applied, target(7));
    EXPECT_EQ(play.feed(kWant), "");
    EXPECT_EQ(play.why, "ignored");
    EXPECT_EQ(play.feed(kWantOther), "apply 7 b.test") << "the same device: replaced, not taken back";
    play.feed(kDone);
    EXPECT_EQ(play.feed(kWantNothing), "revert 7");
    play.feed(kDone);
    EXPECT_EQ(play.state.touched, std::nullopt);
    EXPECT_EQ(play.feed(kWantNothing), "");
}

TEST(DnsMachine, waits_for_the_service_and_applies_again_when_it_is_replaced) {
    Play play;
    EXPECT_EQ(play.feed(kWant), "") << "not known yet whether it runs";
    EXPECT_EQ(play.feed(kGone), "");
    EXPECT_EQ(play.feed(kRuns), "apply 7 a.test");
    play.feed(kDone);
    EXPECT_EQ(play.feed(kGone), "");
    EXPECT_EQ(play.state.applied, std::nullopt);
    EXPECT_EQ(play.feed(kRuns), "apply 7 a.test");
}

TEST(DnsMachine, another_device_is_told_after_the_first_was_reverted) {
    Play play = applied();
    EXPECT_EQ(play.feed(kWantElsewhere), "revert 7");
    EXPECT_EQ(play.feed(kDone), "apply 8 a.test");
    EXPECT_EQ(play.feed(kDone), "");
    EXPECT_EQ(play.state.touched, 8U);
}

TEST(DnsMachine, what_changes_during_a_step_is_done_behind_it) {
    Play play;
    play.feed(kRuns);
    EXPECT_EQ(play.feed(kWant), "apply 7 a.test");
    EXPECT_EQ(play.feed(kWantNothing), "");
    EXPECT_EQ(play.feed(kDone), "revert 7");
    EXPECT_EQ(play.feed(kWant), "");
    EXPECT_EQ(play.feed(kDone), "apply 7 a.test");
    EXPECT_EQ(play.feed(kWantOther), "");
    EXPECT_EQ(play.feed(failed(DnsTrouble::denied)), "apply 7 b.test") << "that failure was another one's";
}

TEST(DnsMachine, a_revert_that_fails_is_not_repeated) {
    Play play = applied();
    EXPECT_EQ(play.feed(kWantNothing), "revert 7");
    EXPECT_EQ(play.feed(failed(DnsTrouble::denied)), "");
    EXPECT_EQ(play.state.touched, std::nullopt);
}

TEST(DnsMachine, a_refusal_is_repeated_only_after_something_has_changed) {
    for (const auto trouble : {DnsTrouble::denied, DnsTrouble::managed, DnsTrouble::no_link}) {
        Play play;
        play.feed(kRuns);
        play.feed(kWant);
        EXPECT_EQ(play.feed(failed(trouble)), "");
        EXPECT_EQ(play.state.retry_at, std::nullopt);
        EXPECT_EQ(play.state.touched, std::nullopt) << "of a failure nothing is left to take back";
        play.now += 24h;
        EXPECT_EQ(play.feed(kDeadline), "");
        EXPECT_EQ(play.feed(kWant), "");
        EXPECT_EQ(play.feed(kAgain), "apply 7 a.test");
        play.feed(failed(trouble));
        EXPECT_EQ(play.feed(kRuns), "apply 7 a.test");
        play.feed(failed(trouble));
        EXPECT_EQ(play.feed(kWantOther), "apply 7 b.test");
    }
}

TEST(DnsMachine, what_may_pass_by_itself_is_tried_ever_more_slowly) {
    Play play;
    play.feed(kRuns);
    play.feed(kWant);
    Duration before = 0s;
    for (int i = 0; i < 40; ++i) {
        ASSERT_EQ(play.feed(failed(i % 2 == 0 ? DnsTrouble::late : DnsTrouble::failed)), "");
        const Duration pause = *play.state.retry_at - play.now;
        EXPECT_EQ(pause, std::clamp<Duration>(before * 2, kFirstDnsRetry, kLongestDnsRetry));
        before = pause;
        play.now += pause - 1ms;
        EXPECT_EQ(play.feed(kDeadline), "") << "too early";
        play.now += 1ms;
        ASSERT_EQ(play.feed(kDeadline), "apply 7 a.test");
    }
    play.feed(kDone);
    EXPECT_EQ(play.state.retry_at, std::nullopt);
    EXPECT_EQ(play.feed(kDeadline), "");
    play.feed(kWantOther);
    play.feed(failed(DnsTrouble::late));
    EXPECT_EQ(*play.state.retry_at - play.now, kFirstDnsRetry) << "success forgives";
}

TEST(DnsMachine, a_service_that_is_found_missing_is_waited_for) {
    Play play;
    play.feed(kRuns);
    play.feed(kWant);
    EXPECT_EQ(play.feed(failed(DnsTrouble::absent)), "");
    EXPECT_EQ(play.state.retry_at, std::nullopt);
    EXPECT_EQ(play.feed(kAgain), "") << "nobody is there to be asked";
    EXPECT_EQ(play.feed(kRuns), "apply 7 a.test");
}

TEST(DnsMachine, nonsense_is_ignored) {
    Play play = applied();
    const DnsState before = play.state;
    for (const DnsEvent& event : {kDone, failed(DnsTrouble::denied), kAgain, kDeadline, kWant}) {
        EXPECT_EQ(play.feed(event), "");
        EXPECT_EQ(play.why, "ignored");
        EXPECT_EQ(play.state, before);
    }
}

/// Every state that three or four events lead to, every event.
TEST(DnsMachine, holds_its_promises_in_every_state) {
    const std::vector<DnsEvent> events = {kWant,
                                          kWantOther,
                                          kWantElsewhere,
                                          kWantNothing,
                                          kRuns,
                                          kGone,
                                          kDone,
                                          kAgain,
                                          kDeadline,
                                          failed(DnsTrouble::denied),
                                          failed(DnsTrouble::late),
                                          failed(DnsTrouble::absent)};
    std::vector<DnsState> states = {DnsState{}};
    for (std::size_t i = 0; i < states.size() && states.size() < 400; ++i)
        for (const DnsEvent& event : events) {
            const DnsState before = states[i];
            const DnsStep done = step(before, event, t0 + 1h);
            EXPECT_EQ(broken_in(before, event, t0 + 1h, done), "");
            if (std::ranges::find(states, done.state) == states.end()) states.push_back(done.state);
        }
    EXPECT_GT(states.size(), 30U);
}

}  // namespace
}  // namespace memdb::app
