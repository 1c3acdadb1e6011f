// Which causes that look the same come first, and what speaks for and against them.
#include "doctor/suspect_catalog.hpp"
#include "doctor/suspect_policy.hpp"
#include "tests/support/doctor_scene.hpp"

#include <gtest/gtest.h>

namespace memdb::doctor {
namespace {

using health::Certainty;
using health::Layer;
using health::Suspect;

Scene refused() {
    Scene scene = support::healthy_scene();
    support::break_from(scene, Layer::handshake);
    scene.trial = TrialSeen{2, false, "handshake-rejected", "no packet", 8s};
    return scene;
}

Scene filtered() {
    Scene scene = support::healthy_scene();
    support::break_from(scene, Layer::tcp);
    support::add_finding(scene, "port-filtered");
    return scene;
}

control::CrlView list(std::int64_t days_left, bool revoked) {
    control::CrlView crl;
    crl.issuer = "CN=Lab CA";
    crl.days_left = days_left;
    crl.entries = 1;
    if (revoked) crl.revoked = control::RevocationView{support::kSeenAt, "keyCompromise"};
    return crl;
}

Certainty certainty_of(const std::vector<Suspect>& suspects, std::string_view cause) {
    const auto at = std::ranges::find(suspects, cause, &Suspect::cause);
    EXPECT_NE(at, suspects.end()) << cause;
    return at == suspects.end() ? Certainty::confirmed : at->certainty;
}

TEST(Suspects, AreNamedOnlyWhereTheWireCannotTell) {
    EXPECT_TRUE(suspects_of("auth-rejected", support::healthy_scene()).empty());
    for (const char* code :
         {"handshake-rejected", "endpoint-silent", "tunnel-silent", "port-filtered", "authorization-missing"})
        EXPECT_GE(suspects_of(code, support::healthy_scene()).size(), 2u) << code;
}

TEST(Suspects, ACertificateThatWasAcceptedBeforeIsOfTheRightAuthority) {
    Scene scene = refused();
    scene.connected_before = true;
    EXPECT_EQ(certainty_of(suspects_of("handshake-rejected", scene), "client-ca-wrong"), Certainty::excluded);
    scene.connected_before = false;
    scene.view.credential->chain = control::ChainView{false, {}, "unable to get local issuer certificate"};
    EXPECT_EQ(suspects_of("handshake-rejected", scene).front().cause, "client-ca-wrong");
}

TEST(Suspects, AnExpiredListComesFirstWhenTheAgentWasGivenOne) {
    Scene scene = refused();
    scene.view.credential->crl = list(-2, false);
    const auto suspects = suspects_of("handshake-rejected", scene);
    EXPECT_EQ(suspects.front().cause, "crl-expired");
    EXPECT_EQ(suspects.front().certainty, Certainty::likely);
}

TEST(Suspects, TheCertificateBeforeTellsARevokedOneFromAnExpiredList) {
    Scene scene = refused();
    scene.earlier_trial = TrialSeen{1, true, "", "", 60ms};
    auto suspects = suspects_of("handshake-rejected", scene);
    EXPECT_EQ(suspects.front().cause, "client-revoked");
    EXPECT_EQ(certainty_of(suspects, "crl-expired"), Certainty::excluded);
    scene.earlier_trial = TrialSeen{1, false, "handshake-rejected", "no packet", 8s};
    suspects = suspects_of("handshake-rejected", scene);
    EXPECT_EQ(suspects.front().cause, "crl-expired");
}

/// What speaks for and against a cause.
std::string evidence_of(const std::vector<Suspect>& suspects, std::string_view cause) {
    const auto at = std::ranges::find(suspects, cause, &Suspect::cause);
    std::string all;
    if (at == suspects.end()) return all;
    for (const auto& text : at->in_favour) all += "+" + text + "\n";
    for (const auto& text : at->against) all += "-" + text + "\n";
    return all;
}

void expect_in(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Suspects, AListThatMemdbdWasGivenIsEvidence) {
    Scene scene = refused();
    scene.view.credential->crl = list(12, true);
    auto suspects = suspects_of("handshake-rejected", scene);
    EXPECT_EQ(suspects.front().cause, "client-revoked");
    expect_in(evidence_of(suspects, "client-revoked"), "+it is on the list that memdbd was given");
    expect_in(evidence_of(suspects, "crl-expired"), "-the list that memdbd was given holds for 12 more days");
    scene.view.credential->crl = list(-3, false);
    suspects = suspects_of("handshake-rejected", scene);
    EXPECT_EQ(suspects.front().cause, "crl-expired");
    expect_in(evidence_of(suspects, "crl-expired"), "+the list that memdbd was given ended 3 days ago");
    expect_in(evidence_of(suspects, "client-revoked"), "-it is not on the list");
}

TEST(Suspects, TheServersCopyInTheConfigurationIsEvidence) {
    const auto with = [](std::int64_t days) {
        Scene scene = refused();
        scene.view.credential->server.emplace().days_left = days;
        std::string all;
        for (const Suspect& suspect : suspects_of("handshake-rejected", scene))
            all += evidence_of({suspect}, suspect.cause);
        return all;
    };
    expect_in(with(-4), "+the copy in the configuration ended 4 days ago");
    expect_in(with(40), "-the copy in the configuration holds for 40 more days");
}

TEST(Suspects, WhatWasNeverAcceptedMayBeOfAnotherCa) {
    Scene scene = refused();
    scene.connected_before = false;
    scene.earlier_trial = TrialSeen{1, true, "", "", 1s};
    std::string all;
    for (const Suspect& suspect : suspects_of("handshake-rejected", scene))
        all += evidence_of({suspect}, suspect.cause);
    expect_in(all, "-it was issued by a CA of the endpoint's own configuration");
    expect_in(all, "+generation 1 is accepted by the same endpoint");
    scene.view.credential->chain->verified = false;
    all.clear();
    for (const Suspect& suspect : suspects_of("handshake-rejected", scene))
        all += evidence_of({suspect}, suspect.cause);
    expect_in(all, "+it was issued by no CA of the endpoint's configuration");
}

TEST(Suspects, AnEndpointThatPushedNoRouteHasPerhapsNoAssociation) {
    Scene scene = filtered();
    scene.cluster_names[1].answered = false;
    scene.cluster_names[1].addresses.clear();
    expect_in(evidence_of(suspects_of("port-filtered", scene), "association-missing"),
              "-the endpoint has pushed a route");
    scene.pushed_routes.clear();
    expect_in(evidence_of(suspects_of("port-filtered", scene), "association-missing"),
              "+the endpoint has pushed no route");
}

TEST(Suspects, AnAnswerToTheFirstPacketExcludesTheNetwork) {
    EXPECT_EQ(certainty_of(suspects_of("handshake-rejected", refused()), "port-blocked"), Certainty::excluded);
}

TEST(Suspects, AnAnswerOfTheVpcsResolverTellsAGroupFromARule) {
    Scene scene = filtered();
    auto suspects = suspects_of("port-filtered", scene);
    EXPECT_EQ(suspects.front().cause, "security-group-closed");
    EXPECT_EQ(certainty_of(suspects, "association-missing"), Certainty::excluded);
    scene.cluster_names[1].addresses.clear();
    scene.cluster_names[1].trouble = "no such name";
    EXPECT_EQ(suspects_of("port-filtered", scene).front().cause, "security-group-closed") << "that is an answer, too";
    scene.cluster_names[1].trouble = "no answer in time";
    scene.cluster_names[1].answered = false;
    suspects = suspects_of("port-filtered", scene);
    EXPECT_EQ(suspects.front().cause, "authorization-rule-missing");
    EXPECT_EQ(suspects.front().certainty, Certainty::likely);
}

TEST(Suspects, OneAddressThatAnswersExcludesThatTheEndpointIsGone) {
    Scene scene = support::healthy_scene();
    scene.servers->front().answered = false;
    for (const Suspect& suspect : suspects_of("endpoint-silent", scene))
        EXPECT_EQ(suspect.certainty, Certainty::excluded) << suspect.cause;
}

TEST(Suspects, ComeMostLikelyFirstAndEachSaysHowToDecide) {
    for (const char* code :
         {"handshake-rejected", "endpoint-silent", "tunnel-silent", "port-filtered", "authorization-missing"}) {
        const auto suspects = suspects_of(code, filtered());
        for (std::size_t i = 1; i < suspects.size(); ++i)
            EXPECT_LE(suspects[i - 1].certainty, suspects[i].certainty) << code;
        for (const Suspect& suspect : suspects) {
            EXPECT_FALSE(suspect.decide.empty());
            EXPECT_EQ(suspect.decide.find('{'), std::string::npos) << suspect.decide;
            EXPECT_FALSE(suspect.in_favour.empty() && suspect.against.empty()) << suspect.cause << " has no evidence";
        }
    }
}

TEST(AwsNames, AreReadOffTheProfilesOwn) {
    control::ProfileView profile = support::reachable_profile();
    profile.tunnel->endpoint = "cvpn-endpoint-0ab.prod.clientvpn.eu-central-1.amazonaws.com:443";
    profile.clusters.front().endpoint = "clustercfg.orders.abc123.memorydb.eu-central-1.amazonaws.com:6379";
    const AwsNames names = aws_names_of(profile);
    EXPECT_EQ(names.endpoint_id, "cvpn-endpoint-0ab");
    EXPECT_EQ(names.region, "eu-central-1");
    EXPECT_EQ(names.cluster, "orders");
    EXPECT_EQ(decide_text(suspect_row("association-missing"), names),
              "`aws ec2 describe-client-vpn-target-networks --client-vpn-endpoint-id cvpn-endpoint-0ab --region "
              "eu-central-1`");
}

TEST(AwsNames, TellWhomToAsk) {
    const std::string cluster = "clustercfg.demo.abc123.memorydb.eu-west-1.amazonaws.com:6379";
    EXPECT_EQ(aws_names_of("cvpn-endpoint-0a1b.prod.clientvpn.eu-west-1.amazonaws.com:443", cluster),
              (AwsNames{"cvpn-endpoint-0a1b", "demo", "eu-west-1"}));
    EXPECT_EQ(aws_names_of("x7.cvpn-endpoint-0a1b.prod.clientvpn.us-east-1.amazonaws.com", ""),
              (AwsNames{"cvpn-endpoint-0a1b", "", "us-east-1"}));
    EXPECT_EQ(aws_names_of("cvpn-endpoint-0a1b.prod.clientvpn.lab.test:443", "node.test"),
              (AwsNames{"cvpn-endpoint-0a1b", "", ""}));
    EXPECT_EQ(aws_names_of("vpn.example.com", cluster), (AwsNames{"", "demo", "eu-west-1"}));
    EXPECT_EQ(aws_names_of("cvpn-endpoint-$(x).prod.clientvpn.eu-west-1.amazonaws.com", ""), (AwsNames{}));
    EXPECT_EQ(aws_names_of("notcvpn-endpoint-1.prod.clientvpn.eu-west-1.amazonaws.com", ""), (AwsNames{}));
    EXPECT_EQ(aws_names_of("", ""), (AwsNames{}));
}

TEST(AwsNames, AreHolesWhereNothingIsKnown) {
    EXPECT_EQ(decide_text(suspect_row("cluster-down"), {}),
              "`aws memorydb describe-clusters --cluster-name CLUSTER --region REGION --query 'Clusters[].Status'`");
}

}  // namespace
}  // namespace memdb::doctor
