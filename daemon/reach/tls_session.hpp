// What a node gave us to resume a TLS session with: kept between two connections, so that a thousand nodes that come
// back at once are not asked for a thousand signatures and certificate chains.
//
// A resumed handshake carries no certificate (RFC 8446 2.2): what holds is what was verified in the whole one that it
// comes from. So that "verified" stays true, a session is used once, within the hour, and not beyond the end of the
// certificate. When it may be used at all is may_resume()'s matter.
#pragma once

#include "base/time.hpp"

#include <openssl/ssl.h>

#include <memory>

namespace memdb::reach {

struct FreeTlsSession {
    void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using TlsTicket = std::unique_ptr<SSL_SESSION, FreeTlsSession>;

struct TlsSession {
    TlsTicket ticket;
    WallTime verified_at{};  ///< the whole handshake; one that resumes gives a new ticket, and proves no certificate

    explicit operator bool() const noexcept { return ticket != nullptr; }
};

inline constexpr Duration kTlsSessionAge = 1h;

/// Sessions of this context's connections go to where keep_session_in() says, and nowhere else.
void offer_sessions(SSL_CTX* context);

/// The newest session of `ssl` is put into `place`, which must outlive it.
void keep_session_in(SSL* ssl, TlsTicket& place);

/// Whether what was verified then still holds. False for none.
[[nodiscard]] bool is_still_verified(const TlsSession& session, WallTime now);

}  // namespace memdb::reach
