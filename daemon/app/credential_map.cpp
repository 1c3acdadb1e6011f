#include "app/credential_map.hpp"

#include "health/expiry_policy.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace memdb::app {
namespace {

using health::Condition;
using keys::CredentialState;

control::CertificateView certificate_view(const keys::CertificateInfo& info, WallTime now) {
    return {info.subject,
            info.issuer,
            info.serial,
            info.fingerprint,
            info.not_before,
            info.not_after,
            keys::days_left(info, now)};
}

std::string time_of_day(WallTime at) {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(at - std::chrono::floor<std::chrono::days>(at));
    return fmt::format("{:02}:{:02}", minutes / 1h, minutes % 1h / 1min);
}

/// "… ends on 2027-01-31", more urgent on the last day.
std::string ending(std::string_view what, WallTime end, WallTime now) {
    const std::string day = keys::date_text(end);
    if (now >= end) return fmt::format("{} ended on {}", what, day);
    if (end - now > health::kDay) return fmt::format("{} ends on {}", what, day);
    return fmt::format("{} ends within a day, on {} at {} UTC: after that nobody can connect", what, day,
                       time_of_day(end));
}

void add_expiring(std::string_view code, std::string_view what, WallTime end, WallTime now,
                  std::vector<Condition>& out) {
    if (const auto severity = health::urgency(end - now, health::kCertificateLevels))
        out.push_back({std::string(code), ending(what, end, now), health::time_left_text(end - now), severity});
}

Condition revoked(const CredentialInForce& credential) {
    const keys::Revocation& entry = *credential.crl->revoked;
    return {"client-cert-unusable",
            fmt::format("the certificate {} was revoked on {} ({})", credential.certificate.common_name,
                        keys::date_text(entry.at), entry.reason),
            fmt::format("serial {} is on the list of {}, made on {}", entry.serial, credential.crl->issuer,
                        keys::date_text(credential.crl->last_update))};
}

/// A dead clock battery and a certificate for next week need different hands.
Condition not_yet_valid(const CredentialInForce& credential, WallTime now) {
    const std::string begin = keys::date_text(credential.certificate.not_before, now);
    const std::string today = keys::date_text(now, credential.certificate.not_before);
    if (now < credential.certainly_past) {
        return {
            "client-cert-not-yet-valid",
            fmt::format("this machine's clock is wrong: it says {}, when the client certificate, valid from {}, does "
                        "not count yet",
                        today, begin),
            fmt::format("it cannot be before {}: a CA of the configuration, the stored certificate or memdbd itself "
                        "is from then",
                        keys::date_text(credential.certainly_past))};
    }
    return {
        "client-cert-not-yet-valid",
        fmt::format("the client certificate begins on {}, and nothing says that this machine's clock is wrong", begin),
        fmt::format("the clock says {}", today)};
}

void add_crl(const CrlFacts& crl, WallTime now, std::vector<Condition>& out) {
    if (!crl.next_update) return;
    const Duration left = *crl.next_update - now;
    const std::string evidence = fmt::format("list of {}, made on {}; {}", crl.issuer, keys::date_text(crl.last_update),
                                             health::time_left_text(left));
    if (left <= 0ms)
        out.push_back({"crl-expired", ending("the certificate revocation list", *crl.next_update, now), evidence});
    else if (const auto severity = health::urgency(left, health::kCrlLevels))
        out.push_back(
            {"crl-expiring", ending("the certificate revocation list", *crl.next_update, now), evidence, severity});
}

}  // namespace

CrlFacts crl_facts(const keys::RevocationList& list, const std::vector<keys::Certificate>& authorities,
                   const keys::CertificateInfo* certificate) {
    CrlFacts facts{
        list.issuer, list.last_update, list.next_update, list.entries.size(), keys::is_signed_by(list, authorities),
        {}};
    if (certificate != nullptr) facts.revoked = keys::find_revocation(list, *certificate);
    return facts;
}

CredentialInForce credential_in_force(const CredentialParts& parts, WallTime now) {
    CredentialInForce made;
    made.generation = parts.generation;
    made.certificate = parts.own.front().info;
    made.ca_not_after = keys::ca_not_after(parts.authorities, now);
    for (const keys::Certificate& each : parts.authorities) {
        if (each.info.is_ca)
            made.authorities.push_back(each.info);
        else if (!made.server)
            made.server = each.info;
    }
    made.chain = keys::verify_chain(parts.own, parts.authorities, now);
    if (parts.crl != nullptr) made.crl = crl_facts(*parts.crl, parts.authorities, &made.certificate);
    made.certainly_past = keys::certain_past(parts.authorities, parts.stored_on);
    made.judged_at = now;
    return made;
}

