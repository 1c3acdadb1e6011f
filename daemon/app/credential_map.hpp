// The credential in force as a view for the Snapshot, and what its dates and its CA's revocation list say as conditions
// for blame. Pure.
#pragma once

#include "control/snapshot.hpp"
#include "health/facts.hpp"
#include "keys/certificate.hpp"
#include "keys/chain_policy.hpp"
#include "keys/revocation_list.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace memdb::app {

/// What a revocation list says about one certificate, and how long it holds.
struct CrlFacts {
    std::string issuer;
    WallTime last_update{};
    std::optional<WallTime> next_update;
    std::size_t entries = 0;
    bool verified = false;  ///< its signature is that of a CA of the configuration
    std::optional<keys::Revocation> revoked;
};

/// The credential a profile runs with, judged at one moment.
struct CredentialInForce {
    unsigned generation = 0;
    keys::CertificateInfo certificate;
    std::optional<WallTime> ca_not_after;              ///< of the endpoint's CA, from the configuration
    std::vector<keys::CertificateInfo> authorities{};  ///< the CAs of the configuration
    std::optional<keys::CertificateInfo> server{};     ///< its copy of the server's certificate, if it has one
    std::optional<keys::ChainVerdict> chain{};         ///< to one of those CAs
    std::optional<CrlFacts> crl{};                     ///< absent: nobody has handed one in
    WallTime certainly_past = keys::kProjectBegan;     ///< a clock that says less is wrong
    WallTime judged_at{};
};

/// What a credential is made of.
struct CredentialParts {
    unsigned generation = 0;
    const std::vector<keys::Certificate>& own;          ///< the client's certificate, then its chain; not empty
    const std::vector<keys::Certificate>& authorities;  ///< what the configuration's <ca> holds
    std::optional<WallTime> stored_on;
    const keys::RevocationList* crl = nullptr;
};

/// Verifies signatures: half a millisecond. Again when a part is another, and every kJudgedFor.
CredentialInForce credential_in_force(const CredentialParts& parts, WallTime now);

inline constexpr Duration kJudgedFor = 1h;

/// The same list as seen by `certificate`, which may be null: there is none.
CrlFacts crl_facts(const keys::RevocationList& list, const std::vector<keys::Certificate>& authorities,
                   const keys::CertificateInfo* certificate);
control::CrlView crl_view(const CrlFacts& crl, WallTime now);

control::CredentialView credential_view(const CredentialInForce& credential, WallTime now);

/// Whether an attempt with it can succeed: it is valid now, for client use, and not on the revocation list.
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

/// Why there is no credential, of a profile that needs one. @param why  of CredentialStore.
health::Condition trouble_of(const Failure& why);

/// What speaks for a certificate of the wrong issuer, where the endpoint rejects it without a word; empty: nothing. No
/// proof: AWS lets the clients' CA be another one than the server's, which is all that the configuration names.
std::string issuer_doubt(const CredentialInForce& credential);

/// What blocks comes first.
std::vector<health::Condition> credential_conditions(const CredentialInForce& credential, WallTime now);

}  // namespace memdb::app
