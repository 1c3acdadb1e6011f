// OpenSSL's X.509 objects as values: owners that free themselves, names, times, numbers as text. For the pure files of
// keys/ that read certificates, requests and revocation lists.
//
// Out: printable ASCII, whatever the bytes were. Pure; libcrypto only.
#pragma once

#include "base/time.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::keys {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;

/// A BIO that reads `text`, which must outlive it. At most INT_MAX bytes.
BioPtr memory_of(std::string_view text);
/// What was written into a memory BIO.
std::string text_of(BIO* memory);

/// "CN=client1.domain.tld" (RFC 2253), control and 8-bit characters escaped, at most 512 bytes.
std::string name_text(const X509_NAME* name);
/// Hex, upper case, without separators; "-" in front of a negative one. Null is empty.
std::string number_text(const ASN1_INTEGER* number);
/// Nothing when it is no time, or null.
std::optional<WallTime> wall_time(const ASN1_TIME* time);

/// Never asks at a terminal, which is what OpenSSL does without a callback.
int no_passphrase(char* buffer, int size, int writing, void* data);

/// The first certificate in `pem`; null when OpenSSL cannot read it. OpenSSL's queue of errors is left empty.
X509Ptr parse_certificate(std::string_view pem);

}  // namespace memdb::keys
