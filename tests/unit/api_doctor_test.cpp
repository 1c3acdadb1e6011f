// The doctor's lines there and back, and what a foreign or broken line becomes.
#include "control/api_doctor.hpp"
#include "tests/support/doctor_scene.hpp"
#include "tests/support/got.hpp"

#include <gtest/gtest.h>

namespace memdb::control {
namespace {

health::DoctorReport sample() {
    doctor::Scene scene = support::healthy_scene();
    support::break_from(scene, health::Layer::handshake);
    scene.trial = doctor::TrialSeen{1, false, "handshake-rejected", "no packet", 8s};
    health::DoctorReport report;
    report.profile = "demo";
    report.started_at = support::kSeenAt;
    report.took_ms = 9213;
    report.checks = doctor::examine(scene, support::all_parts());
    report.diagnosis = doctor::diagnose(scene, report.checks);
    return report;
}

TEST(ApiDoctor, AReportComesBackAsItWent) {
    const auto report = sample();
    ASSERT_FALSE(report.diagnosis.suspects.empty());
    const auto back = tests::got(parse_doctor_line(report_line(report)));
    EXPECT_EQ(std::get<health::DoctorReport>(back), report);
}

TEST(ApiDoctor, ACheckComesBackAsItWent) {
    for (const health::Check& check : sample().checks)
        EXPECT_EQ(std::get<health::Check>(tests::got(parse_doctor_line(check_line(check)))), check);
}

TEST(ApiDoctor, EachIsOneLine) { EXPECT_EQ(report_line(sample()).find('\n'), report_line(sample()).size() - 1); }

TEST(ApiDoctor, AnErrorInTheStreamIsAFailureWithItsMessage) {
    const auto line = parse_doctor_line(R"({"error":{"code":"busy","message":"memdbd is ending"}})");
    ASSERT_TRUE(line.has_error());
    EXPECT_EQ(line.error().message, "memdbd is ending");
}

TEST(ApiDoctor, WhatIsNoLineIsRefusedAndNamesTheField) {
    for (const char* text : {"", "{}", "[]", R"({"check":{}})",
                             R"({"check":{"id":"x","layer":"no","title":"","state":"pass","summary":""}})",
                             R"({"report":{"profile":"x","started_at":"now","took_ms":1}})"})
        EXPECT_TRUE(parse_doctor_line(text).has_error()) << text;
    EXPECT_EQ(parse_doctor_line(R"({"check":{}})").error().message, "check.id: missing");
}

}  // namespace
}  // namespace memdb::control
