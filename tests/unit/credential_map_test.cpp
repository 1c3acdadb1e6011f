#include "app/credential_map.hpp"

#include "health/finding_catalog.hpp"
#include "tests/support/easyrsa_pki.hpp"
#include "tests/support/got.hpp"
#include "tests/support/test_crls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::app {
namespace {

constexpr WallTime kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};
using std::chrono::days;

CredentialInForce credential(days begins, days ends) {
    CredentialInForce made;
    made.generation = 2;
    made.certificate.subject = "CN=client";
    made.certificate.not_before = kNow + begins;
    made.certificate.not_after = kNow + ends;
    made.certificate.for_client = true;
    made.certificate.common_name = "client";
    made.certificate.key_type = keys::KeyType::rsa;
    made.certificate.key_bits = 2048;
    return made;
}

std::vector<std::string> codes(const CredentialInForce& given) {
    std::vector<std::string> out;
    for (const auto& condition : credential_conditions(given, kNow)) {
        EXPECT_NE(health::find_entry(condition.code), nullptr) << condition.code;
        EXPECT_FALSE(condition.summary.empty());
        out.push_back(condition.code);
    }
    return out;
}

using Codes = std::vector<std::string>;
using health::Severity;
using testing::HasSubstr;

std::string show(const std::vector<health::Condition>& conditions) {
    std::string text;
    for (const auto& condition : conditions) {
        text += (text.empty() ? "" : " ") + condition.code;
        if (condition.severity) text += "=" + std::string(to_string(*condition.severity));
    }
    return text;
}

TEST(CredentialMap, speaks_of_dates_before_they_hurt) {
    EXPECT_EQ(codes(credential(days(-1), days(365))), Codes{});
    EXPECT_EQ(codes(credential(days(-1), days(29))), Codes{"client-cert-expiring"});
    EXPECT_EQ(codes(credential(days(-9), days(-1))), Codes{"client-cert-expired"});
    EXPECT_EQ(codes(credential(days(1), days(9))), Codes{"client-cert-not-yet-valid"});
}

// Each of the certificates by how long it lasts, at the exact boundaries.
TEST(CredentialMap, days_left_against_severity) {
    struct Row {
        Duration left;
        const char *client, *authority, *server, *crl;
    };
    const auto d = [](int n) { return Duration(days(n)); };
    // clang-format off
    const Row rows[] = {
        {d(31),       "",                             "",                    "",                             ""},
        {d(30) + 1ms, "",                             "",                    "",                             ""},
        {d(30),       "client-cert-expiring=info",    "ca-expiring=info",    "server-cert-expiring=info",    ""},
        {d(14) + 1ms, "client-cert-expiring=info",    "ca-expiring=info",    "server-cert-expiring=info",    ""},
        {d(14),       "client-cert-expiring=warning", "ca-expiring=warning", "server-cert-expiring=warning", "crl-expiring=info"},
        {d(7) + 1ms,  "client-cert-expiring=warning", "ca-expiring=warning", "server-cert-expiring=warning", "crl-expiring=info"},
        {d(7),        "client-cert-expiring=error",   "ca-expiring=error",   "server-cert-expiring=error",   "crl-expiring=warning"},
        {d(1) + 1ms,  "client-cert-expiring=error",   "ca-expiring=error",   "server-cert-expiring=error",   "crl-expiring=warning"},
        {d(1),        "client-cert-expiring=error",   "ca-expiring=error",   "server-cert-expiring=error",   "crl-expiring=error"},
        {1ms,         "client-cert-expiring=error",   "ca-expiring=error",   "server-cert-expiring=error",   "crl-expiring=error"},
        {0ms,         "client-cert-expired",          "ca-expiring=error",   "server-cert-expiring=info",    "crl-expired"},
        {d(-9),       "client-cert-expired",          "ca-expiring=error",   "server-cert-expiring=info",    "crl-expired"},
    };
    // clang-format on
    for (const Row& row : rows) {
        const auto fresh = credential(days(-99), days(365));
        auto client = fresh, authority = fresh, server = fresh, crl = fresh;
        client.certificate.not_after = kNow + row.left;
        authority.ca_not_after = kNow + row.left;
        server.server = keys::CertificateInfo{.not_after = kNow + row.left};
        crl.crl = CrlFacts{"CN=ca", kNow - days(3), kNow + row.left, 7, true, {}};
        EXPECT_EQ(show(credential_conditions(client, kNow)), row.client) << row.left.count();
        EXPECT_EQ(show(credential_conditions(authority, kNow)), row.authority) << row.left.count();
        EXPECT_EQ(show(credential_conditions(server, kNow)), row.server) << row.left.count();
        EXPECT_EQ(show(credential_conditions(crl, kNow)), row.crl) << row.left.count();
    }
}

