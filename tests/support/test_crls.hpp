// Revocation lists made while the tests run, of the CA of test_certificates.hpp or of another key under its name.
#pragma once

#include "tests/support/test_certificates.hpp"

#include <optional>
#include <string>
#include <vector>

namespace memdb::tests {

struct TestCrl {
    struct Entry {
        long serial = 0;
        WallTime at = kNow - std::chrono::days{2};
        long reason = -1;  ///< -1: none given
    };
    std::string issuer = "memdb test CA";
    WallTime last_update = kNow - std::chrono::days{1};
    std::optional<WallTime> next_update = kNow + std::chrono::days{179};
    std::vector<Entry> entries;
    long number = 0;  ///< 0: none
    bool is_delta = false;
    TestKey signed_by = TestKey::other;
};

inline X509_CRL* test_crl(const TestCrl& wanted) {
    X509_CRL* const crl = X509_CRL_new();
    X509_CRL_set_version(crl, 1);
    X509_NAME* const issuer = X509_NAME_new();
    X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wanted.issuer.data()),
                               static_cast<int>(wanted.issuer.size()), -1, 0);
    X509_CRL_set_issuer_name(crl, issuer);
    X509_NAME_free(issuer);
    ASN1_TIME* const time = ASN1_TIME_new();
    set_time(time, wanted.last_update);
    X509_CRL_set1_lastUpdate(crl, time);
    if (wanted.next_update) {
        set_time(time, *wanted.next_update);
        X509_CRL_set1_nextUpdate(crl, time);
    }
    ASN1_INTEGER* const number = ASN1_INTEGER_new();
    for (const TestCrl::Entry& entry : wanted.entries) {
        X509_REVOKED* const revoked = X509_REVOKED_new();
        ASN1_INTEGER_set(number, entry.serial);
        X509_REVOKED_set_serialNumber(revoked, number);
        set_time(time, entry.at);
        X509_REVOKED_set_revocationDate(revoked, time);
        if (entry.reason >= 0) {
            ASN1_ENUMERATED* const reason = ASN1_ENUMERATED_new();
            ASN1_ENUMERATED_set(reason, entry.reason);
            X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, reason, 0, 0);
            ASN1_ENUMERATED_free(reason);
        }
        X509_CRL_add0_revoked(crl, revoked);
    }
    ASN1_INTEGER_set(number, wanted.is_delta ? 1 : wanted.number);
    if (wanted.number > 0) X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0);
    if (wanted.is_delta) X509_CRL_add1_ext_i2d(crl, NID_delta_crl, number, 1, 0);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(time);
    X509_CRL_sort(crl);
    X509_CRL_sign(crl, test_key(wanted.signed_by), EVP_sha256());
    return crl;
}

inline std::string crl_pem(const TestCrl& wanted = {}) {
    X509_CRL* const crl = test_crl(wanted);
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_CRL(memory, crl);
    X509_CRL_free(crl);
    return written(memory);
}

inline std::string crl_der(const TestCrl& wanted = {}) {
    X509_CRL* const crl = test_crl(wanted);
    BIO* memory = BIO_new(BIO_s_mem());
    i2d_X509_CRL_bio(memory, crl);
    X509_CRL_free(crl);
    return written(memory);
}

}  // namespace memdb::tests
