#include "app/event_log.hpp"

#include <gtest/gtest.h>

namespace memdb::app {
namespace {

using control::Event;
using health::Severity;
using health::Verdict;

std::string line(control::Change change) {
    const auto made = log_line(Event{{}, "demo", std::move(change)});
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

TEST(EventLog, leaves_out_what_is_said_elsewhere_or_too_often) {
    EXPECT_EQ(line(control::PhaseChanged{}), "");
    EXPECT_EQ(line(control::LayerChanged{}), "");
    EXPECT_EQ(line(control::NodeChanged{}), "");
    EXPECT_EQ(line(control::FindingChanged{}), "");
}

TEST(EventLog, warns_of_bad_verdicts_only) {
    const auto severity = [](Verdict to) {
        return log_line(Event{{}, "demo", control::VerdictChanged{Verdict::connecting, to}})->severity;
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
