#include "config/import_policy.hpp"

#include "tests/support/easyrsa_pki.hpp"
#include "tests/support/import_requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace memdb::config {
namespace {

using std::chrono::days;
using tests::certificate_pem;
using tests::direct_request;
using tests::key_pem;
using tests::kNow;
using tests::tunnel_request;

TEST(ImportPolicy, a_good_tunnel_becomes_a_profile) {
    const auto judged = judge_import(tunnel_request(), kNow);
    ASSERT_TRUE(judged) << judged.error().message;
    EXPECT_EQ(judged->profile.name, "demo");
    EXPECT_EQ(judged->profile.kind, ProfileKind::tunnel);
    EXPECT_EQ(judged->profile.remotes.size(), 1u);
    EXPECT_TRUE(judged->profile.random_hostname);
    EXPECT_THAT(judged->profile.clusters, testing::ElementsAre(Cluster{"clustercfg.demo.lab.memorydb.test", 6379,
                                                                       ClusterTls::on, "memdb-check"}));
    EXPECT_TRUE(judged->profile.has_password);
    EXPECT_TRUE(judged->profile.has_cluster_ca);
    EXPECT_EQ(judged->password.reveal(), "correct horse");
    EXPECT_EQ(judged->cluster_ca_pem, tests::kEasyrsaCa);
    ASSERT_TRUE(judged->credential);
    EXPECT_EQ(judged->credential->info.common_name, "client1.domain.tld");
    EXPECT_TRUE(judged->client_ovpn.ends_with("</ca>\n"));
    EXPECT_THAT(judged->warnings, testing::IsEmpty());
}

TEST(ImportPolicy, a_good_direct_one_needs_a_cluster_only) {
    const auto judged = judge_import(direct_request(), kNow);
    ASSERT_TRUE(judged) << judged.error().message;
    EXPECT_EQ(judged->profile.kind, ProfileKind::direct);
    EXPECT_TRUE(judged->profile.remotes.empty());
    EXPECT_FALSE(judged->credential);
    EXPECT_TRUE(judged->client_ovpn.empty());
    EXPECT_FALSE(judged->profile.has_password);
}

TEST(ImportPolicy, certificate_and_key_may_be_inside_the_file) {
    ImportRequest request = tunnel_request();
    request.ovpn_text += "<cert>\n" + request.cert_pem + "</cert>\n<key>\n" + request.key_pem.reveal() + "</key>\n";
    request.cert_pem.clear();
    request.key_pem = Secret<>{};
    const auto judged = judge_import(request, kNow);
    ASSERT_TRUE(judged) << judged.error().message;
    EXPECT_EQ(judged->client_ovpn.find("PRIVATE KEY"), std::string::npos);
    EXPECT_TRUE(keys::key_matches(judged->credential->cert_pem, judged->credential->key_pem));
}

TEST(ImportPolicy, each_bad_input_has_its_line) {
    struct Row {
        std::function<void(ImportRequest&)> spoil;
        std::string message;
    };
    // clang-format off
    const Row rows[] = {
        {[](auto& r) { r.name = ""; },               "the profile needs a name"},
        {[](auto& r) { r.name = "../demo"; },        "\"../demo\" cannot be a profile's name: use at most 32 of a-z 0-9 . _ - and begin with a letter or digit"},
        {[](auto& r) { r.clusters.clear(); },        "no cluster: give its endpoint with --cluster HOST[:PORT]"},
        {[](auto& r) { r.clusters.resize(9); },      "9 clusters, at most 8 are allowed"},
        {[](auto& r) { r.clusters[0].endpoint = "a b"; }, "cluster: \"a b\" is no host name and no address"},
        {[](auto& r) { r.clusters[0].endpoint = "rediss://a"; }, "cluster: \"rediss://a\" is a URL: give HOST or HOST:PORT"},
        {[](auto& r) { r.clusters.push_back(r.clusters[0]); }, "cluster clustercfg.demo.lab.memorydb.test:6379 is given twice"},
        {[](auto& r) { r.clusters[0].user = "a b"; }, "\"a b\" cannot be a user's name: use at most 128 printable characters without blanks and quotes"},
        {[](auto& r) { r.clusters[0].user = ""; },   "a password without a user: give it with --user"},
        {[](auto& r) { r.password = Secret<>{}; },   "a user without a password: give it with --password-file, or name a file in memdbd.toml ([passwords])"},
        {[](auto& r) { r.password = Secret<>("a\nb"); }, "the password has a line break or another control character: it must be one line"},
        {[](auto& r) { r.password = Secret<>(std::string(1025, 'x')); }, "the password has more than 1024 bytes"},
        {[](auto& r) { r.cluster_ca_pem = "x"; },    "the cluster's CA is not PEM: it has no -----BEGIN CERTIFICATE----- line"},
        {[](auto& r) { r.cluster_ca_pem = " \n"; },  "the cluster's CA is empty"},
        {[](auto& r) { r.ovpn_text = ""; },          "downloaded-client-config.ovpn is empty"},
        {[](auto& r) { r.ovpn_text = " \r\n"; },     "downloaded-client-config.ovpn is empty"},
        {[](auto& r) { r.ovpn_text = "<html>"; },    "downloaded-client-config.ovpn:1: </html> is missing"},
        {[](auto& r) { r.ovpn_text = "client\n"; },  "downloaded-client-config.ovpn: it has no remote line: is this the file that AWS exports?"},
        {[](auto& r) { r.ovpn_text = "up x\n" + r.ovpn_text; }, "downloaded-client-config.ovpn:1: up is refused: it runs a program"},
        {[](auto& r) { r.cert_pem = ""; r.key_pem = Secret<>{}; }, "downloaded-client-config.ovpn: it has no client certificate and key, as AWS exports it: give them with --cert and --key"},
        {[](auto& r) { r.cert_pem = ""; },           "a key without its certificate, or the certificate is empty: give both with --cert and --key"},
        {[](auto& r) { r.key_pem = Secret<>{}; },    "a certificate without its key, or the key is empty: give both with --cert and --key"},
        {[](auto& r) { r.cert_pem = "\n"; },         "the certificate is empty"},
        {[](auto& r) { r.key_pem = Secret<>(key_pem(tests::TestKey::other)); }, "the private key does not belong to the certificate client1.domain.tld"},
        {[](auto& r) { r.key_pem = Secret<>(tests::encrypted_key_pem()); },
                                                     "the private key is encrypted, and nobody is there to type its passphrase: decrypt it with `openssl pkey -in KEY -out NEWKEY` and import NEWKEY"},
        {[](auto& r) { r.cert_pem = certificate_pem({.not_after = kNow - days{1}}); }, "the certificate client1.domain.tld expired on 2026-05-31: issue a new one"},
        {[](auto& r) { r.kind = ProfileKind::direct; }, "a direct profile has no tunnel: leave the configuration, the certificate and the key away"},
    };
    // clang-format on
    for (const Row& row : rows) {
        ImportRequest request = tunnel_request();
        row.spoil(request);
        const auto judged = judge_import(request, kNow);
        EXPECT_EQ(judged ? "accepted" : judged.error().message, row.message);
    }
}

TEST(ImportPolicy, a_user_by_iam_has_a_name_to_sign_for_and_no_password) {
    ImportRequest request = direct_request();
    request.clusters = {
        {"clustercfg.demo.abc.memorydb.eu-central-1.amazonaws.com", "app", ClusterTls::on, true, "", ""}};
    const auto judged = judge_import(request, kNow);
    ASSERT_TRUE(judged) << judged.error().message;
    EXPECT_EQ(judged->profile.clusters[0].iam, (IamName{"demo", "eu-central-1"}));
    EXPECT_FALSE(judged->profile.has_password);
    struct Row {
        std::function<void(ImportRequest&)> spoil;
        std::string message;
    };
    // clang-format off
    const Row rows[] = {
        {[](auto& r) { r.clusters[0].user = ""; },  "IAM needs a user: give it with --user"},
        {[](auto& r) { r.clusters[0].tls = ClusterTls::off; }, "IAM needs TLS: MemoryDB takes no token without it"},
        {[](auto& r) { r.password = Secret<>("x"); }, "IAM and a password exclude each other: leave --iam or --password-file away"},
        {[](auto& r) { r.clusters[0].endpoint = "10.20.0.7"; }, "10.20.0.7 does not tell the cluster's name and region, which an IAM token needs: give them with --iam-cluster and --iam-region"},
        {[](auto& r) { r.clusters[0].iam_region = "a b"; }, "\"a b\" is no region: give one such as eu-central-1"},
        {[](auto& r) { r.clusters.push_back({"other.test", "app", ClusterTls::on, true, "demo", "eu-central-1"}); }, "two clusters cannot both be demo of eu-central-1: give --iam-cluster to a profile with one cluster only"},
        {[](auto& r) { r.clusters[0].iam = false; r.clusters[0].iam_region = "x"; }, "a cluster's name and region for IAM without IAM: give --iam, too"},
    };
    // clang-format on
    for (const Row& row : rows) {
        ImportRequest spoilt = request;
        row.spoil(spoilt);
        const auto refused = judge_import(spoilt, kNow);
        EXPECT_EQ(refused ? "accepted" : refused.error().message, row.message);
    }
}

TEST(ImportPolicy, without_tls_a_cluster_is_taken_with_a_warning) {
    ImportRequest request = direct_request();
    request.clusters[0].tls = ClusterTls::off;
    const auto judged = judge_import(request, kNow);
    ASSERT_TRUE(judged);
    EXPECT_THAT(judged->warnings,
                testing::ElementsAre(
                    "cluster clustercfg.demo.lab.memorydb.test:6379 without TLS is degraded at best, never reachable"));
}

}  // namespace
}  // namespace memdb::config
