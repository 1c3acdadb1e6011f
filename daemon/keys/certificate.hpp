// Certificates and private keys as text: read, judged against a given `now`. Uses OpenSSL's libcrypto only.
//
// In: PEM from outside, with whatever easy-rsa or a person put around it. Out: facts, or one sentence about what is
// wrong and what to do. Opens no file, reads no clock, trusts nothing: whether a chain is trusted is for the server.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::keys {

inline constexpr std::size_t kPemSizeLimit = std::size_t{256} * 1024;  ///< bytes of text, dumps included
inline constexpr std::size_t kPemBlockLimit = 16;                      ///< certificates in one text
inline constexpr std::int64_t kExpiringDays = 30;                      ///< before its end a certificate is `expiring`
/// No memdbd is older: a clock that says less is wrong. Not the day of the build, which would make builds differ.
inline constexpr WallTime kProjectBegan{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}.time_since_epoch()};

enum class KeyType : std::uint8_t { rsa, ec, other };

struct CertificateInfo {
    std::string subject;      ///< "CN=client1.domain.tld", printable ASCII
    std::string common_name;  ///< empty when there is none
    std::string issuer;
    std::string serial;  ///< hex, upper case
    WallTime not_before{};
    WallTime not_after{};
    KeyType key_type = KeyType::other;
    int key_bits = 0;
    bool is_ca = false;
    bool for_client =
        false;  ///< extended key usage absent or with clientAuth, key usage absent or with digitalSignature
    std::string fingerprint;                  ///< SHA-256 of the DER, hex, upper case
    std::vector<std::string> key_usage;       ///< "digitalSignature", …; empty: the certificate does not say
    std::vector<std::string> extended_usage;  ///< "clientAuth", …, or an OID; at most 16; empty: it does not say
    bool operator==(const CertificateInfo&) const = default;
};

struct Certificate {
    CertificateInfo info;
    std::string pem;  ///< 64 columns, no dump
};

/// Reads every certificate in `pem`, in order; text around the blocks is skipped.
///
/// @param what  begins the message: "the certificate", "the cluster's CA".
/// @return Errc::bad_input when there is none, one cannot be read, or there is a private key among them;
///         Errc::too_large beyond kPemSizeLimit or kPemBlockLimit.
Result<std::vector<Certificate>> read_certificates(std::string_view pem, std::string_view what);

/// What a tunnel authenticates with, checked and normalised.
struct Credential {
    CertificateInfo info;
    std::string cert_pem;  ///< the client's certificate, then its chain
    Secret<> key_pem;      ///< PKCS#8
    std::vector<std::string> warnings;
};

/// Judges a client certificate and its key.
///
/// @return Errc::bad_input with one sentence for: empty, no PEM, swapped, encrypted, damaged, not exactly one client
///         certificate, key does not match, no CN, not for client use, EC, no RSA 2048, expired, not yet valid (and
///         whether the clock is to blame).
Result<Credential> check_client_credential(std::string_view cert_pem, const Secret<>& key_pem, WallTime now);

/// Whether `key_pem` is the private key of the first certificate in `cert_pem`; false for anything unreadable.
bool key_matches(std::string_view cert_pem, const Secret<>& key_pem);

/// Whether it is a private key that OpenSSL can read, whoever's.
bool is_readable_key(const Secret<>& key_pem);

enum class CredentialState : std::uint8_t { valid, expiring, expired, not_yet_valid, unusable };

/// Why a certificate can never serve as a client's, whatever the day: one sentence that says what to do.
std::optional<std::string> flaw_of(const CertificateInfo& info);

CredentialState state_of(const CertificateInfo& info, WallTime now);

/// "valid", "expiring", "expired", "not-yet-valid", "unusable".
std::string_view to_string(CredentialState state) noexcept;

/// Whole days until not_after, rounded down; negative once it has passed.
std::int64_t days_left(const CertificateInfo& info, WallTime now);

/// When the first CA that still counts expires: the earliest of those valid at `now`, else the latest. Nothing for
/// none.
std::optional<WallTime> ca_not_after(const std::vector<Certificate>& authorities, WallTime now);

/// A moment that is certainly past: the begin of the CAs among `certificates`, what was `stored`, this project's own. A
/// clock that says less is wrong; else a certificate that is not yet valid simply begins later.
WallTime certain_past(const std::vector<Certificate>& certificates, std::optional<WallTime> stored);

/// "rsa", "ec", "other".
std::string_view to_string(KeyType type) noexcept;

/// "2027-01-31".
std::string date_text(WallTime time);

/// For two moments in one sentence: with the minute where they are of the same day, "2026-06-01 12:00 UTC".
std::string date_text(WallTime time, WallTime beside);

/// The inverse: 00:00 of that day; nothing for anything else.
std::optional<WallTime> parse_date(std::string_view text);

}  // namespace memdb::keys
