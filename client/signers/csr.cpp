#include "client/signers/csr.hpp"

#include "client/pki/certificate_kind.hpp"
#include "client/pki/name_policy.hpp"
#include "keys/certificate.hpp"
#include "keys/x509_values.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

namespace memdb::client::signers {
namespace {

using ReqPtr = std::unique_ptr<X509_REQ, keys::Freed<X509_REQ_free>>;

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE REQUEST-----\n";
constexpr std::string_view kEnd = "-----END CERTIFICATE REQUEST-----";

Failure bad(std::string_view what) {
    ERR_clear_error();
    return {Errc::bad_input, "the agent's certificate request " + std::string(what)};
}

bool is_base64(std::string_view body) {
    std::size_t padding = 0, size = 0;
    while (!body.empty()) {
        const auto end = body.find('\n');
        if (end == std::string_view::npos || end == 0 || end > 76) return false;
        for (const char c : body.substr(0, end)) {
            const bool letter =
                (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
            if (c == '=') ++padding;
            if ((!letter && c != '=') || (letter && padding > 0)) return false;
            ++size;
        }
        body.remove_prefix(end + 1);
    }
    return size > 0 && size % 4 == 0 && padding <= 2;
}

/// The only CN, when there is exactly one.
std::string only_common_name(const X509_NAME* name) {
    const int first = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (first < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, first) >= 0) return {};
    const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, first));
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

}  // namespace

Result<Csr> check_csr(std::string_view pem) {
    if (pem.size() > kCsrLimit)
        return Failure{Errc::too_large, "the agent's certificate request is larger than 16 KiB"};
    const auto last = pem.find_last_not_of(" \r\n");
    std::string_view text = pem.substr(0, last == std::string_view::npos ? 0 : last + 1);
    if (!text.starts_with(kBegin) || !text.ends_with(kEnd) || text.size() < kBegin.size() + kEnd.size())
        return bad("is not one PEM block");
    if (!is_base64(text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size())))
        return bad("is not base64 throughout");
    const auto memory = keys::memory_of(text);
    const ReqPtr request(memory ? PEM_read_bio_X509_REQ(memory.get(), nullptr, keys::no_passphrase, nullptr) : nullptr);
    if (!request) return bad("cannot be read");
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr || X509_REQ_verify(request.get(), key) != 1) return bad("is not signed with its own key");
    std::string name = only_common_name(X509_REQ_get_subject_name(request.get()));
    if (!pki::is_name(name)) return bad("has no CN that is a plain name");
    ERR_clear_error();
    return Csr{std::string(text) + "\n", std::move(name)};
}

Result<std::string> check_signed(std::string_view output, const Csr& csr) {
    if (output.size() > kCertificateLimit)
        return Failure{Errc::too_large, "what the signer gave back is larger than 256 KiB"};
    auto certificates = keys::read_certificates(output, "what the signer gave back");
    if (certificates.has_error()) return certificates.error();
    const auto ours = std::find_if(certificates->begin(), certificates->end(),
                                   [&](const keys::Certificate& one) { return pki::same_key(csr.pem, one.pem); });
    if (ours == certificates->end())
        return Failure{Errc::bad_input,
                       "the signer gave back a certificate for another key: it must sign the request "
                       "that it is given"};
    std::rotate(certificates->begin(), ours, ours + 1);
    std::string pem;
    for (const auto& one : *certificates) pem += one.pem;
    return pem;
}

}  // namespace memdb::client::signers
