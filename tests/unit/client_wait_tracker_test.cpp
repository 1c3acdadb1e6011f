#include "client/wait_tracker.hpp"

#include "tests/support/snapshots.hpp"

#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using control::PhaseChanged;
using control::VerdictChanged;
using health::Verdict;
using support::reachable_profile;
using support::unreachable_profile;

control::Event event(control::Change change, std::string profile = "demo") {
    return {support::kSeenAt, std::move(profile), std::move(change)};
}

control::ProfileView profile_in(std::string phase, Verdict verdict) {
    auto profile = reachable_profile();
    profile.tunnel->phase = std::move(phase);
    profile.verdict = verdict;
    return profile;
}

TEST(WaitTracker, what_holds_at_once) {
    struct Row {
        const char* phase;
        Verdict verdict;
        Progress reachable, up, stopped;
    };
    using enum Progress;
    const Row rows[] = {
        {"up", Verdict::reachable, reached, reached, waiting},
        {"up", Verdict::degraded, settling, reached, waiting},
        {"up", Verdict::unreachable, waiting, reached, waiting},
        {"up", Verdict::connecting, waiting, reached, waiting},
        {"handshaking", Verdict::connecting, waiting, waiting, waiting},
        {"waiting", Verdict::unreachable, waiting, waiting, waiting},
        {"waiting", Verdict::reachable, waiting, waiting, waiting},
        {"blocked", Verdict::unreachable, futile, futile, waiting},
        {"stopped", Verdict::stopped, waiting, waiting, reached},
        {"stopping", Verdict::stopped, waiting, waiting, waiting},
    };
    for (const auto& row : rows) {
        const auto progress = [&](Goal goal) {
            return WaitTracker(profile_in(row.phase, row.verdict), goal, false).progress();
        };
        EXPECT_EQ(progress(Goal::reachable), row.reachable) << row.phase;
        EXPECT_EQ(progress(Goal::up), row.up) << row.phase;
        EXPECT_EQ(progress(Goal::stopped), row.stopped) << row.phase;
    }
}

TEST(WaitTracker, a_certificate_with_a_day_left_is_good_enough) {
    auto profile = profile_in("up", Verdict::degraded);
    profile.findings = {{"client-cert-expiring", health::Severity::error, health::Layer::handshake, "", "", "", {}}};
    EXPECT_EQ(WaitTracker(profile, Goal::reachable, false).progress(), Progress::settling);
    profile.findings.push_back({"port-refused", health::Severity::error, health::Layer::tcp, "", "", "", {}});
    EXPECT_EQ(WaitTracker(profile, Goal::reachable, false).progress(), Progress::waiting);
}

TEST(WaitTracker, a_direct_profile_has_no_tunnel_to_wait_for) {
    auto profile = reachable_profile();
    profile.tunnel.reset();
    EXPECT_EQ(WaitTracker(profile, Goal::reachable, true).progress(), Progress::reached);
    profile.verdict = Verdict::stopped;
    EXPECT_EQ(WaitTracker(profile, Goal::stopped, false).progress(), Progress::reached);
    EXPECT_EQ(WaitTracker(profile, Goal::reachable, false).text(), "stopped");
}

TEST(WaitTracker, reconnect_waits_for_a_new_tunnel_even_when_it_comes_back_at_once) {
    WaitTracker tracker(reachable_profile(), Goal::reachable, true);
    EXPECT_EQ(tracker.progress(), Progress::waiting);
    tracker.apply(event(PhaseChanged{"up", "handshaking", 1, {}, {}}, "other"));
    EXPECT_EQ(tracker.progress(), Progress::waiting);
    tracker.apply(event(PhaseChanged{"up", "up", 0, {}, {}}));
    EXPECT_EQ(tracker.progress(), Progress::reached);
}

TEST(WaitTracker, follows_a_connect_from_stopped_to_reachable) {
    WaitTracker tracker(profile_in("stopped", Verdict::stopped), Goal::reachable, false);
    const std::pair<control::Change, const char*> story[] = {
        {VerdictChanged{Verdict::stopped, Verdict::connecting}, "stopped"},
        {PhaseChanged{"stopped", "handshaking", 2, {}, {}}, "handshaking, attempt 2"},
        {PhaseChanged{"handshaking", "up", 0, {}, {}}, "up, not reachable yet"},
    };
    for (const auto& [change, text] : story) {
        tracker.apply(event(change));
        EXPECT_EQ(tracker.progress(), Progress::waiting);
        EXPECT_EQ(tracker.text(), text);
    }
    tracker.apply(event(VerdictChanged{Verdict::connecting, Verdict::reachable}));
    EXPECT_EQ(tracker.progress(), Progress::reached);
}

TEST(WaitTracker, blocked_is_futile_and_says_why) {
    WaitTracker tracker(profile_in("blocked", Verdict::unreachable), Goal::reachable, true);
    EXPECT_EQ(tracker.progress(), Progress::waiting) << "what was before the wish does not count";
    tracker.apply(event(PhaseChanged{"starting", "blocked", 1, "client-cert-expired", {}}));
    EXPECT_EQ(tracker.progress(), Progress::futile);
    EXPECT_EQ(tracker.cause(), "client-cert-expired");
    auto finding = unreachable_profile().findings[0];
    finding.code = "client-cert-expired";
    finding.summary = "it ended yesterday";
    finding.advice = "rotate";
    tracker.apply(event(control::FindingRaised{finding}));
    EXPECT_EQ(tracker.cause(), "client-cert-expired: it ended yesterday; rotate");
    tracker.apply(event(control::FindingCleared{finding.code, finding.layer}));
    EXPECT_EQ(tracker.cause(), "client-cert-expired");
}

TEST(WaitTracker, a_removed_profile_ends_the_wait) {
    WaitTracker tracker(profile_in("handshaking", Verdict::connecting), Goal::reachable, false);
    tracker.apply(event(control::ProfileRemoved{}));
    EXPECT_EQ(tracker.progress(), Progress::gone);
}

TEST(WaitTracker, goals_have_names) {
    for (const Goal goal : {Goal::reachable, Goal::up, Goal::stopped}) EXPECT_EQ(parse_goal(to_string(goal)), goal);
    EXPECT_EQ(parse_goal("dinner"), std::nullopt);
}

}  // namespace
}  // namespace memdb::client
