#include "keys/certificate.hpp"

#include "tests/support/easyrsa_pki.hpp"
#include "tests/support/got.hpp"
#include "tests/support/test_certificates.hpp"

#include <gtest/gtest.h>

namespace memdb::keys {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using tests::ca_pem;
using tests::certificate_pem;
using tests::key_pem;
using tests::kNow;
using tests::TestKey;

std::string refusal(const std::string& cert, const std::string& key, WallTime now = kNow) {
    const auto credential = check_client_credential(cert, Secret<>(key), now);
    return credential ? "accepted" : credential.error().message;
}

TEST(Certificate, reads_what_easyrsa_wrote_around_its_text_dump) {
    const auto read = read_certificates(tests::kEasyrsaClientCert, "the certificate");
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 1u);
    const CertificateInfo& info = read->front().info;
    EXPECT_EQ(info.subject, "CN=client1.domain.tld");
    EXPECT_EQ(info.common_name, "client1.domain.tld");
    EXPECT_EQ(info.issuer, "CN=memdb test CA");
    EXPECT_EQ(info.serial, "14274AD7D256CEE0335C09B6A292C1AF");
    EXPECT_EQ(date_text(info.not_before), "2026-11-23");
    EXPECT_EQ(date_text(info.not_after), "2046-11-18");
    EXPECT_EQ(info.key_type, KeyType::rsa);
    EXPECT_EQ(info.key_bits, 2048);
    EXPECT_FALSE(info.is_ca);
    EXPECT_TRUE(info.for_client);
    EXPECT_EQ(info.fingerprint.size(), 64u);
    EXPECT_TRUE(read->front().pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
}

TEST(Certificate, accepts_a_real_easyrsa_pair_and_normalises_it) {
    const WallTime now = WallTime{std::chrono::sys_days{std::chrono::year{2027} / 1 / 1}.time_since_epoch()};
    const auto credential =
        check_client_credential(tests::kEasyrsaClientCert, Secret<>(std::string(tests::kEasyrsaClientKey)), now);
    ASSERT_TRUE(credential) << credential.error().message;
    EXPECT_EQ(credential->cert_pem.find("Certificate:"), std::string::npos);
    EXPECT_TRUE(credential->key_pem.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_TRUE(key_matches(credential->cert_pem, credential->key_pem));
    EXPECT_TRUE(credential->warnings.empty());
    EXPECT_EQ(refusal(std::string(tests::kEasyrsaServerCert), std::string(tests::kEasyrsaServerKey), now),
              "the certificate server was not issued for client use: issue one with `easyrsa build-client-full`");
}

TEST(Certificate, each_fault_has_its_sentence) {
    const std::string good = certificate_pem();
    const std::string key = key_pem();
    const std::string unlock =
        "the private key is encrypted, and nobody is there to type its passphrase: decrypt it with `openssl pkey -in "
        "KEY "
        "-out NEWKEY` and import NEWKEY";
    struct Row {
        std::string cert, key, message;
    };
    // clang-format off
    const Row rows[] = {
        {good, key,                                 "accepted"},
        {"", key,                                   "the certificate is empty"},
        {" \r\n", key,                              "the certificate is empty"},
        {good, "",                                  "the private key is empty"},
        {"hello", key,                              "the certificate is not PEM: it has no -----BEGIN CERTIFICATE----- line"},
        {good, "hello",                             "the private key is not PEM: it has no -----BEGIN PRIVATE KEY----- line"},
        {key, good,                                 "the certificate is a private key: are certificate and key swapped?"},
        {good, good,                                "the private key is a certificate: are certificate and key swapped?"},
        {good + key, key,                           "the certificate has a private key beside it: give the key apart"},
        {good, key + key,                           "the private key's file has more than one key: keep the one that belongs to the certificate"},
        {good, tests::encrypted_key_pem(),          unlock},
        {good, tests::traditional_encrypted_key_pem(), unlock},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key, "the certificate is damaged: OpenSSL cannot read it"},
        {good, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "the private key is damaged: OpenSSL cannot read it"},
        {good.substr(0, 400), key,                  "the certificate is not PEM: it has no -----BEGIN CERTIFICATE----- line"},
        {good, key_pem(TestKey::other),             "the private key does not belong to the certificate client1.domain.tld"},
        {ca_pem(), key_pem(TestKey::other),         "the certificate memdb test CA is a CA's: give the client's, issued by it"},
        {good + certificate_pem({.common_name = "b"}), key, "the certificate's file has more than one client certificate (client1.domain.tld and b): keep one"},
        {certificate_pem({.common_name = ""}), key, "the certificate (serial 2A) has no common name, which AWS Client VPN demands: issue it with a CN"},
        {certificate_pem({.extended_usage = "serverAuth"}), key,
                                                    "the certificate client1.domain.tld was not issued for client use: issue one with `easyrsa build-client-full`"},
        {certificate_pem({.usage = "keyEncipherment"}), key,
                                                    "the certificate client1.domain.tld was not issued for client use: issue one with `easyrsa build-client-full`"},
        {certificate_pem({.extended_usage = "serverAuth,clientAuth"}), key, "accepted"},
        {certificate_pem({.extended_usage = "", .usage = ""}), key, "accepted"},
        {certificate_pem({.key = TestKey::ec}), key_pem(TestKey::ec),
                                                    "the certificate client1.domain.tld has an EC key, AWS Client VPN takes RSA only: issue one with RSA 2048"},
        {certificate_pem({.key = TestKey::small}), key_pem(TestKey::small),
                                                    "the certificate client1.domain.tld has an RSA key of 1024 bits, which is too small: issue one with RSA 2048"},
        {certificate_pem({.not_after = kNow}), key, "the certificate client1.domain.tld expired on 2026-06-01: issue a new one"},
        {certificate_pem({.not_after = kNow - days{200}}), key, "the certificate client1.domain.tld expired on 2025-11-13: issue a new one"},
        {certificate_pem({.not_before = kNow + days{1}}), key, "the certificate client1.domain.tld is valid from 2026-06-02 only, and this machine's clock says 2026-06-01: wait, or issue it again"},
        {certificate_pem({.not_before = kNow + days{1}}) + certificate_pem({.common_name = "ca", .not_before = kNow + days{2}, .extended_usage = "", .usage = "keyCertSign", .is_ca = true}), key,
                                                    "the certificate client1.domain.tld is valid from 2026-06-02 only, and this machine's clock is wrong: it says 2026-06-01, which is before 2026-06-03; set it"},
        {certificate_pem({.key = TestKey::large}), key_pem(TestKey::large),
                                                    "the certificate client1.domain.tld has an RSA key of 3072 bits, AWS Client VPN takes no larger one than 2048: issue one with RSA 2048"},
        {certificate_pem({.common_name = "a\x1b[31m"}), key_pem(TestKey::other), "the private key does not belong to the certificate a\\1B[31m"},
    };
    // clang-format on
    for (const Row& row : rows) EXPECT_EQ(refusal(row.cert, row.key), row.message);
}

TEST(Certificate, the_chain_follows_the_client_certificate_wherever_it_was) {
    const auto credential = check_client_credential(ca_pem() + certificate_pem(), Secret<>(key_pem()), kNow);
    ASSERT_TRUE(credential) << credential.error().message;
    EXPECT_EQ(credential->info.common_name, "client1.domain.tld");
    const auto chain = read_certificates(credential->cert_pem, "the chain");
    ASSERT_TRUE(chain);
    ASSERT_EQ(chain->size(), 2u);
    EXPECT_FALSE((*chain)[0].info.is_ca);
    EXPECT_TRUE((*chain)[1].info.is_ca);
}

TEST(Certificate, warns_of_what_will_not_last) {
    const auto soon =
        check_client_credential(certificate_pem({.not_after = kNow + days{29}}), Secret<>(key_pem()), kNow);
    ASSERT_TRUE(soon);
    EXPECT_EQ(soon->warnings, std::vector<std::string>{"the certificate client1.domain.tld expires on 2026-06-30"});
}

TEST(Certificate, crlf_and_text_around_the_blocks_do_not_matter) {
    std::string crlf;
    for (const char c : "a note\n" + certificate_pem() + "another\n") crlf += c == '\n' ? "\r\n" : std::string(1, c);
    EXPECT_EQ(refusal(crlf, "Bag Attributes\n" + key_pem()), "accepted");
}

TEST(Certificate, the_state_follows_the_dates) {
    struct Row {
        WallTime now;
        CredentialState state;
        std::int64_t days;
        std::string_view word;
    };
    const auto read = read_certificates(certificate_pem(), "it");
    ASSERT_TRUE(read);
    const CertificateInfo info = read->front().info;
    const WallTime end = info.not_after;
    const Row rows[] = {
        {info.not_before - 1ms, CredentialState::not_yet_valid, 375, "not-yet-valid"},
        {info.not_before, CredentialState::valid, 375, "valid"},
        {end - days{30} - 1ms, CredentialState::valid, 30, "valid"},
        {end - days{30}, CredentialState::expiring, 30, "expiring"},
        {end - 1ms, CredentialState::expiring, 0, "expiring"},
        {end, CredentialState::expired, 0, "expired"},
        {end + 1ms, CredentialState::expired, -1, "expired"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(state_of(info, row.now), row.state) << row.word;
        EXPECT_EQ(days_left(info, row.now), row.days) << row.word;
        EXPECT_EQ(to_string(row.state), row.word);
    }
    CertificateInfo server = info;
    server.for_client = false;
    EXPECT_EQ(state_of(server, kNow), CredentialState::unusable);
    EXPECT_EQ(to_string(CredentialState::unusable), "unusable");
}

TEST(Certificate, of_several_authorities_the_next_to_expire_counts) {
    const auto at = [](WallTime end) { return Certificate{{.not_after = end, .is_ca = true}, ""}; };
    EXPECT_EQ(ca_not_after({}, kNow), std::nullopt);
    EXPECT_EQ(ca_not_after({at(kNow + 2h), at(kNow + 1h)}, kNow), kNow + 1h);
    EXPECT_EQ(ca_not_after({at(kNow - 1h), at(kNow + 2h)}, kNow), kNow + 2h)
        << "an old cross-signed one does not matter";
    EXPECT_EQ(ca_not_after({at(kNow - 2h), at(kNow - 1h)}, kNow), kNow - 1h);
}

TEST(Certificate, what_it_may_be_used_for_is_told_in_words) {
    const auto info_of = [](const tests::TestCertificate& wanted) {
        return tests::got(read_certificates(certificate_pem(wanted), "it")).front().info;
    };
    using Words = std::vector<std::string>;
    const auto all = info_of({.extended_usage = "serverAuth,clientAuth,1.3.6.1.4.1.99999.7",
                              .usage = "digitalSignature,nonRepudiation,keyEncipherment,keyCertSign,cRLSign"});
    EXPECT_EQ(all.extended_usage, (Words{"serverAuth", "clientAuth", "1.3.6.1.4.1.99999.7"}));
    EXPECT_EQ(all.key_usage,
              (Words{"digitalSignature", "nonRepudiation", "keyEncipherment", "keyCertSign", "cRLSign"}));
    const auto none = info_of({.extended_usage = "", .usage = ""});
    EXPECT_EQ(none.key_usage, Words{});
    EXPECT_EQ(none.extended_usage, Words{});
    EXPECT_TRUE(none.for_client);
}

TEST(Certificate, a_day_comes_back) {
    EXPECT_EQ(parse_date(date_text(kNow)), kNow);
    for (const auto* wrong :
         {"", "2026-06-1", "2026-13-01", "2026-02-30", "2026/06/01", "2O26-06-01", "-026-06-01", "2026-06-01T"})
        EXPECT_EQ(parse_date(wrong), std::nullopt) << wrong;
}

TEST(Certificate, a_clock_is_wrong_when_it_says_less_than_is_certain) {
    EXPECT_EQ(certain_past({}, std::nullopt), kProjectBegan);
    EXPECT_EQ(certain_past({}, kNow), kNow);
    const auto at = [](WallTime begin, bool is_ca) { return Certificate{{.not_before = begin, .is_ca = is_ca}, ""}; };
    EXPECT_EQ(certain_past({at(kNow + 1h, true), at(kNow + 9h, false)}, kNow), kNow + 1h) << "of CAs only";
}

TEST(Certificate, dates_far_away_are_read) {
    const WallTime end{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}.time_since_epoch()};
    const auto read = read_certificates(certificate_pem({.not_after = end}), "it");
    ASSERT_TRUE(read);
    EXPECT_EQ(date_text(read->front().info.not_after), "9999-12-31");
}

TEST(Certificate, texts_have_limits) {
    EXPECT_EQ(read_certificates(std::string(kPemSizeLimit + 1, 'x'), "it").error().code, Errc::too_large);
    std::string many;
    for (std::size_t i = 0; i <= kPemBlockLimit; ++i) many += ca_pem();
    EXPECT_EQ(read_certificates(many, "it").error().code, Errc::too_large);
    std::string begins;
    while (begins.size() < kPemSizeLimit - 64) begins += "-----BEGIN X" + std::to_string(begins.size()) + "-----\n";
    EXPECT_FALSE(read_certificates(begins, "it"));
}

TEST(Certificate, every_cut_gives_an_answer) {
    const std::string cert = certificate_pem();
    for (std::size_t length = 0; length < cert.size(); length += 3)
        EXPECT_NE(refusal(cert.substr(0, length), key_pem()), "accepted");
}

}  // namespace
}  // namespace memdb::keys
