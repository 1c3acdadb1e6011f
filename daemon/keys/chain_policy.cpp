#include "keys/chain_policy.hpp"

#include "keys/x509_values.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <fmt/format.h>

#include <chrono>
#include <memory>

namespace memdb::keys {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using ContextPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

/// Frees the certificates with the stack.
struct StackFreed {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), StackFreed>;

ChainVerdict not_verified(std::string problem) {
    ERR_clear_error();
    return {false, {}, std::move(problem)};
}

std::string problem_of(X509_STORE_CTX* context) {
    const int error = X509_STORE_CTX_get_error(context);
    switch (error) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // a CA of the same name
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return "no CA of the configuration issued it";
        default: break;
    }
    std::string text = X509_verify_cert_error_string(error);
    const X509* const at = X509_STORE_CTX_get_current_cert(context);
    if (X509_STORE_CTX_get_error_depth(context) > 0 && at != nullptr)
        text += fmt::format(" ({})", name_text(X509_get_subject_name(at)));
    return text;
}

}  // namespace

ChainVerdict verify_chain(const std::vector<Certificate>& own, const std::vector<Certificate>& authorities,
                          WallTime now) {
    if (own.empty()) return not_verified("there is no certificate");
    const X509Ptr leaf = parse_certificate(own.front().pem);
    const StackPtr between(sk_X509_new_null());
    const StorePtr store(X509_STORE_new());
    const ContextPtr context(X509_STORE_CTX_new());
    if (!leaf || !between || !store || !context) return not_verified("OpenSSL cannot read it");
    for (std::size_t i = 1; i < own.size(); ++i) {
        X509Ptr each = parse_certificate(own[i].pem);
        if (each && sk_X509_push(between.get(), each.get()) > 0) (void)each.release();  // the stack's now
    }
    for (const Certificate& authority : authorities) {
        if (!authority.info.is_ca) continue;
        const X509Ptr each = parse_certificate(authority.pem);
        if (each) X509_STORE_add_cert(store.get(), each.get());
    }
    if (X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), between.get()) != 1)
        return not_verified("OpenSSL cannot judge it");
    X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(context.get());
    // Without "partial", a configuration that holds only the issuing intermediate would trust nobody.
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_CLIENT);
    X509_VERIFY_PARAM_set_time(rules, std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    if (X509_verify_cert(context.get()) != 1) return not_verified(problem_of(context.get()));
    const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(context.get());
    const X509* const end = sk_X509_value(chain, sk_X509_num(chain) - 1);
    ERR_clear_error();
    return {true, name_text(X509_get_subject_name(end)), {}};
}

}  // namespace memdb::keys
