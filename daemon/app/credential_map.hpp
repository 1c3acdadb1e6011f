// The credential in force as a view for the Snapshot, and what its dates say as conditions for blame. Pure.
#pragma once

#include "control/snapshot.hpp"
#include "health/facts.hpp"
#include "keys/certificate.hpp"

#include <optional>
#include <vector>

namespace memdb::app {

/// The credential a profile runs with.
struct CredentialInForce {
    unsigned generation = 0;
    keys::CertificateInfo certificate;
    std::optional<WallTime> ca_not_after;  ///< of the endpoint's CA, from the configuration
};

/// A CA that ends within so many days is worth a warning: everything issued by it ends too.
inline constexpr std::int64_t kCaExpiringDays = 90;

control::CredentialView credential_view(const CredentialInForce& credential, WallTime now);

/// Whether an attempt with it can succeed: it is valid now and for client use.
bool is_usable(const std::optional<CredentialInForce>& credential, WallTime now);

/// What a wanted tunnel does about its credential.
enum class Hold : std::uint8_t {
    keep,     ///< go on as it is
    hold,     ///< make no attempt: it cannot succeed before something changes (design §4, `blocked`)
    release,  ///< attempts make sense again, for instance after a corrected clock
};

/// @param held   no attempts are made at present. @param is_up  a tunnel that is up is left alone until it ends by
/// itself.
Hold hold_of(bool held, bool usable, bool is_up) noexcept;

std::vector<health::Condition> credential_conditions(const CredentialInForce& credential, WallTime now);

}  // namespace memdb::app
