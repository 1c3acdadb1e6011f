// TLS over a connected, non-blocking socket, without buffers of its own.
//
// OpenSSL reads and writes the socket through a small BIO of ours, so that an idle connection costs no record buffers
// (SSL_MODE_RELEASE_BUFFERS) and a broken one no SIGPIPE. Never blocks; the caller waits for the socket.
#pragma once

#include "reach/tls_context.hpp"
#include "reach/tls_session.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace memdb::reach {

/// What the BIO knows: the socket, and how the peer began, kept because OpenSSL's own error does not tell "no TLS".
struct TlsWire {
    int socket = -1;
    std::array<char, 64> first{};
    std::size_t first_size = 0;
};

class TlsStream {
  public:
    enum class Progress : std::uint8_t { done, wants_read, wants_write, closed, failed };

    /// @param socket  stays the caller's; must outlive this object.
    /// @param name    what the peer must be: SNI and certificate.
    /// @param session of the same peer, to be resumed if it still takes it; none: a whole handshake, with certificates.
    TlsStream(std::shared_ptr<TlsContext> context, int socket, const std::string& name, TlsSession session = {});
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    /// Goes on with the handshake as far as possible.
    [[nodiscard]] Progress handshake();

    /// Reads at most into.size() bytes; `got` says how many, above 0 when done.
    [[nodiscard]] Progress read(std::span<char> into, std::size_t& got);

    /// Whether it holds bytes that it has taken from the socket and that nobody has read.
    [[nodiscard]] bool has_more() const noexcept { return SSL_has_pending(ssl_.get()) == 1; }

    /// Writes a part of `bytes` (not empty); `put` says how many.
    [[nodiscard]] Progress write(std::string_view bytes, std::size_t& put);

    /// What the peer gave to resume with, once: none where it gave nothing, or nothing new. The end of the connection:
    /// nothing else is done with it afterwards.
    [[nodiscard]] TlsSession take_session() noexcept;

    /// After `failed` or `closed`: what went wrong, for people.
    [[nodiscard]] const SecureFailed& problem() const noexcept { return problem_; }

  private:
    struct Free {
        void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
    };
    [[nodiscard]] Progress judge(int result);
    [[nodiscard]] bool speaks_plain_text();
    [[nodiscard]] Progress fail(SecureProblem problem, std::string text);

    std::shared_ptr<TlsContext> context_;
    TlsWire wire_;      // before ssl_, which reads from it
    TlsTicket ticket_;  // and writes to this
    WallTime made_at_, given_verified_at_;
    std::unique_ptr<SSL, Free> ssl_;
    SecureFailed problem_{SecureProblem::failed, ""};
    bool is_refused_ = false;                // OpenSSL does not take the name
    std::optional<SecureFailed> rejection_;  // set by the verify callback
};

}  // namespace memdb::reach
