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

std::vector<health::Condition> credential_conditions(const CredentialInForce& credential, WallTime now);

}  // namespace memdb::app