TEST(CredentialMap, the_last_day_has_its_own_sentence) {
    const auto summary = [](Duration left) {
        auto given = credential(days(-1), days(365));
        given.certificate.not_after = kNow + left;
        return credential_conditions(given, kNow).front().summary;
    };
    EXPECT_EQ(summary(days(1) + 1ms), "the client certificate ends on 2026-11-24");
    EXPECT_EQ(summary(18h + 5min),
              "the client certificate ends within a day, on 2026-11-23 at 18:05 UTC: after that nobody can connect");
    EXPECT_EQ(summary(0ms), "the client certificate ended on 2026-11-23");
}

TEST(CredentialMap, a_wrong_clock_is_told_from_a_certificate_that_begins_later) {
    auto given = credential(days(3), days(365));
    given.certainly_past = kNow - days(1);
    auto condition = credential_conditions(given, kNow).front();
    EXPECT_EQ(condition.summary,
              "the client certificate begins on 2026-11-26, and nothing says that this machine's clock is wrong");
    EXPECT_EQ(condition.evidence, "the clock says 2026-11-23");
    given.certainly_past = kNow + 1ms;
    condition = credential_conditions(given, kNow).front();
    EXPECT_EQ(condition.summary,
              "this machine's clock is wrong: it says 2026-11-23, when the client certificate, valid from 2026-11-26, "
              "does not count yet");
    EXPECT_THAT(condition.evidence, HasSubstr("it cannot be before 2026-11-23"));
}

TEST(CredentialMap, what_can_never_serve_blocks_with_its_reason) {
    struct Row {
        keys::KeyType type;
        int bits;
        const char* name;
        bool for_client;
        const char* words;
    };
    using enum keys::KeyType;
    for (const Row& row : {Row{rsa, 2048, "c", true, ""}, Row{rsa, 1024, "c", true, "1024 bits"},
                           Row{rsa, 3072, "c", true, "3072 bits"}, Row{rsa, 4096, "c", true, "4096 bits"},
                           Row{ec, 256, "c", true, "an EC key"}, Row{other, 256, "c", true, "no RSA key"},
                           Row{rsa, 2048, "", true, "no common name"}, Row{rsa, 2048, "c", false, "client use"}}) {
        auto given = credential(days(-1), days(10));
        given.certificate.key_type = row.type;
        given.certificate.key_bits = row.bits;
        given.certificate.common_name = row.name;
        given.certificate.for_client = row.for_client;
        const bool good = *row.words == '\0';
        EXPECT_EQ(is_usable(given, kNow), good) << row.words;
        const auto conditions = credential_conditions(given, kNow);
        EXPECT_EQ(conditions.front().code, good ? "client-cert-expiring" : "client-cert-unusable");
        EXPECT_THAT(conditions.front().summary, HasSubstr(row.words));
        EXPECT_EQ(credential_view(given, kNow).state, good ? "expiring" : "unusable");
    }
}

TEST(CredentialMap, a_revoked_certificate_is_not_used) {
    auto given = credential(days(-1), days(10));
    given.crl = CrlFacts{"CN=ca", kNow - days(3), kNow + days(2), 7, true, {}};
    EXPECT_TRUE(is_usable(given, kNow));
    given.crl->revoked = keys::Revocation{"2A", kNow - days(4), "keyCompromise"};
    EXPECT_FALSE(is_usable(given, kNow));
    const auto conditions = credential_conditions(given, kNow);
    EXPECT_EQ(show(conditions), "client-cert-unusable crl-expiring=warning");
    EXPECT_EQ(conditions.front().summary, "the certificate client was revoked on 2026-11-19 (keyCompromise)");
    EXPECT_EQ(conditions.front().evidence, "serial 2A is on the list of CN=ca, made on 2026-11-20");
    const auto view = credential_view(given, kNow);
    EXPECT_EQ(view.state, "unusable");
    EXPECT_EQ(view.crl->revoked, (control::RevocationView{kNow - days(4), "keyCompromise"}));
    EXPECT_EQ(view.crl->days_left, 2);
    EXPECT_EQ(hold_of(false, is_usable(given, kNow), true), Hold::keep) << "a tunnel that is up stays up";
    EXPECT_EQ(hold_of(false, is_usable(given, kNow), false), Hold::hold);
}

