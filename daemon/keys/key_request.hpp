// A new private key and the request to certify it: RSA 2048, PKCS#8 and PKCS#10 as PEM (facts C.6: AWS Client VPN takes
// RSA 2048 with a CN, no EC).
//
// Uses OpenSSL's libcrypto and its random numbers; opens no file. make_key_request() computes for 50 to 500 ms: call it
// off the loop.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <span>
#include <string>
#include <string_view>

namespace memdb::keys {

struct KeyRequest {
    Secret<> key_pem;
    std::string csr_pem;
};

/// A fresh key and a request with this CN alone, signed with SHA-256.
/// @param common_name  1 to 64 printable ASCII characters. @return Errc::bad_input, Errc::internal.
Result<KeyRequest> make_key_request(std::string_view common_name);

/// Whether `key_pem` is the key that `csr_pem` asks a certificate for, and the request is signed with it; false for
/// anything unreadable.
bool is_request_of(std::string_view csr_pem, const Secret<>& key_pem);

/// The CN of the next generation: the present one with the date in place of an earlier generation's (facts F.4: a new
/// name for each, so that no version of easy-rsa stumbles over the old one).
///
/// "laptop" -> "laptop-20261124"; on the same day again "laptop-20261124-2". Never `present`, at most 64 characters;
/// what is no letter, digit, dot, dash or underscore becomes a dash.
/// @param asked  names that were asked for before; those of a rotation that failed may have been signed, and a CA has
/// each name once: the next one comes after them, too.
std::string next_common_name(std::string_view present, std::string_view date_yyyymmdd,
                             std::span<const std::string> asked = {});

}  // namespace memdb::keys
