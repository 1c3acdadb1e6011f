// Requests and certificates between an agent and a signer that may each be another one than we think; and who signs.
#include "client/aws_words.hpp"
#include "client/signer_choice.hpp"
#include "client/signers/acm_pca_reply.hpp"
#include "client/signers/signer.hpp"
#include "keys/key_request.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/test_certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace memdb::client {
namespace {

using namespace signers;
using testing::HasSubstr;

constexpr std::string_view kArn =
    "arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/11111111-2222-3333-4444-555555555555";

const keys::KeyRequest& request() {
    static const auto made = keys::make_key_request("laptop-20261124");
    return *made;
}

/// A certificate for the key of a request, by openssl's own command line.
std::string signed_for(const std::string& csr) {
    const tests::ScratchFolder folder;
    const std::string at = folder.path().string();
    tests::put(folder.path() / "csr", csr);
    const std::string line = "cd " + at +
                             " && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ca -keyout ca.key -out ca.crt "
                             "2>/dev/null && openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -CAcreateserial -text "
                             "-out crt 2>/dev/null";
    EXPECT_EQ(std::system(line.c_str()), 0);
    return tests::content(folder.path() / "crt");
}

TEST(CheckCsr, takes_what_the_agent_makes) {
    const auto csr = check_csr(request().csr_pem);
    ASSERT_TRUE(csr.has_value()) << csr.error().message;
    EXPECT_EQ(csr->common_name, "laptop-20261124");
    EXPECT_TRUE(csr->pem.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
}

TEST(CheckCsr, refuses_everything_else) {
    const std::string& good = request().csr_pem;
    std::string broken = good, forged = good;
    broken[good.size() / 2] = '!';
    forged[good.size() / 2] = forged[good.size() / 2] == 'A' ? 'B' : 'A';
    std::string inner = good;
    inner.insert(good.find('\n') + 1, "Proc-Type: 4,ENCRYPTED\n");
    const std::pair<std::string, const char*> rows[] = {
        {"", "one PEM block"},
        {good + good, "base64"},
        {"text\n" + good, "one PEM block"},
        {good + "-----BEGIN CERTIFICATE-----\n", "one PEM block"},
        {broken, "base64"},
        {forged, "request"},
        {inner, "base64"},
        {std::string(kCsrLimit + 1, 'A'), "larger"},
        {"-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n", "base64"},
    };
    for (const auto& [text, words] : rows) {
        const auto csr = check_csr(text);
        ASSERT_TRUE(csr.has_error()) << text;
        EXPECT_THAT(csr.error().message, HasSubstr(words));
    }
}

TEST(CheckCsr, refuses_names_that_programs_could_take_for_something_else) {
    for (const char* name : {"-rf", "../x", "a b", "ca", ".x", "a/b", "a;id", "a'"}) {
        const auto made = keys::make_key_request(name);
        ASSERT_TRUE(made.has_value()) << name;
        EXPECT_THAT(check_csr(made->csr_pem).error().message, HasSubstr("plain name")) << name;
    }
}

TEST(CheckSigned, finds_the_certificate_for_the_request) {
    const auto csr = check_csr(request().csr_pem);
    const std::string ours = signed_for(request().csr_pem);
    const auto made = check_signed(ours, *csr);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_TRUE(made->starts_with("-----BEGIN CERTIFICATE-----\n")) << "the dump is left out";
    const std::string other = signed_for(keys::make_key_request("other")->csr_pem);
    const auto both = check_signed(other + ours, *csr);
    ASSERT_TRUE(both.has_value()) << both.error().message;
    EXPECT_TRUE(both->starts_with(*made) && both->size() > made->size()) << "the one for the request comes first";
    EXPECT_THAT(check_signed(other, *csr).error().message, HasSubstr("another key"));
    EXPECT_THAT(check_signed(ours + request().key_pem.reveal(), *csr).error().message, HasSubstr("private key"));
    EXPECT_TRUE(check_signed(std::string(kCertificateLimit + 1, 'x'), *csr).has_error());
    EXPECT_TRUE(check_signed("", *csr).has_error());
}

TEST(ParseSigner, knows_what_a_profile_may_store) {
    EXPECT_EQ(*parse_signer("manual"), (Signer{SignerKind::manual, ""}));
    EXPECT_EQ(*parse_signer("pki:/home/x/my pki"), (Signer{SignerKind::pki, "/home/x/my pki"}));
    EXPECT_EQ(*parse_signer("command:/usr/local/bin/sign"), (Signer{SignerKind::command, "/usr/local/bin/sign"}));
    EXPECT_EQ(*parse_signer("acm-pca:" + std::string(kArn)), (Signer{SignerKind::acm_pca, std::string(kArn)}));
    for (const char* text : {"", "x", "manual:x", "pki:relative", "pki:/a/$(id)", "command:sign", "command:",
                             "acm-pca:", "acm-pca:arn:aws:acm-pca:eu:1:certificate-authority/x", "acm-pca:--endpoint"})
        EXPECT_TRUE(parse_signer(text).has_error()) << text;
}

TEST(AwsWords, only_plain_ones) {
    EXPECT_TRUE(is_acm_pca_arn(kArn));
    EXPECT_TRUE(is_acm_pca_certificate_arn(std::string(kArn) + "/certificate/0123456789abcdef"));
    EXPECT_FALSE(is_acm_pca_certificate_arn(kArn));
    EXPECT_FALSE(is_acm_pca_arn(std::string(kArn) + "/certificate/x"));
    EXPECT_FALSE(is_acm_pca_arn("arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/a b"));
    EXPECT_EQ(arn_part(kArn, 3), "eu-central-1");
    EXPECT_FALSE(is_aws_word("--endpoint-url"));
    EXPECT_EQ(shell_line({"aws", "a b", "it's", "file:///x"}), "aws 'a b' 'it'\\''s' file:///x");
}

TEST(AcmPcaReply, is_read_as_aws_prints_it) {
    const std::string arn = std::string(kArn) + "/certificate/0123";
    EXPECT_EQ(*parse_issued("{\n    \"CertificateArn\": \"" + arn + "\"\n}\n"), arn);
    for (const char* text : {"", "{}", "[]", "{\"CertificateArn\":\"--x\"}", "{\"CertificateArn\":7}", "An error"})
        EXPECT_TRUE(parse_issued(text).has_error()) << text;
    EXPECT_EQ(*parse_certificate_reply(R"({"Certificate":"C","CertificateChain":"D"})"), "C\nD");
    EXPECT_EQ(*parse_certificate_reply(R"({"Certificate":"C"})"), "C\n");
    EXPECT_TRUE(parse_certificate_reply(R"({"CertificateChain":"D"})").has_error());
    EXPECT_TRUE(is_in_progress("aws: An error occurred (RequestInProgressException) when calling the GetCertificate"));
    EXPECT_FALSE(is_in_progress("aws: An error occurred (AccessDeniedException) when calling the GetCertificate"));
}

control::ProfileView profile_with(std::optional<std::string> signer, std::optional<std::uint32_t> uid) {
    control::ProfileView profile;
    profile.name = "demo";
    profile.signer = std::move(signer);
    profile.signer_uid = uid;
    return profile;
}

TEST(ChooseSigner, the_flags_win) {
    const auto profile = profile_with("command:/evil", 1234u);
    Arguments arguments;
    arguments.keys.signer = "pki";
    EXPECT_EQ(choose_signer(arguments, profile, 1000)->kind, SignerKind::pki);
    arguments.keys.signer = "";
    arguments.pki.folder = "/x/pki";
    EXPECT_EQ(*choose_signer(arguments, profile, 1000), (Signer{SignerKind::pki, "/x/pki"}));
    arguments.keys.command = "/bin/sign";
    EXPECT_THAT(choose_signer(arguments, profile, 1000).error().message, HasSubstr("two signers"));
    arguments.pki.folder = "";
    EXPECT_EQ(choose_signer(arguments, profile, 1000)->target, "/bin/sign");
    arguments.keys.command = "relative";
    EXPECT_EQ(choose_signer(arguments, profile, 1000).error().exit, Exit::usage);
    arguments.keys = {};
    arguments.keys.signer = "acm-pca";
    EXPECT_THAT(choose_signer(arguments, profile, 1000).error().message, HasSubstr("--acm-pca"));
}

TEST(ChooseSigner, another_members_program_is_never_run) {
    const Arguments none;
    EXPECT_EQ(choose_signer(none, profile_with("command:/x", 1000u), 1000)->target, "/x");
    EXPECT_EQ(choose_signer(none, profile_with("command:/x", 0u), 1000)->target, "/x") << "root's";
    for (const auto uid : {std::optional<std::uint32_t>(1001u), std::optional<std::uint32_t>()}) {
        const auto refused = choose_signer(none, profile_with("command:/x", uid), 1000);
        ASSERT_TRUE(refused.has_error());
        EXPECT_EQ(refused.error().exit, Exit::not_permitted);
        EXPECT_TRUE(choose_signer(none, profile_with("pki:/x", uid), 1000).has_error());
    }
    EXPECT_EQ(choose_signer(none, profile_with("manual", 1001u), 1000)->kind, SignerKind::manual) << "runs nothing";
    EXPECT_EQ(choose_signer(none, profile_with({}, {}), 1000).error().exit, Exit::usage);
    EXPECT_TRUE(choose_signer(none, profile_with("nonsense", 1000u), 1000).has_error());
}

TEST(ChooseRevokeOld, the_flag_wins_and_a_strangers_wish_is_not_followed) {
    const Signer pki{SignerKind::pki, "/x/pki"}, command{SignerKind::command, "/x"};
    auto profile = profile_with("pki:/x/pki", 1000u);
    Arguments arguments;
    const auto chosen = [&](const Signer& signer) { return choose_revoke_old(arguments, profile, signer, 1000); };
    EXPECT_EQ(*chosen(pki), RevokeOld::no) << "nobody wishes it";
    profile.revoke_old = true;
    EXPECT_EQ(*chosen(pki), RevokeOld::not_ours) << "nobody is named";
    for (const auto& [uid, expected] :
         {std::pair(1000u, RevokeOld::yes), std::pair(0u, RevokeOld::yes), std::pair(1001u, RevokeOld::not_ours)}) {
        profile.revoke_old_uid = uid;
        EXPECT_EQ(*chosen(pki), expected) << uid;
        EXPECT_EQ(*chosen(command), RevokeOld::no) << "a wish of the profile's is for its PKI";
    }
    arguments.keys.revoke_old = true;
    EXPECT_EQ(*chosen(pki), RevokeOld::yes) << "said here, whoever else wishes it";
    EXPECT_EQ(chosen(command).error().exit, Exit::usage);
    profile.revoke_old_uid = 1000;
    arguments.keys.revoke_old = false;
    EXPECT_EQ(*chosen(pki), RevokeOld::no);
    EXPECT_EQ(*chosen(command), RevokeOld::no);
}

/// A program of the test's own.
std::string program(const tests::ScratchFolder& folder, const std::string& script) {
    const auto path = folder.path() / "sign";
    tests::put(path, "#!/bin/sh\n" + script);
    ::chmod(path.c_str(), 0755);
    return path.string();
}

TEST(CommandSigner, every_way_to_fail_is_one_line) {
    const auto csr = check_csr(request().csr_pem);
    const std::pair<const char*, const char*> rows[] = {
        {"echo no such CA >&2; exit 1", "no such CA"},
        {"exit 7", "exit code 7"},
        {"exit 0", "gave back"},
        {"echo garbage", "gave back"},
        {"head -c 10485760 /dev/zero | tr '\\0' a", "more than 256 KiB"},
        {"sleep 1000", "did not end"},
        {"cat", "gave back"},
    };
    for (const auto& [script, words] : rows) {
        const tests::ScratchFolder folder;
        const auto made = sign({SignerKind::command, program(folder, script)}, {}, *csr, 1s);
        ASSERT_TRUE(made.has_error()) << script;
        EXPECT_THAT(made.error().message, HasSubstr(words)) << script;
        EXPECT_EQ(made.error().message.find('\n'), std::string::npos);
    }
    EXPECT_THAT(sign({SignerKind::command, "/nonexistent/sign"}, {}, *csr, 1s).error().message,
                HasSubstr("/nonexistent"));
}

TEST(CommandSigner, its_certificate_is_checked) {
    const auto csr = check_csr(request().csr_pem);
    const tests::ScratchFolder folder;
    tests::put(folder.path() / "good", signed_for(request().csr_pem));
    tests::put(folder.path() / "other", signed_for(keys::make_key_request("other")->csr_pem));
    const std::string at = folder.path().string();
    EXPECT_TRUE(sign({SignerKind::command, program(folder, "cat >/dev/null; cat " + at + "/good")}, {}, *csr, 10s));
    EXPECT_THAT(sign({SignerKind::command, program(folder, "cat " + at + "/other")}, {}, *csr, 10s).error().message,
                HasSubstr("another key"));
}

}  // namespace
}  // namespace memdb::client
