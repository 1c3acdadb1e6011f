// The certificate request that the agent hands out, judged before any program of the caller sees it; and what a signer
// gave back, judged before the agent sees it. Pure; libcrypto only.
//
// The agent may be another one than we think: whoever owns the socket must not choose what easy-rsa or aws are told.
#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace memdb::client::signers {

inline constexpr std::size_t kCsrLimit = 16 * 1024;           ///< bytes
inline constexpr std::size_t kCertificateLimit = 256 * 1024;  ///< bytes, a chain and dumps included

struct Csr {
    std::string pem;          ///< the one block, nothing around it, with a newline at its end
    std::string common_name;  ///< pki::is_name()
};

/// One CERTIFICATE REQUEST block of strict base64 and nothing else but blanks, its signature right, one CN that is a
/// name. @return Errc::bad_input, Errc::too_large: one sentence that quotes nothing.
Result<Csr> check_csr(std::string_view pem);

/// The certificates in what a signer printed, as PEM without anything around them, the one for the request first.
/// @return Errc::bad_input (none, damaged, a private key among them, none for the request's key), Errc::too_large.
Result<std::string> check_signed(std::string_view output, const Csr& csr);

}  // namespace memdb::client::signers
