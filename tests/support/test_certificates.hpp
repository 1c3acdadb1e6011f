// Certificates made while the tests run: any validity, usage and key kind, signed by one throw-away CA.
//
// Header only, so that unit and unit_io share it. RSA keys are made once for the whole program: that is the slow part.
#pragma once

#include "base/secret.hpp"
#include "base/time.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace memdb::tests {

/// 2026-06-01 00:00:00 UTC: what these tests call now.
inline constexpr WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}.time_since_epoch()};

enum class TestKey { client, other, large, small, ec };

struct TestCertificate {
    std::string common_name = "client1.domain.tld";  ///< empty: only an organisation in the subject
    WallTime not_before = kNow - std::chrono::days{10};
    WallTime not_after = kNow + std::chrono::days{365};
    std::string extended_usage = "clientAuth";  ///< empty: no such extension
    std::string usage = "digitalSignature";     ///< empty: no such extension
    TestKey key = TestKey::client;
    bool is_ca = false;
    long serial = 0x2A;
    std::string issuer = "memdb test CA";
    TestKey signed_by = TestKey::other;
};

inline EVP_PKEY* test_key(TestKey kind) {
    static EVP_PKEY* const client = EVP_RSA_gen(2048);
    static EVP_PKEY* const other = EVP_RSA_gen(2048);
    switch (kind) {
        case TestKey::client: return client;
        case TestKey::other: return other;
        case TestKey::large: {
            static EVP_PKEY* const large = EVP_RSA_gen(3072);
            return large;
        }
        case TestKey::small: {
            static EVP_PKEY* const small = EVP_RSA_gen(1024);
            return small;
        }
        case TestKey::ec: {
            static EVP_PKEY* const ec = EVP_EC_gen("P-256");
            return ec;
        }
    }
    return nullptr;
}

inline std::string written(BIO* memory) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
}

inline std::string key_pem(TestKey kind = TestKey::client) {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(memory, test_key(kind), nullptr, nullptr, 0, nullptr, nullptr);
    return written(memory);
}

/// "BEGIN ENCRYPTED PRIVATE KEY".
inline std::string encrypted_key_pem() {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(memory, test_key(TestKey::client), EVP_aes_256_cbc(), "secret", 6, nullptr, nullptr);
    return written(memory);
}

/// The older form: "BEGIN RSA PRIVATE KEY" with a Proc-Type line.
inline std::string traditional_encrypted_key_pem() {
    BIO* memory = BIO_new(BIO_s_mem());
    static unsigned char passphrase[] = "secret";
    PEM_write_bio_PrivateKey_traditional(memory, test_key(TestKey::client), EVP_aes_128_cbc(), passphrase, 6, nullptr,
                                         nullptr);
    return written(memory);
}

inline void set_time(ASN1_TIME* field, WallTime time) {
    ASN1_TIME_set(field, std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

inline std::string certificate_pem(const TestCertificate& wanted = {}) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), wanted.serial);
    set_time(X509_getm_notBefore(certificate.get()), wanted.not_before);
    set_time(X509_getm_notAfter(certificate.get()), wanted.not_after);
    X509_set_pubkey(certificate.get(), test_key(wanted.key));

    const auto add_name = [](X509_NAME* name, const char* field, const std::string& value) {
        X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                   static_cast<int>(value.size()), -1, 0);
    };
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    add_name(subject, wanted.common_name.empty() ? "O" : "CN", wanted.common_name.empty() ? "lab" : wanted.common_name);
    add_name(X509_get_issuer_name(certificate.get()), "CN", wanted.issuer);

    const auto add_extension = [&](int kind, const std::string& value) {
        if (value.empty()) return;
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
        X509_add_ext(certificate.get(), extension, -1);
        X509_EXTENSION_free(extension);
    };
    add_extension(NID_basic_constraints, wanted.is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(NID_ext_key_usage, wanted.extended_usage);
    add_extension(NID_key_usage, wanted.usage);
    X509_sign(certificate.get(), test_key(wanted.signed_by), EVP_sha256());

    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate.get());
    return written(memory);
}

inline std::string ca_pem(WallTime not_after = kNow + std::chrono::days{3650}) {
    return certificate_pem({.common_name = "memdb test CA",
                            .not_after = not_after,
                            .extended_usage = "",
                            .usage = "keyCertSign,cRLSign",
                            .key = TestKey::other,
                            .is_ca = true});
}

}  // namespace memdb::tests
