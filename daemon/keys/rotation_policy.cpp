#include "keys/rotation_policy.hpp"

#include "keys/chain_policy.hpp"

#include <fmt/format.h>

namespace memdb::keys {
namespace {

Failure bad(std::string message) { return {Errc::bad_input, std::move(message)}; }

/// AWS may know the clients' CA by another certificate than the configuration's <ca>: then only its name can be
/// compared, and the trial decides.
Result<void> check_issuer(const std::vector<Certificate>& own, const std::optional<CertificateInfo>& present,
                          const std::vector<Certificate>& authorities, WallTime now) {
    const ChainVerdict chain = verify_chain(own, authorities, now);
    if (chain.verified) return {};
    const CertificateInfo& info = own.front().info;
    bool known_name = false;
    for (const Certificate& authority : authorities) known_name |= authority.info.subject == info.issuer;
    if (present && !known_name && present->issuer == info.issuer) return {};
    return bad(fmt::format(
        "the certificate was issued by {}{}: have it signed by the CA that issued the one in force{}", info.issuer,
        known_name ? ", but not with that CA's key" : "", present ? " (" + present->issuer + ")" : ""));
}

}  // namespace

Result<Credential> check_new_certificate(std::string_view cert_pem, const Secret<>& key_pem,
                                         const std::optional<CertificateInfo>& present,
                                         const std::vector<Certificate>& authorities, WallTime now) {
    auto credential = check_client_credential(cert_pem, key_pem, now);
    if (!credential) return credential.error();
    const auto own = read_certificates(credential->cert_pem, "the certificate");
    if (!own) return own.error();
    const CertificateInfo& info = credential->info;
    if (present && info.common_name == present->common_name)
        return bad(
            fmt::format("the certificate has the common name {} of the one in force, and an endpoint takes two "
                        "clients of one name for one: sign the request with the name that it asks for",
                        info.common_name));
    if (const auto issuer = check_issuer(*own, present, authorities, now); !issuer) return issuer.error();
    return credential;
}

std::optional<WallTime> rotation_due_at(const CertificateInfo& present, Duration lead) {
    if (lead <= 0ms) return std::nullopt;
    return present.not_after - lead;
}

DueAction what_is_due(const RotationState& state, std::optional<WallTime> due_at, std::optional<TimePoint> tried_at,
                      TimePoint now, WallTime wall) {
    if (!due_at || wall < *due_at || is_busy(state.phase)) return DueAction::nothing;
    if (tried_at && now - *tried_at < kTryAgain) return DueAction::nothing;
    return may_prove_again(state) ? DueAction::prove_again : DueAction::make_key;
}

}  // namespace memdb::keys
