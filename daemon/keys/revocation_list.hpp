// Certificate revocation lists: read, judged, asked for one certificate. Pure; OpenSSL's libcrypto only.
//
// In: PEM or DER from outside. Out: facts, or one sentence about what is wrong and what to do. Which list a server
// really uses is not known here: this is the copy that somebody handed to the agent.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "keys/certificate.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::keys {

inline constexpr std::size_t kCrlSizeLimit = std::size_t{1024} * 1024;  ///< bytes, as PEM or DER
inline constexpr std::size_t kCrlEntryLimit = 20'000;                   ///< as many as AWS Client VPN takes

/// One revoked certificate.
struct Revocation {
    std::string serial;  ///< hex, upper case
    WallTime at{};
    std::string reason;  ///< "keyCompromise", "superseded", …; "unspecified" when the list gives none
    bool operator==(const Revocation&) const = default;
};

struct RevocationList {
    std::string issuer;
    WallTime last_update{};
    std::optional<WallTime> next_update;
    std::string number;               ///< its CRL number, hex; empty when it has none
    std::vector<Revocation> entries;  ///< ascending by serial
    std::string pem;                  ///< the list alone, 64 columns
    bool operator==(const RevocationList&) const = default;
};

/// Reads the one list in `bytes`, PEM (text around the block is skipped) or DER.
///
/// @return Errc::bad_input for none, more than one, a delta list, damage; Errc::too_large beyond the limits.
Result<RevocationList> read_revocation_list(std::string_view bytes);

/// Whether the list's signature is that of a CA among `authorities`.
bool is_signed_by(const RevocationList& list, const std::vector<Certificate>& authorities);

/// What a list that is handed in is measured against.
struct CrlContext {
    const std::vector<Certificate>& authorities;   ///< the profile's CAs
    const CertificateInfo* certificate = nullptr;  ///< the profile's own, when it has one
    const RevocationList* stored = nullptr;        ///< the list that it would replace
};

/// Reads and judges a list that is to be stored.
///
/// @return as read_revocation_list, and Errc::bad_input for a list of an issuer that the profile has nothing to do
///         with or with a signature that is not its CA's; Errc::already_exists when a newer one is stored.
Result<RevocationList> judge_revocation_list(std::string_view bytes, const CrlContext& context);

/// The entry of `certificate`; nothing when it is not on the list, or the list is another issuer's.
std::optional<Revocation> find_revocation(const RevocationList& list, const CertificateInfo& certificate);

}  // namespace memdb::keys
