// The doctor's report as people see it.
#include "client/render_doctor.hpp"

#include "client/text.hpp"
#include "tests/support/doctor_scene.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace memdb::client {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

health::DoctorReport report_of(const doctor::Scene& scene) {
    health::DoctorReport report;
    report.profile = "demo";
    report.took_ms = 1234;
    report.checks = doctor::examine(scene, support::all_parts());
    report.diagnosis = doctor::diagnose(scene, report.checks);
    return report;
}

health::DoctorReport refused() {
    doctor::Scene scene = support::healthy_scene();
    support::break_from(scene, health::Layer::handshake);
    scene.trial = doctor::TrialSeen{1, false, "handshake-rejected", "no packet from the server", 9200ms};
    return report_of(scene);
}

Style style(bool utf8, bool colour = false) {
    Style style;
    style.utf8 = utf8;
    style.colour = colour;
    style.width = 80;
    return style;
}

TEST(RenderDoctor, OneLineSaysThatAllIsWell) {
    const std::string text = render_doctor(report_of(support::healthy_scene()), style(true));
    EXPECT_THAT(
        text,
        StartsWith("✓ demo: every node answers PING over TLS; nothing is wrong\n\nfrom this machine to the cluster\n"
                   "  ✓ openvpn: /usr/sbin/openvpn 2.6.14\n"));
    EXPECT_THAT(text, HasSubstr("28 checks in 1.2 s: 27 passed, 0 warned, 0 failed, 1 skipped\n"));
}

TEST(RenderDoctor, TheCauseIsTheFirstLineAndTheNextStepTheSecond) {
    EXPECT_THAT(render_doctor(refused(), style(true)),
                StartsWith("✗ demo: handshake-rejected: a trial with generation 1 failed after 9.2 s: no\n"
                           "  packet from the server\n"
                           "  → the endpoint ends the handshake without a word: check in AWS that this\n"));
}

TEST(RenderDoctor, SuspectsAreRankedWithEvidenceAndACommandThatCanBeCopied) {
    const std::string text = render_doctor(refused(), style(true));
    EXPECT_THAT(text, HasSubstr("\n  1 possible: "));
    EXPECT_THAT(text, HasSubstr("      for: this very certificate was accepted before\n"));
    EXPECT_THAT(text, HasSubstr("\n  - excluded: "));
    EXPECT_THAT(text, HasSubstr("\n      $ aws ec2 export-client-vpn-client-certificate-revocation-list "
                                "--client-vpn-endpoint-id cvpn-endpoint-0123456789abcdef0 --region REGION --query "
                                "CertificateRevocationList --output text | openssl crl -noout -nextupdate\n"));
}

TEST(RenderDoctor, WhatOneFailureHidesIsOneLine) {
    EXPECT_THAT(render_doctor(refused(), style(true)),
                HasSubstr("  – not looked at, because handshake comes first: process, tunnel, packet-size,\n"));
}

TEST(RenderDoctor, FitsTheScreenButForCommands) {
    std::istringstream lines(render_doctor(refused(), style(true)));
    for (std::string line; std::getline(lines, line);)
        EXPECT_TRUE(columns(line) <= 80 || line.find("$ ") != std::string::npos) << line;
}

TEST(RenderDoctor, IsAsciiWhereTheTerminalIs) {
    const std::string text = render_doctor(refused(), style(false));
    for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << text;
    EXPECT_THAT(text, StartsWith("x demo: handshake-rejected"));
}

TEST(RenderDoctor, NothingFromElsewhereDrivesTheTerminal) {
    auto report = refused();
    report.diagnosis.summary = "bad \x1b]0;owned\x07 \x1b[2J";
    report.checks.front().summary = "\x1b[31m";
    report.diagnosis.suspects.front().decide = "`rm\x1b[1A`";
    EXPECT_THAT(render_doctor(report, style(true)), Not(HasSubstr("\x1b")));
}

TEST(RenderDoctor, ColoursOnlyWhenAsked) {
    EXPECT_THAT(render_doctor(refused(), style(true, true)), HasSubstr("\x1b[1;31m✗\x1b[0m demo: "));
    EXPECT_THAT(render_doctor(refused(), style(true)), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace memdb::client
