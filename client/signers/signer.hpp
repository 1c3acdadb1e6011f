// Who turns a certificate request into a certificate, and the one call for all of them. Runs as the calling user, with
// the user's own CA, AWS credentials or program (design §9.1). Blocking, with a limit.
#pragma once

#include "client/control_client.hpp"
#include "client/signers/csr.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::client::signers {

enum class SignerKind : std::uint8_t { pki, acm_pca, command, manual };

struct Signer {
    SignerKind kind = SignerKind::manual;
    std::string target;  ///< a PKI's folder, a CA's ARN, a program; empty for manual
    bool operator==(const Signer&) const = default;
};

/// "pki:/home/x/pki", "acm-pca:arn:aws:…", "command:/usr/local/bin/sign", "manual": as a profile stores it.
/// Errc::bad_input for another word, a path that is not absolute, an ARN that is none. "pki" alone has an empty target:
/// the default one.
Result<Signer> parse_signer(std::string_view text);

/// "easy-rsa in /home/x/pki": for people.
std::string describe(const Signer& signer);

struct SigningSettings {
    std::string easyrsa;      ///< --easyrsa, may be empty
    std::string region;       ///< may be empty: the CA's own
    std::string aws_profile;  ///< may be empty
    std::optional<unsigned> days;
};

inline constexpr Duration kSignLimit = 60s;

/// The certificate for `csr`, checked by check_signed(). Never for SignerKind::manual.
/// @param limit  at most kSignLimit is used. @return Exit::failed, Exit::timed_out: one line.
Outcome<std::string> sign(const Signer& signer, const SigningSettings& settings, const Csr& csr, Duration limit);

Outcome<std::string> sign_with_pki(const std::string& folder, const SigningSettings& settings, const Csr& csr,
                                   Duration limit);
Outcome<std::string> sign_with_acm_pca(const std::string& arn, const SigningSettings& settings, const Csr& csr,
                                       Duration limit);
Outcome<std::string> sign_with_command(const std::string& program, const Csr& csr, Duration limit);

}  // namespace memdb::client::signers
