#include "reach/tls_session.hpp"

#include <openssl/x509.h>

#include <chrono>
#include <ctime>

namespace memdb::reach {
namespace {

/// Which slot of an SSL leads to where its session is kept.
int place_slot() {
    static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

/// A ticket may have 64 KiB, and every node gives one. OpenSSL's own are well below 1 KiB, with a client certificate
/// some more.
constexpr std::size_t kTicketLimit = 4096;

/// Of all tickets the last is kept. 1: the session is ours now.
int keep(SSL* ssl, SSL_SESSION* session) {
    auto* const place = static_cast<TlsTicket*>(SSL_get_ex_data(ssl, place_slot()));
    const unsigned char* ticket = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(session, &ticket, &size);
    if (place == nullptr || size > kTicketLimit) return 0;
    place->reset(session);
    return 1;
}

}  // namespace

void offer_sessions(SSL_CTX* context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep);
}

void keep_session_in(SSL* ssl, TlsTicket& place) { SSL_set_ex_data(ssl, place_slot(), &place); }

bool is_still_verified(const TlsSession& session, WallTime now) {
    if (!session || SSL_SESSION_is_resumable(session.ticket.get()) != 1) return false;
    const X509* const certificate = SSL_SESSION_get0_peer(session.ticket.get());
    std::time_t at = std::chrono::system_clock::to_time_t(now);
    const Duration age = now - session.verified_at;
    return certificate != nullptr && age >= 0s && age <= kTlsSessionAge &&
           X509_cmp_time(X509_get0_notAfter(certificate), &at) > 0;
}

}  // namespace memdb::reach