control::CrlView crl_view(const CrlFacts& crl, WallTime now) {
    control::CrlView view;
    view.issuer = crl.issuer;
    view.last_update = crl.last_update;
    view.next_update = crl.next_update;
    if (crl.next_update) view.days_left = std::chrono::floor<std::chrono::days>(*crl.next_update - now).count();
    view.entries = crl.entries;
    view.verified = crl.verified;
    if (crl.revoked) view.revoked = control::RevocationView{crl.revoked->at, crl.revoked->reason};
    return view;
}

control::CredentialView credential_view(const CredentialInForce& credential, WallTime now) {
    const keys::CertificateInfo& info = credential.certificate;
    control::CredentialView view;
    view.generation = credential.generation;
    view.subject = info.subject;
    view.issuer = info.issuer;
    view.serial = info.serial;
    view.not_before = info.not_before;
    view.not_after = info.not_after;
    view.days_left = keys::days_left(info, now);
    view.ca_not_after = credential.ca_not_after;
    const bool is_revoked = credential.crl && credential.crl->revoked;
    view.state = keys::to_string(is_revoked ? CredentialState::unusable : keys::state_of(info, now));
    view.key_type = keys::to_string(info.key_type);
    view.key_bits = info.key_bits;
    view.key_usage = info.key_usage;
    view.extended_key_usage = info.extended_usage;
    view.fingerprint = info.fingerprint;
    if (const auto& chain = credential.chain) {
        view.chain.emplace().verified = chain->verified;
        (chain->verified ? view.chain->authority : view.chain->problem) =
            chain->verified ? chain->authority : chain->problem;
    }
    for (const keys::CertificateInfo& authority : credential.authorities)
        view.authorities.push_back(certificate_view(authority, now));
    if (credential.server) view.server = certificate_view(*credential.server, now);
    if (credential.crl) view.crl = crl_view(*credential.crl, now);
    return view;
}

bool is_usable(const std::optional<CredentialInForce>& credential, WallTime now) {
    if (!credential || (credential->crl && credential->crl->revoked)) return false;
    const auto state = keys::state_of(credential->certificate, now);
    return state == CredentialState::valid || state == CredentialState::expiring;
}

Hold hold_of(bool held, bool usable, bool is_up) noexcept {
    if (held) return usable ? Hold::release : Hold::keep;
    return usable || is_up ? Hold::keep : Hold::hold;
}

Condition trouble_of(const Failure& why) {
    if (why.code == Errc::bad_input)
        return {"client-key-mismatch", "the stored certificate and key do not belong together", why.message};
    return {"client-cert-unusable", "the stored certificate or key cannot be used", why.message};
}

std::string issuer_doubt(const CredentialInForce& credential) {
    if (!credential.chain || credential.chain->verified || credential.authorities.empty()) return {};
    const std::string& issuer = credential.certificate.issuer;
    for (const keys::CertificateInfo& authority : credential.authorities)
        if (authority.subject == issuer) return {};
    return fmt::format("the client certificate was issued by {}, the configuration's CA is {}", issuer,
                       credential.authorities.front().subject);
}

std::vector<Condition> credential_conditions(const CredentialInForce& credential, WallTime now) {
    const keys::CertificateInfo& info = credential.certificate;
    std::vector<Condition> out;
    const CredentialState state = keys::state_of(info, now);
    if (credential.crl && credential.crl->revoked && state != CredentialState::expired)
        out.push_back(revoked(credential));
    else if (const auto flaw = keys::flaw_of(info))
        out.push_back({"client-cert-unusable", *flaw, info.subject});
    else if (state == CredentialState::expired)
        out.push_back({"client-cert-expired", ending("the client certificate", info.not_after, now), info.subject});
    else if (state == CredentialState::not_yet_valid)
        out.push_back(not_yet_valid(credential, now));
    else
        add_expiring("client-cert-expiring", "the client certificate", info.not_after, now, out);
    if (credential.ca_not_after)
        add_expiring("ca-expiring", "the endpoint's certificate authority", *credential.ca_not_after, now, out);
    if (credential.server) {
        add_expiring("server-cert-expiring", "the endpoint's server certificate", credential.server->not_after, now,
                     out);
        // Nobody could connect if the endpoint still had it: the copy is old, and that hurts nobody.
        if (now >= credential.server->not_after) out.back().severity = health::Severity::info;
    }
    if (credential.crl) add_crl(*credential.crl, now, out);
    return out;
}

}  // namespace memdb::app
