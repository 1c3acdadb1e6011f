// What the doctor makes of a scene: the right check fails, the right one is the diagnosis, the rest is not looked at.
#include "doctor/check_policy.hpp"
#include "tests/support/doctor_scene.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace memdb::doctor {
namespace {

using health::Check;
using health::CheckState;
using health::Layer;
using support::add_finding;
using support::all_parts;
using support::break_from;
using support::diagnosis_of;
using support::find_check;
using support::healthy_scene;

TEST(Doctor, FindsNothingWhereNothingIs) {
    const Scene scene = healthy_scene();
    for (const Check& check : examine(scene, all_parts()))
        EXPECT_TRUE(check.state == CheckState::pass || (check.state == CheckState::skip && check.root.empty()))
            << check.id << ": " << check.summary;
    const auto diagnosis = diagnosis_of(scene);
    EXPECT_EQ(diagnosis.state, CheckState::pass);
    EXPECT_EQ(diagnosis.code, "");
    EXPECT_EQ(diagnosis.summary, "every node answers PING over TLS; nothing is wrong");
}

TEST(Doctor, NeverSaysWellOfWhatIsNotReachable) {
    for (const auto verdict : {health::Verdict::connecting, health::Verdict::unreachable, health::Verdict::degraded,
                               health::Verdict::stopped}) {
        Scene scene = healthy_scene();
        scene.view.verdict = verdict;
        EXPECT_EQ(diagnosis_of(scene).state,
                  verdict == health::Verdict::unreachable ? CheckState::fail : CheckState::warn)
            << to_string(verdict);
    }
}

struct Case {
    const char* name;
    std::function<void(Scene&)> ill;
    const char* code;
    const char* check;
    const char* also = "";  ///< words of the summary or the evidence
};

// clang-format off
const std::vector<Case> kCases = {
    {"no openvpn", [](Scene& s) { break_from(s, Layer::process); s.openvpn->trouble = "No such file or directory"; }, "openvpn-missing", "openvpn"},
    {"an old openvpn", [](Scene& s) { s.openvpn->version = "2.4.12"; }, "openvpn-too-old", "openvpn", "2.5 or newer"},
    {"no tun", [](Scene& s) { s.tun = "Permission denied"; break_from(s, Layer::process); }, "tun-device-unavailable", "tun-device", "Permission denied"},
    {"no capability", [](Scene& s) { s.net_admin = false; break_from(s, Layer::process); }, "no-net-admin", "capability"},
    {"no certificate", [](Scene& s) { break_from(s, Layer::handshake); s.view.credential.reset(); }, "client-cert-unusable", "certificate"},
    {"an expired certificate", [](Scene& s) { break_from(s, Layer::handshake); s.view.credential->state = "expired"; add_finding(s, "client-cert-expired"); }, "client-cert-expired", "certificate"},
    {"a certificate of tomorrow", [](Scene& s) { break_from(s, Layer::handshake); s.view.credential->state = "not-yet-valid"; }, "client-cert-not-yet-valid", "certificate", "not valid yet"},
    {"a certificate that is on the list", [](Scene& s) { break_from(s, Layer::handshake); s.view.credential->crl.emplace().revoked.emplace(); }, "client-cert-unusable", "revocation-list", "on the list"},
    {"a list that has ended", [](Scene& s) { break_from(s, Layer::handshake); s.view.credential->crl.emplace().days_left = -2; add_finding(s, "crl-expired"); }, "crl-expired", "revocation-list", "has expired"},
    {"a server's certificate", [](Scene& s) { break_from(s, Layer::handshake); s.view.credential->extended_key_usage = {"serverAuth"}; }, "client-cert-unusable", "certificate", "client use"},
    {"offline", [](Scene& s) { break_from(s, Layer::handshake); s.online = false; s.endpoint_name.reset(); s.servers.reset(); }, "network-offline", "network"},
    {"no endpoint name", [](Scene& s) { break_from(s, Layer::handshake); s.endpoint_name->trouble = "no such name"; s.servers.reset(); }, "endpoint-name-unresolved", "endpoint-name", "no such name"},
    {"a silent endpoint", [](Scene& s) { break_from(s, Layer::handshake); for (auto& one : *s.servers) one.answered = false; }, "endpoint-silent", "endpoint-answers", "0 of 2"},
    {"a portal", [](Scene& s) { break_from(s, Layer::handshake); for (auto& one : *s.servers) one.answered = false; add_finding(s, "captive-portal"); }, "captive-portal", "endpoint-answers"},
    {"a refused certificate", [](Scene& s) { break_from(s, Layer::handshake); s.trial = TrialSeen{1, false, "handshake-rejected", "no packet", 8s}; }, "handshake-rejected", "handshake", "no packet"},
    {"a wrong server", [](Scene& s) { break_from(s, Layer::handshake); s.trial = TrialSeen{1, false, "server-cert-untrusted", "self-signed", 1s}; }, "server-cert-untrusted", "handshake"},
    {"nobody wants it", [](Scene& s) { break_from(s, Layer::process); s.view.wanted = control::Wanted::disconnected; s.view.verdict = health::Verdict::stopped; s.trial = TrialSeen{1, true, "", "", 60ms}; }, "stopped", "wanted"},
    {"waiting although all is well again", [](Scene& s) { break_from(s, Layer::tunnel); add_finding(s, "endpoint-silent"); s.trial = TrialSeen{1, true, "", "", 60ms}; }, "connecting", "tunnel", "waiting"},
    {"a silent tunnel", [](Scene& s) { break_from(s, Layer::tcp); add_finding(s, "tunnel-silent"); }, "tunnel-silent", "tunnel"},
    {"small packets only", [](Scene& s) { break_from(s, Layer::tls); add_finding(s, "path-mtu-too-small"); }, "path-mtu-too-small", "packet-size"},
    {"a lost route", [](Scene& s) { break_from(s, Layer::tcp); for (auto& r : s.routes) r = {r.node, r.address, "route-missing", "via eth0"}; }, "route-missing", "routes", "via eth0"},
    {"a network in the way", [](Scene& s) { break_from(s, Layer::tcp); add_finding(s, "route-shadowed"); s.local_networks = {"10.20.1.0/24 dev docker0"}; }, "route-shadowed", "routes"},
    {"a name that only the VPC knows", [](Scene& s) { break_from(s, Layer::dns); s.cluster_names[0].addresses.clear(); s.cluster_names[0].trouble = "no such name"; }, "dns-not-applied", "cluster-name", "10.20.0.2 says 10.20.0.11"},
    {"a name that nobody knows", [](Scene& s) { break_from(s, Layer::dns); for (auto& n : s.cluster_names) { n.addresses.clear(); n.trouble = "no such name"; } }, "cluster-name-unresolved", "cluster-name"},
    {"a closed group", [](Scene& s) { break_from(s, Layer::tcp); add_finding(s, "port-filtered"); }, "port-filtered", "port"},
    {"no rule", [](Scene& s) { break_from(s, Layer::tcp); add_finding(s, "authorization-missing"); }, "authorization-missing", "port"},
    {"another CA's nodes", [](Scene& s) { break_from(s, Layer::tls); add_finding(s, "tls-untrusted"); }, "tls-untrusted", "tls"},
    {"a wrong password", [](Scene& s) { break_from(s, Layer::auth); add_finding(s, "auth-rejected"); }, "auth-rejected", "login"},
    {"one dead node", [](Scene& s) { s.view.verdict = health::Verdict::degraded; add_finding(s, "node-unreachable"); s.ping->back() = {s.ping->back().node, {}, "silent"}; }, "node-unreachable", "ping", "5 of 6"},
    {"half of the slots", [](Scene& s) { s.view.verdict = health::Verdict::degraded; add_finding(s, "slots-uncovered"); }, "slots-uncovered", "cluster"},
    {"slower than ever", [](Scene& s) { s.usual_ping = Microseconds(700); for (auto& p : *s.ping) p.took = Microseconds(60'000); }, "node-slow", "latency", "over the last day 0.7 ms"},
    {"a wrong clock", [](Scene& s) { s.node->clock_ahead = 400s; }, "clock", "clock", "400.0 s ahead"},
    {"an unwell agent", [](Scene& s) { add_finding(s, "rotation-overdue"); }, "rotation-overdue", "agent"},
};
// clang-format on

class DoctorCase : public testing::TestWithParam<Case> {};

TEST_P(DoctorCase, NamesTheCauseAndWhatToDo) {
    Scene scene = healthy_scene();
    GetParam().ill(scene);
    const auto checks = examine(scene, all_parts());
    const auto diagnosis = diagnose(scene, checks);
    EXPECT_EQ(diagnosis.code, GetParam().code);
    EXPECT_EQ(diagnosis.check, GetParam().check);
    EXPECT_FALSE(diagnosis.action.empty()) << "what to do is missing";
    EXPECT_NE((diagnosis.summary + diagnosis.evidence).find(GetParam().also), std::string::npos)
        << diagnosis.summary << " | " << diagnosis.evidence;
}

/// Of every scene: each check once and in order; what is skipped for another one names one that failed, further up.
TEST_P(DoctorCase, KeepsTheOrderAndNamesRoots) {
    Scene scene = healthy_scene();
    GetParam().ill(scene);
    const auto checks = examine(scene, all_parts());
    ASSERT_EQ(checks.size(), check_catalog().size());
    for (std::size_t i = 0; i < checks.size(); ++i) {
        EXPECT_EQ(checks[i].id, check_catalog()[i].id);
        EXPECT_FALSE(checks[i].summary.empty()) << checks[i].id;
        EXPECT_TRUE(checks[i].state == CheckState::skip || checks[i].root.empty());
        if (checks[i].root.empty()) continue;
        const std::vector<Check> before(checks.begin(), checks.begin() + static_cast<std::ptrdiff_t>(i));
        const Check* const root = find_check(before, checks[i].root);
        ASSERT_NE(root, nullptr) << checks[i].id << " for " << checks[i].root;
        EXPECT_EQ(root->state, CheckState::fail) << checks[i].id << " for " << checks[i].root;
    }
}

/// What is told early is a beginning of what is told in the end.
TEST_P(DoctorCase, TellsChecksInOrderAsPartsAreDone) {
    Scene scene = healthy_scene();
    GetParam().ill(scene);
    const auto whole = examine(scene, all_parts());
    std::set<Part> done;
    std::size_t before = 0;
    for (const Part part : kParts) {
        const auto some = examine(scene, done);
        ASSERT_LE(some.size(), whole.size());
        EXPECT_GE(some.size(), before);
        before = some.size();
        for (std::size_t i = 0; i < some.size(); ++i) EXPECT_EQ(some[i].id, whole[i].id);
        done.insert(part);
    }
}

INSTANTIATE_TEST_SUITE_P(Scenes, DoctorCase, testing::ValuesIn(kCases), [](const auto& one) {
    std::string name = one.param.name;
    std::ranges::replace_if(
        name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
    return name;
});

TEST(Doctor, SkipsTheTunnelOfADirectProfile) {
    Scene scene = healthy_scene();
    scene.has_tunnel = false;
    scene.view.kind = "direct";
    scene.view.tunnel.reset();
    scene.view.credential.reset();
    scene.openvpn.reset();
    scene.servers.reset();
    const auto checks = examine(scene, {Part::cluster_names, Part::ping, Part::node, Part::history});
    ASSERT_EQ(checks.size(), check_catalog().size()) << "it waits for parts that a direct profile has not";
    EXPECT_EQ(find_check(checks, "handshake")->state, CheckState::skip);
    EXPECT_EQ(find_check(checks, "ping")->state, CheckState::pass);
    EXPECT_EQ(diagnose(scene, checks).state, CheckState::pass);
}

TEST(Doctor, EveryFindingOfTheCatalogueBecomesTheDiagnosisWhenItStandsAlone) {
    for (const auto& entry : health::catalog()) {
        Scene scene = healthy_scene();
        scene.view.verdict =
            entry.severity == health::Severity::error ? health::Verdict::unreachable : health::Verdict::degraded;
        add_finding(scene, entry.code);
        const auto diagnosis = diagnosis_of(scene);
        const bool fresh = find_check_of(entry.code, scene)->fresh;  // the doctor has looked, and sees it no more
        if (entry.severity == health::Severity::info) {
            EXPECT_NE(diagnosis.code, entry.code) << "information is no trouble";
        } else if (!fresh) {
            EXPECT_EQ(diagnosis.code, entry.code);
        }
    }
}

TEST(Doctor, WhatItSeesNowCountsMoreThanAFindingOfAMomentAgo) {
    Scene scene = healthy_scene();
    add_finding(scene, "endpoint-silent");
    const auto checks = examine(scene, all_parts());
    EXPECT_EQ(find_check(checks, "endpoint-answers")->state, CheckState::pass);
}

/// What one check says of a scene.
std::string said(const char* id, const std::function<void(Scene&)>& change) {
    Scene scene = healthy_scene();
    change(scene);
    const Check check = *find_check(examine(scene, all_parts()), id);
    const char* const states[] = {"pass", "warn", "fail", "skip"};
    return std::string(states[static_cast<int>(check.state)]) + ": " + check.summary;
}

void expect_in(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Doctor, SaysWhatIsUnusualAboutACertificate) {
    expect_in(said("certificate", [](Scene& s) { s.view.credential->key_bits = 4096; }), "documents RSA 2048");
    expect_in(said("certificate", [](Scene& s) { s.view.credential->key_type = "ec"; }), "warn: ");
    expect_in(said("chain",
                   [](Scene& s) {
                       s.view.credential->chain = control::ChainView{false, {}, "another issuer"};
                   }),
              "no CA of the configuration (another issuer)");
    expect_in(said("revocation-list", [](Scene& s) { s.view.credential->crl.emplace().days_left = 9; }),
              "pass: 0 revoked, this certificate not among them; the list holds for 9 days");
    expect_in(said("revocation-list", [](Scene& s) { s.view.credential->crl.emplace().entries = 4; }),
              "pass: 4 revoked, this certificate not among them");
}

TEST(Doctor, SaysWhatTheEndpointAndTheNodeAnswered) {
    expect_in(said("endpoint-answers", [](Scene& s) { s.servers->front().answered = false; }),
              "warn: 1 of 2 answer OpenVPN's first packet over UDP");
    expect_in(said("endpoint-answers",
                   [](Scene& s) {
                       for (auto& one : *s.servers) one.asked = false;
                   }),
              ": this machine has no way to any address of the endpoint");
    for (const bool accepted : {true, false})
        expect_in(said("handshake",
                       [&](Scene& s) {
                           break_from(s, Layer::handshake);
                           s.trial = TrialSeen{2, false, "handshake-rejected", "no packet", 8s};
                           s.earlier_trial = TrialSeen{1, accepted, "", "", 1s};
                       }),
                  accepted ? "generation 1 is accepted, not refused too" : "generation 1 is refused too");
    expect_in(said("packet-size",
                   [](Scene& s) {
                       s.node->large_ping.reset();
                       s.node->lost = true;
                   }),
              "warn: demo-0001-001 gave no answer to a PING of 1 400 bytes");
    expect_in(said("packet-size",
                   [](Scene& s) {
                       s.node->large_ping.reset();
                       s.node->trouble = "refused";
                   }),
              "skip: no connection of the doctor's own to demo-0001-001: refused");
}

TEST(Doctor, AFindingWarnsUnlessTheLookFails) {
    Scene scene = healthy_scene();
    add_finding(scene, "client-cert-expiring");
    EXPECT_EQ(diagnosis_of(scene).code, "client-cert-expiring");
    EXPECT_EQ(diagnosis_of(scene).state, CheckState::warn);
    scene.view.credential->state = "expired";
    EXPECT_EQ(diagnosis_of(scene).code, "client-cert-expired");
}

}  // namespace
}  // namespace memdb::doctor
