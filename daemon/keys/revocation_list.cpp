#include "keys/revocation_list.hpp"

#include "keys/pem_blocks.hpp"
#include "keys/x509_values.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <memory>

namespace memdb::keys {
namespace {

using EnumeratedPtr = std::unique_ptr<ASN1_ENUMERATED, Freed<ASN1_ENUMERATED_free>>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, Freed<ASN1_INTEGER_free>>;

constexpr char kDerBegin = 0x30;  // a SEQUENCE

Failure bad(std::string message) {
    ERR_clear_error();  // OpenSSL's queue must not reach the next caller
    return {Errc::bad_input, std::move(message)};
}

Failure too_large(std::string message) {
    ERR_clear_error();
    return {Errc::too_large, std::move(message)};
}

/// RFC 5280's words.
std::string_view reason_word(long reason) {
    constexpr std::array<std::string_view, 11> words = {"unspecified",        "keyCompromise", "CACompromise",
                                                        "affiliationChanged", "superseded",    "cessationOfOperation",
                                                        "certificateHold",    "unspecified",   "removeFromCRL",
                                                        "privilegeWithdrawn", "AACompromise"};
    return reason >= 0 && reason < static_cast<long>(words.size()) ? words[static_cast<std::size_t>(reason)] : words[0];
}

Result<CrlPtr> parse_der(std::string_view bytes) {
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    const auto* const end = at + bytes.size();
    CrlPtr list(d2i_X509_CRL(nullptr, &at, static_cast<long>(bytes.size())));
    if (!list || at != end) return bad("the file is no certificate revocation list: give the crl.pem of `gen-crl`");
    return list;
}

Result<CrlPtr> parse_pem(std::string_view text) {
    const auto blocks = find_pem_blocks(text);
    const auto is_crl = [](const PemBlock& block) { return block.label == "X509 CRL"; };
    const auto lists = std::count_if(blocks.begin(), blocks.end(), is_crl);
    if (lists == 0)
        return bad("the file has no -----BEGIN X509 CRL----- line: give the crl.pem that `gen-crl` has written");
    if (lists > 1) return bad("the file has more than one revocation list: give the one of the clients' CA");
    const BioPtr memory = memory_of(std::find_if(blocks.begin(), blocks.end(), is_crl)->text);
    CrlPtr list(PEM_read_bio_X509_CRL(memory.get(), nullptr, no_passphrase, nullptr));
    if (!list) return bad("the revocation list is damaged: OpenSSL cannot read it");
    return list;
}

std::optional<Revocation> describe(const X509_REVOKED* entry) {
    const auto at = wall_time(X509_REVOKED_get0_revocationDate(entry));
    if (!at) return std::nullopt;
    const EnumeratedPtr reason(
        static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
    return Revocation{number_text(X509_REVOKED_get0_serialNumber(entry)), *at,
                      std::string(reason_word(reason ? ASN1_ENUMERATED_get(reason.get()) : 0))};
}

CrlPtr parse_again(const RevocationList& list) {
    const BioPtr memory = memory_of(list.pem);
    return CrlPtr(PEM_read_bio_X509_CRL(memory.get(), nullptr, no_passphrase, nullptr));
}

bool is_older(const RevocationList& list, const RevocationList& than) {
    if (list.last_update != than.last_update) return list.last_update < than.last_update;
    // Made within one second: the numbers tell. Longer hex is larger.
    if (list.number.empty() || than.number.empty()) return false;
    return std::pair(list.number.size(), list.number) < std::pair(than.number.size(), than.number);
}

}  // namespace

Result<RevocationList> read_revocation_list(std::string_view bytes) {
    if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos) return bad("the revocation list is empty");
    if (bytes.size() > kCrlSizeLimit)
        return too_large(fmt::format("the revocation list has more than {} KiB", kCrlSizeLimit / 1024));
    const bool is_der = bytes.front() == kDerBegin && bytes.find("-----BEGIN ") == std::string_view::npos;
    const auto parsed = is_der ? parse_der(bytes) : parse_pem(bytes);
    if (!parsed) return parsed.error();
    X509_CRL* const crl = parsed->get();

