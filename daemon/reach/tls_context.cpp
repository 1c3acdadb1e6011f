#include "reach/tls_context.hpp"

#include "reach/tls_session.hpp"

#include <boost/asio/ip/address.hpp>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <utility>

namespace memdb::reach {
namespace {

template <auto Function>
struct Deleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Function(object);
    }
};
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;

std::string subject_of(X509* certificate) {
    char text[256] = {};
    if (certificate != nullptr) X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text);
    return one_line(text, 100);
}

/// The first few DNS names that a certificate is for.
std::string names_of(X509* certificate) {
    if (certificate == nullptr) return {};
    auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    std::string text;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < 3; ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) continue;
        const auto length = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
        const std::string_view dns(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)), length);
        text += (text.empty() ? "" : ", ") + one_line(dns, 80);
    }
    GENERAL_NAMES_free(names);
    return text;
}

/// Whom it is for: its DNS names, or its subject where it has none.
std::string bearer_of(X509* certificate) {
    const std::string names = names_of(certificate);
    return names.empty() ? subject_of(certificate) : names;
}

bool is_for_peer(X509* certificate, X509_VERIFY_PARAM* expected) {
    if (const char* host = X509_VERIFY_PARAM_get0_host(expected, 0))
        return X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
    char* const address = X509_VERIFY_PARAM_get1_ip_asc(expected);
    const bool is_for = address == nullptr || X509_check_ip_asc(certificate, address, 0) == 1;
    OPENSSL_free(address);
    return is_for;
}

/// OpenSSL stops at the first thing that is wrong with a certificate, in this order: chain, name, dates. Whoever renews
/// it wants to hear of all of them at once.
std::string also_wrong(X509_STORE_CTX* store, const SecureFailed& first) {
    X509* const certificate = X509_STORE_CTX_get0_cert(store);
    if (certificate == nullptr || first.problem == SecureProblem::expired) return {};
    // What was told first may be about an authority.
    const bool is_own = X509_STORE_CTX_get_current_cert(store) == certificate;
    const std::string it = is_own ? ", and it " : ", and the node's own certificate ";
    std::string text;
    if (first.problem == SecureProblem::untrusted && !is_for_peer(certificate, X509_STORE_CTX_get0_param(store)))
        text += it + "is for another name: " + bearer_of(certificate);
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) text += it + "has expired";
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) text += it + "is not valid yet";
    return text;
}

bool add_certificates(SSL_CTX* context, std::string_view pem) {
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    int added = 0;
    while (const Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)})
        added += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
    ERR_clear_error();  // the end of the text is an error to PEM_read_bio_X509
    return added > 0;
}

/// SSL_set_tlsext_host_name, which is a macro with an old-style cast.
bool set_server_name(SSL* ssl, std::string name) {
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::make(std::string_view ca_pem) {
    SSL_CTX* raw = SSL_CTX_new(TLS_client_method());
    if (raw == nullptr) return Failure{Errc::internal, "[unexpected] TLS cannot be set up: " + take_openssl_error()};
    std::shared_ptr<TlsContext> context(new TlsContext(raw));
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(raw,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    offer_sessions(raw);
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_verify_depth(raw, 8);
    if (ca_pem.empty()) {
        if (SSL_CTX_set_default_verify_paths(raw) != 1)
            return Failure{Errc::io, "the system's CA certificates cannot be read: " + take_openssl_error()};
    } else if (ca_pem.size() > (std::size_t{1} << 20) || !add_certificates(raw, ca_pem)) {
        return Failure{Errc::bad_input, "the cluster's CA holds no readable certificate; give a PEM file"};
    }
    return context;
}

bool expect_peer(SSL* ssl, const std::string& name) {
    boost::system::error_code not_an_address;
    (void)boost::asio::ip::make_address(name, not_an_address);
    if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name.c_str()) == 1 && set_server_name(ssl, name);
}

namespace {

SecureFailed explain_first(X509_STORE_CTX* store) {
    const int error = X509_STORE_CTX_get_error(store);
    X509* certificate = X509_STORE_CTX_get_current_cert(store);
    const std::string why = X509_verify_cert_error_string(error);
    if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        return {SecureProblem::name_mismatch, why + ", the certificate is for " + bearer_of(certificate)};
    }
    const std::string text = fmt::format("{}: {}", why, subject_of(certificate));
    const bool is_date = error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
    return {is_date ? SecureProblem::expired : SecureProblem::untrusted, text};
}

}  // namespace

SecureFailed explain_verification(X509_STORE_CTX* store) {
    SecureFailed failed = explain_first(store);
    failed.text += also_wrong(store, failed);
    return failed;
}

std::string take_openssl_error() {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return reason != nullptr ? reason : "unknown error";
}

}  // namespace memdb::reach
