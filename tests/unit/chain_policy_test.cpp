#include "keys/chain_policy.hpp"

#include "tests/support/easyrsa_pki.hpp"
#include "tests/support/got.hpp"
#include "tests/support/test_certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::keys {
namespace {

using std::chrono::days;
using tests::ca_pem;
using tests::certificate_pem;
using tests::kNow;
using tests::TestKey;

constexpr WallTime kYear2027{std::chrono::sys_days{std::chrono::year{2027} / 1 / 1}.time_since_epoch()};

std::vector<Certificate> read(std::string_view pem) { return tests::got(read_certificates(pem, "it")); }

TEST(ChainPolicy, a_real_easyrsa_certificate_ends_at_its_ca) {
    EXPECT_EQ(verify_chain(read(tests::kEasyrsaClientCert), read(tests::kEasyrsaCa), kYear2027),
              (ChainVerdict{true, "CN=memdb test CA", ""}));
}

TEST(ChainPolicy, each_fault_has_its_phrase) {
    const std::string nobody = "no CA of the configuration issued it";
    struct Row {
        std::string own, authorities;
        WallTime now;
        std::string problem;
    };
    const Row rows[] = {
        {certificate_pem(), ca_pem(), kNow, ""},
        {certificate_pem(), std::string(tests::kEasyrsaCa), kYear2027, nobody},  // the same name, another key
        {certificate_pem(), certificate_pem({.common_name = "server"}), kNow, nobody},
        {ca_pem(), std::string(tests::kEasyrsaClientCert), kNow, nobody},
        {certificate_pem({.not_after = kNow - days{1}}), ca_pem(), kNow, "certificate has expired"},
        {certificate_pem({.not_before = kNow + days{1}}), ca_pem(), kNow, "certificate is not yet valid"},
        {certificate_pem(), ca_pem(kNow - days{1}), kNow, "certificate has expired (CN=memdb test CA)"},
        {certificate_pem({.extended_usage = "serverAuth"}), ca_pem(), kNow, "unsuitable certificate purpose"},
    };
    for (const Row& row : rows) {
        const ChainVerdict verdict = verify_chain(read(row.own), read(row.authorities), row.now);
        EXPECT_EQ(verdict.verified, row.problem.empty());
        EXPECT_EQ(verdict.problem, row.problem);
        EXPECT_EQ(verdict.authority, row.problem.empty() ? "CN=memdb test CA" : "");
    }
    EXPECT_FALSE(verify_chain({}, read(ca_pem()), kNow).verified);
    EXPECT_EQ(verify_chain(read(certificate_pem()), {}, kNow).problem, nobody);
    EXPECT_EQ(verify_chain({Certificate{}}, read(ca_pem()), kNow).problem, "OpenSSL cannot read it");
}

TEST(ChainPolicy, of_several_authorities_the_right_one_is_named) {
    const std::string other = certificate_pem({.common_name = "elsewhere",
                                               .extended_usage = "",
                                               .usage = "keyCertSign",
                                               .key = TestKey::client,
                                               .is_ca = true});
    const ChainVerdict verdict = verify_chain(
        read(certificate_pem()), read(other + certificate_pem({.common_name = "server"}) + ca_pem()), kNow);
    EXPECT_EQ(verdict, (ChainVerdict{true, "CN=memdb test CA", ""}));
}

}  // namespace
}  // namespace memdb::keys
