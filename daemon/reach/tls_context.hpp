// How a node's certificate is judged: TLS 1.2 or newer, chain and host name always verified. There is no off switch.
//
// In:   the profile's CA as PEM, or nothing for the system's store. Out: an SSL_CTX that all links of a cluster share.
// Opens no file that a user named; the system's store is read once, when the context is made.
#pragma once

#include "base/error.hpp"
#include "reach/probe_state.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::reach {

class TlsContext {
  public:
    /// @param ca_pem  certificates that may sign a node's; empty: the system's store.
    /// @return        Errc::bad_input when `ca_pem` holds no readable certificate, Errc::internal when OpenSSL fails.
    [[nodiscard]] static Result<std::shared_ptr<TlsContext>> make(std::string_view ca_pem);

    [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

  private:
    struct Free {
        void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
    };
    explicit TlsContext(SSL_CTX* context) : context_(context) {}
    std::unique_ptr<SSL_CTX, Free> context_;
};

/// Sets what the peer must be: SNI and certificate name, or certificate address when `name` is an address literal.
/// @return false when OpenSSL refuses the name.
[[nodiscard]] bool expect_peer(SSL* ssl, const std::string& name);

/// Why verification failed, from inside a verify callback. The text names the certificate at fault and, where more than
/// one thing is wrong with the node's own, all of them.
[[nodiscard]] SecureFailed explain_verification(X509_STORE_CTX* store);

/// The newest error in OpenSSL's queue as one line, and empties the queue.
[[nodiscard]] std::string take_openssl_error();

}  // namespace memdb::reach
