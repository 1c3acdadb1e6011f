#include "app/credential_map.hpp"

#include <fmt/format.h>

namespace memdb::app {

control::CredentialView credential_view(const CredentialInForce& credential, WallTime now) {
    control::CredentialView view;
    view.generation = credential.generation;
    view.subject = credential.certificate.subject;
    view.issuer = credential.certificate.issuer;
    view.serial = credential.certificate.serial;
    view.not_before = credential.certificate.not_before;
    view.not_after = credential.certificate.not_after;
    view.days_left = keys::days_left(credential.certificate, now);
    view.ca_not_after = credential.ca_not_after;
    view.state = std::string(keys::to_string(keys::state_of(credential.certificate, now)));
    return view;
}

bool is_usable(const std::optional<CredentialInForce>& credential, WallTime now) {
    if (!credential) return false;
    const auto state = keys::state_of(credential->certificate, now);
    return state == keys::CredentialState::valid || state == keys::CredentialState::expiring;
}

Hold hold_of(bool held, bool usable, bool is_up) noexcept {
    if (held) return usable ? Hold::release : Hold::keep;
    return usable || is_up ? Hold::keep : Hold::hold;
}

std::vector<health::Condition> credential_conditions(const CredentialInForce& credential, WallTime now) {
    using keys::CredentialState;
    const keys::CertificateInfo& info = credential.certificate;
    const std::string until = keys::date_text(info.not_after);
    std::vector<health::Condition> out;
    switch (keys::state_of(info, now)) {
        case CredentialState::valid: break;
        case CredentialState::expiring:
            out.push_back({"client-cert-expiring", fmt::format("the client certificate ends on {}", until),
                           fmt::format("{} days left", keys::days_left(info, now))});
            break;
        case CredentialState::expired:
            out.push_back(
                {"client-cert-expired", fmt::format("the client certificate ended on {}", until), info.subject});
            break;
        case CredentialState::not_yet_valid:
            out.push_back({"client-cert-not-yet-valid",
                           fmt::format("the client certificate begins on {}", keys::date_text(info.not_before)),
                           info.subject});
            break;
        case CredentialState::unusable:
            out.push_back({"client-cert-unusable", "the client certificate is not for client use", info.subject});
            break;
    }
    if (credential.ca_not_after && *credential.ca_not_after - now < std::chrono::days(kCaExpiringDays))
        out.push_back(
            {"ca-expiring",
             fmt::format("the endpoint's certificate authority ends on {}", keys::date_text(*credential.ca_not_after)),
             ""});
    return out;
}

}  // namespace memdb::app