TEST(CredentialMap, is_put_together_from_what_is_stored) {
    const auto read = [](const std::string& pem) { return tests::got(keys::read_certificates(pem, "it")); };
    const WallTime now = tests::kNow;
    const auto own = read(tests::certificate_pem());
    const auto authorities =
        read(tests::ca_pem() + tests::certificate_pem({.common_name = "server", .extended_usage = "serverAuth"}));
    const auto list =
        tests::got(keys::read_revocation_list(tests::crl_pem({.entries = {{0x2A, now - days(2), 4}, {7}}})));
    const auto made = credential_in_force({3, own, authorities, now - days(1), &list}, now);
    EXPECT_EQ(made.generation, 3u);
    EXPECT_EQ(made.chain, (keys::ChainVerdict{true, "CN=memdb test CA", ""}));
    ASSERT_EQ(made.authorities.size(), 1u);
    EXPECT_EQ(made.ca_not_after, made.authorities[0].not_after);
    EXPECT_EQ(made.server->common_name, "server");
    EXPECT_EQ(made.crl->entries, 2u);
    EXPECT_TRUE(made.crl->verified);
    EXPECT_EQ(made.crl->revoked->reason, "superseded");
    EXPECT_EQ(made.certainly_past, now - days(1)) << "when it was stored";

    const auto view = credential_view(made, now);
    EXPECT_EQ(view.key_type, "rsa");
    EXPECT_EQ(view.key_bits, 2048);
    EXPECT_EQ(view.key_usage, Codes{"digitalSignature"});
    EXPECT_EQ(view.extended_key_usage, Codes{"clientAuth"});
    EXPECT_EQ(view.fingerprint, own[0].info.fingerprint);
    EXPECT_EQ(view.chain, (control::ChainView{true, "CN=memdb test CA", {}}));
    EXPECT_EQ(view.authorities.at(0).days_left, 3650);
    EXPECT_EQ(view.server->subject, "CN=server");
    EXPECT_FALSE(credential_in_force({3, own, {}, {}, nullptr}, now).crl);
    EXPECT_EQ(credential_in_force({3, own, {}, {}, nullptr}, now).certainly_past, keys::kProjectBegan);
}

TEST(CredentialMap, doubts_an_issuer_that_the_configuration_does_not_name) {
    CredentialInForce given = credential(days(-1), days(90));
    given.certificate.issuer = "CN=b";
    EXPECT_EQ(issuer_doubt(given), "") << "nobody has looked";
    given.chain = keys::ChainVerdict{false, {}, "no CA of the configuration issued it"};
    EXPECT_EQ(issuer_doubt(given), "") << "there is nothing to compare it with";
    given.authorities.emplace_back().subject = "CN=a";
    EXPECT_EQ(issuer_doubt(given), "the client certificate was issued by CN=b, the configuration's CA is CN=a");
    given.certificate.issuer = "CN=a";
    EXPECT_EQ(issuer_doubt(given), "") << "it may have expired";
    given.certificate.issuer = "CN=b";
    given.chain = keys::ChainVerdict{true, "CN=a", {}};
    EXPECT_EQ(issuer_doubt(given), "") << "an intermediate";
}

TEST(CredentialMap, tells_a_foreign_key_from_a_damaged_file) {
    EXPECT_EQ(trouble_of({Errc::bad_input, "1: not its key"}).code, "client-key-mismatch");
    for (const Errc code : {Errc::malformed, Errc::not_found, Errc::io}) {
        const health::Condition trouble = trouble_of({code, "what was seen"});
        EXPECT_EQ(trouble.code, "client-cert-unusable");
        EXPECT_EQ(trouble.evidence, "what was seen");
    }
}

TEST(CredentialMap, holds_attempts_that_cannot_succeed) {
    EXPECT_FALSE(is_usable(std::nullopt, kNow));
    EXPECT_TRUE(is_usable(credential(days(-1), days(29)), kNow));
    EXPECT_FALSE(is_usable(credential(days(-9), days(-1)), kNow));
    EXPECT_FALSE(is_usable(credential(days(1), days(9)), kNow));
    struct Row {
        bool held, usable, up;
        Hold want;
    };
    for (const Row& row : {Row{false, true, false, Hold::keep}, Row{false, true, true, Hold::keep},
                           Row{false, false, true, Hold::keep}, Row{false, false, false, Hold::hold},
                           Row{true, false, false, Hold::keep}, Row{true, true, false, Hold::release}})
        EXPECT_EQ(hold_of(row.held, row.usable, row.up), row.want);
}

TEST(CredentialMap, shows_the_generation_in_force) {
    const auto view = credential_view(credential(days(-1), days(10)), kNow);
    EXPECT_EQ(view.generation, 2U);
    EXPECT_EQ(view.days_left, 10);
    EXPECT_EQ(view.state, "expiring");
    EXPECT_EQ(view.subject, "CN=client");
}

}  // namespace
}  // namespace memdb::app
