// AWS's word in the doctor's diagnosis.
#include "client/doctor/aws_opinion.hpp"

#include "doctor/suspect_policy.hpp"
#include "tests/support/doctor_scene.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using health::Certainty;
using testing::HasSubstr;
using testing::StartsWith;

health::Diagnosis refused() {
    doctor::Scene scene = support::healthy_scene();
    support::break_from(scene, health::Layer::handshake);
    scene.trial = doctor::TrialSeen{1, false, "handshake-rejected", "no packet", 8s};
    return support::diagnosis_of(scene);
}

Certainty certainty_of(const health::Diagnosis& diagnosis, std::string_view cause) {
    return std::ranges::find(diagnosis.suspects, cause, &health::Suspect::cause)->certainty;
}

TEST(AwsOpinion, TheConfirmedCauseComesFirstWithWhatMendsIt) {
    health::Diagnosis diagnosis = refused();
    add_opinion({{"crl-expired", Suspicion::no, "the list holds until 2027", ""},
                 {"client-revoked", Suspicion::yes, "serial 0A1B is on the list", "memdbctl rotate"}},
                diagnosis);
    EXPECT_EQ(diagnosis.suspects.front().cause, "client-revoked");
    EXPECT_EQ(diagnosis.suspects.front().certainty, Certainty::confirmed);
    EXPECT_EQ(certainty_of(diagnosis, "crl-expired"), Certainty::excluded);
    EXPECT_EQ(diagnosis.code, "handshake-rejected") << "the finding is what it was";
    EXPECT_THAT(diagnosis.summary, StartsWith("this client certificate is on the endpoint's revocation list ("));
    EXPECT_EQ(diagnosis.action, "`memdbctl rotate`");
    EXPECT_THAT(diagnosis.suspects.front().in_favour, testing::Contains("AWS: serial 0A1B is on the list"));
}

TEST(AwsOpinion, WhatAwsDoesNotTellChangesNothing) {
    health::Diagnosis diagnosis = refused();
    const health::Diagnosis before = diagnosis;
    add_opinion(
        {{"crl-expired", Suspicion::unknown, "denied", ""}, {"security-group-closed", Suspicion::yes, "no rule", "x"}},
        diagnosis);
    EXPECT_EQ(diagnosis, before) << "a closed group does not end a handshake";
}

TEST(AwsOpinion, AnEndpointThatIsGoneExplainsEverything) {
    health::Diagnosis diagnosis = refused();
    add_opinion({{"endpoint-not-available", Suspicion::yes, "AWS has no endpoint of this id", "memdbctl aws apply"}},
                diagnosis);
    EXPECT_EQ(diagnosis.suspects.front().cause, "endpoint-not-available");
    EXPECT_THAT(diagnosis.summary, HasSubstr("was deleted"));
}

TEST(AwsOpinion, NothingConfirmedLeavesTheFirstLineAlone) {
    health::Diagnosis diagnosis = refused();
    const std::string before = diagnosis.summary;
    add_opinion({{"crl-expired", Suspicion::no, "the list holds", ""},
                 {"client-revoked", Suspicion::no, "it is not on it", ""}},
                diagnosis);
    EXPECT_EQ(diagnosis.summary, before);
    EXPECT_NE(diagnosis.suspects.front().cause, "crl-expired");
}

}  // namespace
}  // namespace memdb::client
