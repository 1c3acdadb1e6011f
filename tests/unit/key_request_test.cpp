#include "keys/key_request.hpp"

#include "tests/support/got.hpp"
#include "tests/support/test_certificates.hpp"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace memdb::keys {
namespace {

using tests::got;

struct FreeRequest {
    void operator()(X509_REQ* request) const { X509_REQ_free(request); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(BIO* memory) const { BIO_free(memory); }
};

TEST(KeyRequest, is_a_signed_request_for_one_name_with_a_new_rsa_2048_key) {
    for (const std::string& name :
         {std::string("laptop-20261124"), std::string(64, 'n'), std::string("a b/c=d,e+f\"")}) {
        const KeyRequest made = got(make_key_request(name));
        const std::unique_ptr<BIO, FreeRequest> memory(BIO_new_mem_buf(made.csr_pem.data(), -1));
        const std::unique_ptr<X509_REQ, FreeRequest> request(
            PEM_read_bio_X509_REQ(memory.get(), nullptr, nullptr, nullptr));
        ASSERT_TRUE(request);
        EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
        EXPECT_EQ(X509_REQ_verify(request.get(), key), 1);
        EXPECT_EQ(EVP_PKEY_base_id(key), EVP_PKEY_RSA);
        EXPECT_EQ(EVP_PKEY_bits(key), 2048);
        EXPECT_EQ(X509_REQ_get_signature_nid(request.get()), NID_sha256WithRSAEncryption);
        X509_NAME* const subject = X509_REQ_get_subject_name(request.get());
        ASSERT_EQ(X509_NAME_entry_count(subject), 1);
        char text[128] = {};
        EXPECT_EQ(X509_NAME_get_text_by_NID(subject, NID_commonName, text, sizeof text), static_cast<int>(name.size()));
        EXPECT_EQ(text, name);
        EXPECT_TRUE(made.key_pem.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        EXPECT_TRUE(made.csr_pem.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
        EXPECT_EQ(made.csr_pem.find("PRIVATE"), std::string::npos);
        EXPECT_TRUE(is_request_of(made.csr_pem, made.key_pem));
    }
}

TEST(KeyRequest, every_key_is_another) {
    const KeyRequest one = got(make_key_request("x")), two = got(make_key_request("x"));
    EXPECT_NE(one.key_pem.reveal(), two.key_pem.reveal());
    EXPECT_FALSE(is_request_of(one.csr_pem, two.key_pem));
    EXPECT_FALSE(is_request_of("", two.key_pem));
    EXPECT_FALSE(is_request_of("garbage", two.key_pem));
    EXPECT_FALSE(is_request_of(one.csr_pem, Secret<>("")));
    EXPECT_FALSE(is_request_of(one.csr_pem, Secret<>("garbage")));
    EXPECT_FALSE(is_request_of(one.csr_pem, Secret<>(tests::encrypted_key_pem())))
        << "and asks nobody for a passphrase";
    EXPECT_FALSE(is_request_of(std::string(one.csr_pem).substr(0, 400), one.key_pem));
    EXPECT_TRUE(is_request_of(one.csr_pem, one.key_pem)) << "nothing of that stays behind";
}

TEST(KeyRequest, only_printable_names_of_at_most_64_characters) {
    for (const std::string& name : {std::string(), std::string(65, 'n'), std::string("a\nb"), std::string("a\0b", 3),
                                    std::string("J\xc3\xbcrgen"), std::string("\x7f")}) {
        const auto made = make_key_request(name);
        ASSERT_FALSE(made) << name.size();
        EXPECT_EQ(made.error().code, Errc::bad_input);
    }
}

/// One case; not inlined, since GCC 12 sees overflows in a long list of strings under TSan that are not there.
[[gnu::noinline]] void expect_next(const std::string& present, const std::string& wanted) {
    const std::string next = next_common_name(present, "20261124");
    EXPECT_EQ(next, wanted) << present;
    EXPECT_NE(next, present);
    EXPECT_LE(next.size(), 64u);
}

TEST(NextCommonName, carries_the_date_in_place_of_an_earlier_one) {
    expect_next("laptop", "laptop-20261124");
    expect_next("laptop-20260101", "laptop-20261124");
    expect_next("laptop-20260101-7", "laptop-20261124");
    expect_next("laptop-20261124", "laptop-20261124-2");
    expect_next("laptop-20261124-2", "laptop-20261124-3");
    expect_next("laptop-20261124-9", "laptop-20261124-10");
    expect_next("laptop-20261124-998", "laptop-20261124-999");
    expect_next("laptop-20261124-999", "laptop-20261124");
    expect_next("laptop-20261124-0002", "laptop-20261124-3");
    expect_next("laptop-20261124x", "laptop-20261124x-20261124");
    expect_next("laptop-20261124-", "laptop-20261124--20261124");
    expect_next("laptop-2026112", "laptop-2026112-20261124");
    expect_next("laptop-2", "laptop-2-20261124");
    expect_next("20261124", "20261124-20261124");
    expect_next("-20261124", "20261124-20261124");
    expect_next("client1.domain.tld", "client1.domain.tld-20261124");
    expect_next("a b/c", "a-b-c-20261124");
    expect_next("../../etc/passwd", "etc-passwd-20261124");
    expect_next("--batch", "batch-20261124");
    expect_next("$(id);`x`", "id---x--20261124");
    expect_next("a\nb", "a-b-20261124");
    expect_next("J\xc3\xbcrgen", "J--rgen-20261124");
    expect_next("", "client-20261124");
    expect_next("...", "client-20261124");
    expect_next("\xff\xff", "client-20261124");
    expect_next(std::string(64, 'n'), std::string(51, 'n') + "-20261124");
    expect_next(std::string(51, 'n') + "-20261124-99", std::string(51, 'n') + "-20261124-100");
    expect_next(std::string(500, 'n'), std::string(51, 'n') + "-20261124");
}

TEST(NextCommonName, comes_after_what_was_asked_for_before) {
    const auto after = [](std::string_view present, const std::vector<std::string>& asked) {
        return next_common_name(present, "20261124", asked);
    };
    EXPECT_EQ(after("laptop", {"laptop-20261124"}), "laptop-20261124-2") << "that one failed, and may have been signed";
    EXPECT_EQ(after("laptop", {"laptop-20261124-7", "laptop-20261124-2"}), "laptop-20261124-8");
    EXPECT_EQ(after("laptop-20261124-3", {"laptop-20261124"}), "laptop-20261124-4");
    EXPECT_EQ(after("laptop-20261123-3", {"laptop", "laptop-20261123-9", ""}), "laptop-20261124") << "of another day";
    EXPECT_EQ(after("laptop", {"desktop-20261124", "laptop-20261124x"}), "laptop-20261124") << "of another client";
    EXPECT_EQ(after("laptop", {"laptop-20261124-999"}), "laptop-20261124");
    EXPECT_EQ(after("laptop", {"laptop-20261124-4294967296"}), "laptop-20261124");
}

TEST(NextCommonName, is_new_all_day_long_and_never_longer_than_allowed) {
    for (const std::string& first : {std::string("laptop"), std::string(64, 'n')}) {
        std::set<std::string> names;
        std::string name = first;
        for (int i = 0; i < 999; ++i) {
            name = next_common_name(name, "20261124");
            EXPECT_TRUE(names.insert(name).second) << name;
            EXPECT_LE(name.size(), 64u);
        }
    }
}

}  // namespace
}  // namespace memdb::keys