    RevocationList list;
    list.issuer = name_text(X509_CRL_get_issuer(crl));
    const auto last_update = wall_time(X509_CRL_get0_lastUpdate(crl));
    const ASN1_TIME* const next_update = X509_CRL_get0_nextUpdate(crl);
    list.next_update = wall_time(next_update);
    if (!last_update || (next_update != nullptr && !list.next_update))
        return bad("the revocation list has a date that cannot be read: make it again with `gen-crl`");
    list.last_update = *last_update;
    if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0)
        return bad("the file is a delta list, which holds changes only: give the whole list");
    const IntegerPtr number(static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, nullptr, nullptr)));
    list.number = number_text(number.get());

    STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(crl);
    const int count = std::max(sk_X509_REVOKED_num(entries), 0);  // -1 without a list
    if (static_cast<std::size_t>(count) > kCrlEntryLimit) {
        return too_large(
            fmt::format("the revocation list has {} entries, AWS Client VPN takes {}", count, kCrlEntryLimit));
    }
    list.entries.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        auto entry = describe(sk_X509_REVOKED_value(entries, i));
        if (!entry) return bad("the revocation list has an entry that cannot be read: make it again with `gen-crl`");
        list.entries.push_back(*std::move(entry));
    }
    std::ranges::sort(list.entries, {}, &Revocation::serial);
    const BioPtr written(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_X509_CRL(written.get(), crl) != 1)
        return Failure{Errc::internal, "the revocation list cannot be written again"};
    list.pem = text_of(written.get());
    ERR_clear_error();
    return list;
}

bool is_signed_by(const RevocationList& list, const std::vector<Certificate>& authorities) {
    const CrlPtr crl = parse_again(list);
    bool verified = false;
    for (const Certificate& authority : authorities) {
        if (!crl || verified || !authority.info.is_ca || authority.info.subject != list.issuer) continue;
        const X509Ptr certificate = parse_certificate(authority.pem);
        EVP_PKEY* const key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
        verified = key != nullptr && X509_CRL_verify(crl.get(), key) == 1;
    }
    ERR_clear_error();
    return verified;
}

Result<RevocationList> judge_revocation_list(std::string_view bytes, const CrlContext& context) {
    auto list = read_revocation_list(bytes);
    if (!list) return list;
    const auto is_issuer = [&](const Certificate& c) { return c.info.is_ca && c.info.subject == list->issuer; };
    const bool is_known = std::ranges::any_of(context.authorities, is_issuer);
    const bool is_own = context.certificate != nullptr && context.certificate->issuer == list->issuer;
    if (!is_known && !is_own) {
        return bad(fmt::format("the list is of {}, but this profile's certificate is of {}: give the list of that CA",
                               list->issuer,
                               context.certificate != nullptr ? context.certificate->issuer : "another CA"));
    }
    if (is_known && !is_signed_by(*list, context.authorities)) {
        return bad(fmt::format("the list says it is of {}, but that CA has not signed it: make it again with `gen-crl`",
                               list->issuer));
    }
    if (context.stored != nullptr && context.stored->issuer == list->issuer && is_older(*list, *context.stored)) {
        return Failure{Errc::already_exists,
                       fmt::format("a newer list is here already: of {}, this one is of {}",
                                   date_text(context.stored->last_update), date_text(list->last_update))};
    }
    return list;
}

std::optional<Revocation> find_revocation(const RevocationList& list, const CertificateInfo& certificate) {
    if (list.issuer != certificate.issuer) return std::nullopt;
    const auto at = std::ranges::lower_bound(list.entries, certificate.serial, {}, &Revocation::serial);
    if (at == list.entries.end() || at->serial != certificate.serial) return std::nullopt;
    return *at;
}

}  // namespace memdb::keys
