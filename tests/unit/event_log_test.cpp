#include "app/event_log.hpp"

#include <gtest/gtest.h>

namespace memdb::app {
namespace {

using control::Event;
using health::Severity;
using health::Verdict;

EventLog begun() {
    EventLog log;
    log.started();
    return log;
}

std::string line(control::Change change) {
    const auto made = begun().line(Event{{}, "demo", std::move(change)});
    return made ? made->text : "";
}

TEST(EventLog, says_what_people_act_on) {
    EXPECT_EQ(line(control::VerdictChanged{Verdict::connecting, Verdict::reachable}), "demo: connecting -> reachable");
    health::Finding finding{
        "port-filtered", Severity::error, health::Layer::tcp, "6 of 6 nodes silent", "10.0.0.1: silent", "do this", {}};
    EXPECT_EQ(line(control::FindingRaised{finding}), "demo: port-filtered: 6 of 6 nodes silent (10.0.0.1: silent)");
    finding.evidence.clear();
    EXPECT_EQ(line(control::FindingRaised{finding}), "demo: port-filtered: 6 of 6 nodes silent");
    EXPECT_EQ(line(control::FindingCleared{"port-filtered", health::Layer::tcp}), "demo: port-filtered: over");
    EXPECT_EQ(line(control::WantedChanged{control::Wanted::disconnected}), "demo: wanted disconnected");
}

TEST(EventLog, tells_a_verdict_when_it_is_settled_and_the_end_of_reachable_at_once) {
    EventLog log = begun();
    const auto told = [&](Verdict from, Verdict to, const std::string& profile = "demo") {
        const auto made = log.line(Event{{}, profile, control::VerdictChanged{from, to}});
        return made ? made->text : "";
    };
    using enum Verdict;
    EXPECT_EQ(told(stopped, connecting), "") << "that was asked for";
    EXPECT_EQ(told(connecting, reachable), "demo: stopped -> reachable");
    EXPECT_EQ(told(reachable, connecting), "demo: reachable -> connecting") << "what was good is never left in silence";
    EXPECT_EQ(told(connecting, unreachable), "demo: connecting -> unreachable");
    EXPECT_EQ(told(unreachable, connecting), "") << "tried again";
    EXPECT_EQ(told(stopped, connecting, "twin"), "") << "each profile has its own";
    EXPECT_EQ(told(connecting, unreachable), "") << "in vain";
    EXPECT_EQ(told(unreachable, connecting), "");
    EXPECT_EQ(told(connecting, degraded), "demo: unreachable -> degraded");
    EXPECT_EQ(told(degraded, reachable), "demo: degraded -> reachable");
    EXPECT_EQ(told(connecting, stopped, "twin"), "");
    (void)log.line(Event{{}, "demo", control::ProfileRemoved{}});
    EXPECT_EQ(told(stopped, connecting), "") << "another profile of the same name begins anew";
    EXPECT_EQ(told(connecting, reachable), "demo: stopped -> reachable");
}

TEST(EventLog, tells_of_profiles_that_come_and_go) {
    EXPECT_EQ(line(control::ProfileAdded{}), "demo: added");
    EXPECT_EQ(line(control::ProfileRemoved{}), "demo: removed");
}

TEST(EventLog, tells_of_what_it_finds_at_the_start_only_what_is_wrong) {
    EventLog log;
    const auto told = [&](control::Change change) {
        const auto made = log.line(Event{{}, "demo", std::move(change)});
        return made ? made->text : "";
    };
    EXPECT_EQ(told(control::ProfileAdded{}), "") << "it was there before";
    EXPECT_EQ(told(control::WantedChanged{control::Wanted::connected}), "");
    control::RotationView rotation;
    rotation.steps.push_back({"confirmed", {}, 0});
    EXPECT_EQ(told(control::RotationChanged{rotation}), "") << "told when it was done";
    rotation.steps.push_back({"reverted", {}, 5});
    EXPECT_NE(told(control::RotationChanged{rotation}), "") << "that happened just now";
    health::Finding finding{"crl-expired", Severity::error, health::Layer::agent, "it expired", "", "", {}};
    EXPECT_NE(told(control::FindingRaised{finding}), "");
    EXPECT_EQ(told(control::VerdictChanged{Verdict::stopped, Verdict::reachable}), "demo: stopped -> reachable");
    log.started();
    EXPECT_EQ(told(control::ProfileAdded{}), "demo: added");
}

TEST(EventLog, tells_each_step_of_a_rotation_and_warns_of_a_bad_end) {
    control::RotationView rotation;
    rotation.generation = 3;
    rotation.common_name = "laptop-20261126";
    EXPECT_EQ(line(control::RotationChanged{rotation}), "") << "no step yet";
    EXPECT_EQ(line(control::RotationChanged{}), "");
    rotation.steps.push_back({"proven", {}, 0});
    EXPECT_EQ(line(control::RotationChanged{rotation}), "demo: key 3 (laptop-20261126): proven");
    rotation.steps.push_back({"reverted", {}, 5});
    rotation.message = "no PING in 60 s";
    const auto made = begun().line(Event{{}, "demo", control::RotationChanged{rotation}});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->text, "demo: key 3 (laptop-20261126): reverted: no PING in 60 s");
    EXPECT_EQ(made->severity, Severity::warning);
}

TEST(EventLog, leaves_out_what_is_said_elsewhere_or_too_often) {
    EXPECT_EQ(line(control::PhaseChanged{}), "");
    EXPECT_EQ(line(control::LayerChanged{}), "");
    EXPECT_EQ(line(control::NodeChanged{}), "");
    EXPECT_EQ(line(control::FindingChanged{}), "");
    EXPECT_EQ(line(control::SnapshotTaken{}), "");
}

TEST(EventLog, warns_of_bad_verdicts_only) {
    const auto severity = [](Verdict to, Verdict from = Verdict::connecting) {
        return begun().line(Event{{}, "demo", control::VerdictChanged{from, to}})->severity;
    };
    EXPECT_EQ(severity(Verdict::unreachable), Severity::warning);
    EXPECT_EQ(severity(Verdict::degraded), Severity::warning);
    EXPECT_EQ(severity(Verdict::reachable), Severity::info);
    EXPECT_EQ(severity(Verdict::stopped), Severity::info);
}

TEST(EventLog, sums_up_for_systemctl_in_one_line) {
    control::Snapshot snapshot;
    EXPECT_EQ(status_line(snapshot), "no profile yet: memdbctl profile import");
    control::ProfileView good, bad;
    good.name = "demo";
    good.verdict = Verdict::reachable;
    bad.name = "other";
    bad.verdict = Verdict::unreachable;
    bad.findings.push_back({"port-filtered", Severity::error, health::Layer::tcp, "", "", "", {}});
    snapshot.profiles = {good, bad};
    EXPECT_EQ(status_line(snapshot), "demo reachable; other unreachable: port-filtered");
}

}  // namespace
}  // namespace memdb::app
