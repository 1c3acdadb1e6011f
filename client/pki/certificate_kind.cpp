#include "client/pki/certificate_kind.hpp"

#include "keys/x509_values.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <climits>
#include <memory>

namespace memdb::client::pki {
namespace {

using ReqPtr = std::unique_ptr<X509_REQ, keys::Freed<X509_REQ_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, keys::Freed<GENERAL_NAMES_free>>;

template <class Ptr, class Read>
Ptr read_pem(std::string_view pem, Read read) {
    if (pem.size() > INT_MAX) return nullptr;
    const auto memory = keys::memory_of(pem);
    Ptr object(memory ? read(memory.get(), nullptr, keys::no_passphrase, nullptr) : nullptr);
    ERR_clear_error();
    return object;
}

CertificateKind kind_of(X509* certificate) {
    if (X509_check_ca(certificate) == 1) return CertificateKind::authority;
    const std::uint32_t flags = X509_get_extension_flags(certificate);
    if ((flags & EXFLAG_XKUSAGE) == 0) return CertificateKind::other;
    const std::uint32_t usage = X509_get_extended_key_usage(certificate);
    const bool client = (usage & XKU_SSL_CLIENT) != 0, server = (usage & XKU_SSL_SERVER) != 0;
    return client && server ? CertificateKind::both
           : client         ? CertificateKind::client
           : server         ? CertificateKind::server
                            : CertificateKind::other;
}

std::vector<std::string> dns_names_of(const X509* certificate) {
    std::vector<std::string> names;
    const NamesPtr all(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
        int type = 0;
        const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &type);
        if (type != GEN_DNS) continue;
        const auto* text = static_cast<const ASN1_STRING*>(value);
        names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                           static_cast<std::size_t>(ASN1_STRING_length(text)));
    }
    ERR_clear_error();
    return names;
}

}  // namespace

Result<CertificateUse> certificate_use(std::string_view pem) {
    const auto certificate = keys::parse_certificate(pem);
    if (!certificate) return Failure{Errc::bad_input, "holds no certificate that can be read"};
    return CertificateUse{kind_of(certificate.get()), dns_names_of(certificate.get()),
                          keys::number_text(X509_get0_serialNumber(certificate.get()))};
}

bool same_key(std::string_view request_pem, std::string_view certificate_pem) {
    const auto request = read_pem<ReqPtr>(request_pem, PEM_read_bio_X509_REQ);
    const auto certificate = keys::parse_certificate(certificate_pem);
    if (!request || !certificate) return false;
    EVP_PKEY* wanted = X509_REQ_get0_pubkey(request.get());
    EVP_PKEY* found = X509_get0_pubkey(certificate.get());
    const bool same = wanted != nullptr && found != nullptr && EVP_PKEY_eq(wanted, found) == 1;
    ERR_clear_error();
    return same;
}

Result<CrlFacts> crl_facts(std::string_view pem) {
    const auto crl = read_pem<keys::CrlPtr>(pem, PEM_read_bio_X509_CRL);
    if (!crl) return Failure{Errc::bad_input, "holds no revocation list that can be read"};
    CrlFacts facts;
    const auto last = keys::wall_time(X509_CRL_get0_lastUpdate(crl.get()));
    if (!last) return Failure{Errc::bad_input, "holds a revocation list without a date"};
    facts.last_update = *last;
    facts.next_update = keys::wall_time(X509_CRL_get0_nextUpdate(crl.get()));
    const auto* revoked = X509_CRL_get_REVOKED(crl.get());
    facts.entries = revoked == nullptr ? 0 : static_cast<std::size_t>(sk_X509_REVOKED_num(revoked));
    return facts;
}

Result<std::vector<std::string>> revoked_serials(std::string_view pem) {
    const auto crl = read_pem<keys::CrlPtr>(pem, PEM_read_bio_X509_CRL);
    if (!crl) return Failure{Errc::bad_input, "holds no revocation list that can be read"};
    std::vector<std::string> serials;
    auto* revoked = X509_CRL_get_REVOKED(crl.get());
    serials.reserve(revoked == nullptr ? 0 : static_cast<std::size_t>(sk_X509_REVOKED_num(revoked)));
    for (int i = 0; i < sk_X509_REVOKED_num(revoked); ++i)
        serials.push_back(keys::number_text(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i))));
    return serials;
}

std::string_view to_string(CertificateKind kind) noexcept {
    switch (kind) {
        case CertificateKind::client: return "client";
        case CertificateKind::server: return "server";
        case CertificateKind::both: return "client+server";
        case CertificateKind::authority: return "ca";
        case CertificateKind::other: return "other";
    }
    return "?";
}

}  // namespace memdb::client::pki
