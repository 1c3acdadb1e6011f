#include "keys/rotation_policy.hpp"

#include "tests/support/got.hpp"
#include "tests/support/test_certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::keys {
namespace {

using tests::ca_pem;
using tests::certificate_pem;
using tests::got;
using tests::key_pem;
using tests::kNow;
using tests::TestCertificate;
using tests::TestKey;

std::vector<Certificate> authorities(const std::string& pem = ca_pem()) { return got(read_certificates(pem, "CA")); }

/// What is in force: of the same CA, with another key.
CertificateInfo present(const TestCertificate& wanted = {.common_name = "laptop", .key = TestKey::other}) {
    return got(read_certificates(certificate_pem(wanted), "present")).front().info;
}

std::string verdict(const std::string& cert, TestKey key = TestKey::client,
                    const std::optional<CertificateInfo>& now_in_force = present(),
                    const std::vector<Certificate>& trusted = authorities()) {
    const auto judged = check_new_certificate(cert, Secret<>(key_pem(key)), now_in_force, trusted, kNow);
    if (judged) return "accepted";
    EXPECT_TRUE(judged.error().code == Errc::bad_input || judged.error().code == Errc::too_large);
    EXPECT_EQ(judged.error().message.find('\n'), std::string::npos);
    EXPECT_EQ(judged.error().message.find("PRIVATE KEY-----"), std::string::npos);
    return judged.error().message;
}

const std::string kGood = certificate_pem({.common_name = "laptop-20260601"});

TEST(RotationPolicy, a_certificate_for_the_pending_key_with_a_new_name_is_taken) {
    EXPECT_EQ(verdict(kGood), "accepted");
    EXPECT_EQ(verdict(kGood + ca_pem()), "accepted") << "with its CA behind it";
    EXPECT_EQ(verdict(kGood, TestKey::client, std::nullopt), "accepted") << "the first one ever";
    const auto judged = check_new_certificate(kGood, Secret<>(key_pem()), present(), authorities(), kNow);
    EXPECT_EQ(got(read_certificates(judged->cert_pem, "x")).front().info.common_name, "laptop-20260601");
}

TEST(RotationPolicy, whatever_else_a_signer_brings_is_refused_with_a_reason) {
    using testing::HasSubstr;
    struct Row {
        std::string what, cert, words;
        TestKey key = TestKey::client;
    };
    const std::string next = "laptop-20260601";
    const Row rows[] = {
        {"of another key", certificate_pem({.common_name = next, .key = TestKey::other}), "key"},
        {"expired", certificate_pem({.common_name = next, .not_after = kNow - 1h}), "expired"},
        {"not yet valid", certificate_pem({.common_name = next, .not_before = kNow + 24h}), "valid"},
        {"for a server", certificate_pem({.common_name = next, .extended_usage = "serverAuth"}), "client"},
        {"without a name", certificate_pem({.common_name = ""}), "common name"},
        {"with the present name", certificate_pem({.common_name = "laptop"}), "common name laptop"},
        {"of another CA", certificate_pem({.common_name = next, .issuer = "other CA", .signed_by = TestKey::client}),
         "issued by CN=other CA"},
        {"of a CA of the same name", certificate_pem({.common_name = next, .signed_by = TestKey::client}),
         "not with that CA's key"},
        {"self-signed", certificate_pem({.common_name = next, .issuer = next, .signed_by = TestKey::client}),
         "issued by"},
        {"elliptic", certificate_pem({.common_name = next, .key = TestKey::ec}), "RSA", TestKey::ec},
        {"too small", certificate_pem({.common_name = next, .key = TestKey::small}), "2048", TestKey::small},
        {"the CA itself", ca_pem(), ""},
        {"nothing", "", ""},
        {"garbage", "garbage", ""},
        {"a web page", "<html>login</html>", ""},
        {"half", kGood.substr(0, 300), ""},
        {"two of them", kGood + certificate_pem({.common_name = "second"}), ""},
        {"a private key", key_pem(), ""},
        {"ten megabytes", std::string(10U << 20U, 'x'), ""},
        {"ten megabytes behind it", kGood + std::string(10U << 20U, '\n'), ""},
    };
    for (const Row& row : rows) {
        const std::string said = verdict(row.cert, row.key);
        EXPECT_NE(said, "accepted") << row.what;
        EXPECT_THAT(said, HasSubstr(row.words)) << row.what;
        EXPECT_LT(said.size(), 500u) << row.what;
    }
}

TEST(RotationPolicy, a_clock_that_was_set_after_the_signature_is_told_of) {
    using testing::HasSubstr;
    const WallTime noon = kNow + 12h;
    const std::string fresh =
        certificate_pem({.common_name = "laptop-20260601", .not_before = noon, .not_after = noon + 24h * 90});
    const auto judged = [&](Duration by) {
        const auto done = check_new_certificate(fresh, Secret<>(key_pem()), present(), authorities(), noon + by);
        return done ? "accepted" : done.error().message;
    };
    EXPECT_EQ(judged(0s), "accepted");
    EXPECT_THAT(judged(-1h), HasSubstr("is valid from " + date_text(noon, noon) + " only, and this machine's clock"));
    EXPECT_THAT(judged(-1h), HasSubstr(date_text(noon - 1h, noon - 1h))) << "with the minute, or both were one day";
    EXPECT_THAT(judged(24h * 365), HasSubstr("expired on " + date_text(noon + 24h * 90)));
    const CertificateInfo info = got(read_certificates(fresh, "x")).front().info;
    EXPECT_EQ(state_of(info, noon - 1h), CredentialState::not_yet_valid);
    EXPECT_EQ(state_of(info, noon + 24h * 365), CredentialState::expired);
}

/// AWS may know the clients' CA from elsewhere: the configuration has the server's alone.
TEST(RotationPolicy, a_ca_that_the_configuration_does_not_know_is_compared_by_name) {
    const auto server_ca = authorities(certificate_pem({.common_name = "server CA",
                                                        .usage = "keyCertSign",
                                                        .key = TestKey::large,
                                                        .is_ca = true,
                                                        .issuer = "server CA",
                                                        .signed_by = TestKey::large}));
    EXPECT_EQ(verdict(kGood, TestKey::client, present(), server_ca), "accepted");
    EXPECT_NE(verdict(kGood, TestKey::client, std::nullopt, server_ca), "accepted");
    EXPECT_NE(
        verdict(certificate_pem({.common_name = "x", .issuer = "other CA"}), TestKey::client, present(), server_ca),
        "accepted");
    EXPECT_EQ(verdict(kGood, TestKey::client, present(), {}), "accepted");
}

TEST(RotationPolicy, a_key_is_due_so_long_before_its_end) {
    const CertificateInfo info = present();
    EXPECT_EQ(rotation_due_at(info, std::chrono::days{30}), info.not_after - std::chrono::days{30});
    EXPECT_EQ(rotation_due_at(info, 0ms), std::nullopt);
    EXPECT_EQ(rotation_due_at(info, -1ms), std::nullopt);
}

TEST(RotationPolicy, what_is_due_is_done_once_in_a_while_and_never_across_another) {
    const TimePoint now(100h);
    for (const RotationPhase phase : kRotationPhases) {
        RotationState s;
        s.phase = phase;
        s.current = 1;
        s.generation = 2;
        const bool again = phase == RotationPhase::failed || phase == RotationPhase::reverted;
        const auto expected = is_busy(phase) ? DueAction::nothing
                              : again        ? DueAction::prove_again
                                             : DueAction::make_key;
        EXPECT_EQ(what_is_due(s, kNow, {}, now, kNow), expected) << to_string(phase);
        EXPECT_EQ(what_is_due(s, kNow, now - kTryAgain, now, kNow), expected) << to_string(phase);
        EXPECT_EQ(what_is_due(s, kNow, now - kTryAgain + 1ms, now, kNow), DueAction::nothing);
        EXPECT_EQ(what_is_due(s, kNow + 1s, {}, now, kNow), DueAction::nothing);
        EXPECT_EQ(what_is_due(s, {}, {}, now, kNow), DueAction::nothing);
    }
}

}  // namespace
}  // namespace memdb::keys
