#include "client/pki/bundle.hpp"

#include "keys/certificate.hpp"

namespace memdb::client::pki {
namespace {

void append_line_end(std::string& text) {
    if (!text.empty() && text.back() != '\n') text += '\n';
}

Result<std::string> first_block(std::string_view text, std::string_view what) {
    const auto all = keys::read_certificates(text, what);
    if (all.has_error()) return all.error();
    std::string pem = all->front().pem;
    append_line_end(pem);
    return pem;
}

/// The certificate's block, once the key is known to be its own.
Result<std::string> matching(std::string_view certificate_text, const Secret<>& key_pem) {
    auto certificate = first_block(certificate_text, "the certificate");
    if (certificate.has_error()) return certificate.error();
    if (!keys::key_matches(*certificate, key_pem))
        return Failure{Errc::bad_input, "the key does not belong to the certificate"};
    return std::move(*certificate);
}

}  // namespace

Result<Secret<>> make_bundle(std::string_view certificate_text, const Secret<>& key_pem, std::string_view ca_text) {
    const auto certificate = matching(certificate_text, key_pem);
    if (certificate.has_error()) return certificate.error();
    const auto authority = first_block(ca_text, "the CA certificate");
    if (authority.has_error()) return authority.error();
    std::string text;
    text.reserve(certificate->size() + key_pem.reveal().size() + authority->size() +
                 8);  // no copy of a key stays behind
    text.append(*certificate).append(key_pem.reveal());
    append_line_end(text);
    text += *authority;
    return Secret<>(std::move(text));
}

Result<Secret<>> make_ovpn_bundle(std::string_view configuration, std::string_view certificate_text,
                                  const Secret<>& key_pem) {
    const auto certificate = matching(certificate_text, key_pem);
    if (certificate.has_error()) return certificate.error();
    std::string text;
    text.reserve(configuration.size() + certificate->size() + key_pem.reveal().size() + 64);
    text.append(configuration);
    append_line_end(text);
    text.append("<cert>\n").append(*certificate).append("</cert>\n<key>\n").append(key_pem.reveal());
    append_line_end(text);
    text += "</key>\n";
    return Secret<>(std::move(text));
}

}  // namespace memdb::client::pki
