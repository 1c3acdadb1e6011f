// What a rotation may put in force, and when it is due. Pure: certificates, keys and dates in, a verdict out.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "keys/certificate.hpp"
#include "keys/rotation_machine.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace memdb::keys {

/// Judges the certificate that came back for a pending key: everything that check_client_credential() says, and that it
/// is a new one (another name than `present`, since the trial connection runs beside the tunnel and an endpoint takes
/// two clients of one name for one), and comes from the CA that issued `present`.
///
/// @param present      of the generation in force; absent when there is none that can be read.
/// @param authorities  of the profile's configuration.
/// @return Errc::bad_input (or too_large) with one sentence.
Result<Credential> check_new_certificate(std::string_view cert_pem, const Secret<>& key_pem,
                                         const std::optional<CertificateInfo>& present,
                                         const std::vector<Certificate>& authorities, WallTime now);

/// When a new key is due: `lead` before the end of the present one. Nothing when lead is 0: never.
[[nodiscard]] std::optional<WallTime> rotation_due_at(const CertificateInfo& present, Duration lead);

/// What memdbd itself does about a key that is due, when it may have requests signed.
enum class DueAction : std::uint8_t {
    nothing,
    make_key,     ///< a new key, and have it signed
    prove_again,  ///< the endpoint did not take the stored certificate the last time; AWS may need hours
};

/// @param tried_at  when memdbd last tried by itself.
[[nodiscard]] DueAction what_is_due(const RotationState& state, std::optional<WallTime> due_at,
                                    std::optional<TimePoint> tried_at, TimePoint now, WallTime wall);

inline constexpr Duration kTryAgain = 6h;

/// So long after rotation_due_at() without one, it is overdue: a finding.
inline constexpr Duration kRotationGrace = std::chrono::days{2};

}  // namespace memdb::keys
