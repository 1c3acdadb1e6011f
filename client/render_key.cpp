#include "client/render_key.hpp"

#include "client/text.hpp"

#include <chrono>
#include <cstdio>
#include <vector>

namespace memdb::client {
namespace {

using control::CertificateView;
using control::CredentialView;
using control::CrlView;

constexpr std::size_t kIndent = 13;  // so that 64 digits of a fingerprint stay on one line

std::string fact(std::string_view label, const std::string& text, const Style& style) {
    return "  " + pad(label, kIndent - 2) + wrap(text, style.width, kIndent, kIndent) + "\n";
}

std::string day(WallTime time) {
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
    char text[32];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return text;
}

std::string minute(WallTime time) {
    const std::chrono::hh_mm_ss clock{time - std::chrono::floor<std::chrono::days>(time)};
    char text[32];
    std::snprintf(text, sizeof text, " %02d:%02d", static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()));
    return day(time) + text;
}

std::string left(std::int64_t days) {
    return days < 0 ? "ended " + count_text(static_cast<std::size_t>(-days), "day") + " ago"
                    : count_text(static_cast<std::size_t>(days), "day") + " left";
}

std::string joined(const std::vector<std::string>& words, bool ascii) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + clean(word, ascii);
    return out.empty() ? "not restricted" : out;
}

std::string key_text(const CredentialView& credential, bool ascii) {
    std::string type = clean(credential.key_type.value_or("unknown"), ascii);
    if (type == "rsa") type = "RSA";
    if (type == "ec") type = "EC";
    return type + (credential.key_bits ? ", " + std::to_string(*credential.key_bits) + " bits" : "");
}

std::string chain_text(const control::ChainView& chain, bool ascii) {
    if (chain.verified) return "verified, to " + clean(chain.authority.value_or("a CA of the configuration"), ascii);
    return clean(chain.problem.value_or("not verified"), ascii) +
           "; no fault if the endpoint's CA for clients is another one";
}

std::string certificate_text(const CertificateView& certificate, bool ascii) {
    return clean(certificate.subject, ascii) + ", until " + day(certificate.not_after) + ", " +
           left(certificate.days_left);
}

std::string crl_text(const CrlView& crl, bool ascii) {
    std::string text = "of " + clean(crl.issuer, ascii) + ", made on " + day(crl.last_update) + ", " +
                       std::to_string(crl.entries) + " revoked";
    if (crl.next_update)
        text += ", next one due by " + day(*crl.next_update) + " (" + left(crl.days_left.value_or(0)) + ")";
    if (!crl.verified) text += ", its signature could not be checked";
    return text;
}

/// When the key is changed next, and how the last change went.
std::string rotation_text(const CredentialView& credential, const control::RotationView* rotation, bool ascii) {
    std::string text;
    if (credential.rotate_at) text = "due on " + day(*credential.rotate_at);
    if (rotation == nullptr) return text;
    if (!text.empty()) text += "; ";
    constexpr std::string_view ended[] = {"confirmed", "failed", "reverted"};
    const bool over = std::find(std::begin(ended), std::end(ended), rotation->phase) != std::end(ended);
    text += over ? "the last one, " : "under way: ";
    text += "to generation " + std::to_string(rotation->generation) + ": " + clean(rotation->phase, ascii);
    return rotation->message ? text + ", " + clean(*rotation->message, ascii) : text;
}

std::string verdict_text(const CrlView& crl, bool ascii) {
    if (!crl.revoked) return "this certificate is not on it";
    return "REVOKED: this certificate is on it since " + day(crl.revoked->at) + " (" +
           clean(crl.revoked->reason, ascii) + ")";
}

}  // namespace

std::string render_key(const std::string& profile, const CredentialView& credential, const Style& style,
                       const control::RotationView* rotation) {
    const bool ascii = !style.utf8;
    std::string out = clean(profile, ascii) + "  generation " + std::to_string(credential.generation) + ", " +
                      clean(credential.state, ascii);
    if (credential.previous_generation)
        out += "; generation " + std::to_string(*credential.previous_generation) + " is kept";
    out += "\n";
    out += fact("subject", clean(credential.subject, ascii), style);
    out += fact("issuer", clean(credential.issuer, ascii), style);
    out += fact("serial", clean(credential.serial, ascii), style);
    out += fact(
        "valid",
        minute(credential.not_before) + " to " + minute(credential.not_after) + " UTC, " + left(credential.days_left),
        style);
    if (credential.key_type) {
        out += fact("key", key_text(credential, ascii), style);
        out += fact("usage", joined(credential.key_usage, ascii), style);
        out += fact("purpose", joined(credential.extended_key_usage, ascii), style);
    }
    if (credential.fingerprint) out += fact("SHA-256", clean(*credential.fingerprint, ascii), style);
    if (credential.chain) out += fact("chain", chain_text(*credential.chain, ascii), style);
    for (const CertificateView& authority : credential.authorities)
        out += fact("CA", certificate_text(authority, ascii), style);
    if (credential.server) out += fact("server", certificate_text(*credential.server, ascii), style);
    if (const auto text = rotation_text(credential, rotation, ascii); !text.empty())
        out += fact("rotation", text, style);
    if (!credential.crl) return out + fact("revocation", "no list known; hand one in: memdbctl key crl FILE", style);
    out += fact("revocation", crl_text(*credential.crl, ascii), style);
    return out + fact("", verdict_text(*credential.crl, ascii), style);
}

std::string render_crl(const std::string& profile, const CrlView& crl, const Style& style) {
    const bool ascii = !style.utf8;
    return wrap(clean(profile, ascii) + " has a revocation list " + crl_text(crl, ascii), style.width, 2, 0) + "\n  " +
           verdict_text(crl, ascii) + "\n";
}

}  // namespace memdb::client
