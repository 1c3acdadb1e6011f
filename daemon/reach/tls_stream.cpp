#include "reach/tls_stream.hpp"

#include "base/clock.hpp"

#include <sys/socket.h>

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace memdb::reach {
namespace {

TlsWire& wire(BIO* bio) { return *static_cast<TlsWire*>(BIO_get_data(bio)); }

/// What OpenSSL takes, and never a look of our own before it: bytes may arrive between the two.
void remember_first(TlsWire& wire, const char* bytes, ssize_t size) {
    const std::size_t more =
        std::min(static_cast<std::size_t>(std::max<ssize_t>(size, 0)), wire.first.size() - wire.first_size);
    std::memcpy(wire.first.data() + wire.first_size, bytes, more);
    wire.first_size += more;
}

int after(BIO* bio, ssize_t result, int retry) {
    BIO_clear_retry_flags(bio);
    if (result < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
    return static_cast<int>(result);
}

int write_socket(BIO* bio, const char* bytes, int size) {
    return after(bio, ::send(wire(bio).socket, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL), BIO_FLAGS_WRITE);
}

int read_socket(BIO* bio, char* bytes, int size) {
    const ssize_t got = ::recv(wire(bio).socket, bytes, static_cast<std::size_t>(size), 0);
    const int told = after(bio, got, BIO_FLAGS_READ);
    remember_first(wire(bio), bytes, got);
    return told;
}

long control_socket(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* socket_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
        BIO_meth_set_write(made, write_socket);
        BIO_meth_set_read(made, read_socket);
        BIO_meth_set_ctrl(made, control_socket);
        return made;
    }();
    return method;
}

/// Which slot of an SSL leads back to its TlsStream's problem.
int stream_slot() {
    static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

int verify(int preverified, X509_STORE_CTX* store) {
    if (preverified == 1) return 1;
    const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* problem = static_cast<std::optional<SecureFailed>*>(SSL_get_ex_data(ssl, stream_slot()));
    if (problem != nullptr && !*problem) *problem = explain_verification(store);
    return 0;
}

}  // namespace

TlsStream::TlsStream(std::shared_ptr<TlsContext> context, int socket, const std::string& name, TlsSession session)
    : context_(std::move(context)),
      wire_{socket},
      made_at_(wall_now()),
      given_verified_at_(session.verified_at),
      ssl_(SSL_new(context_->get())) {
    BIO* bio = BIO_new(socket_method());
    if (ssl_ == nullptr || bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, &wire_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);  // takes the BIO
    SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, verify);
    SSL_set_ex_data(ssl_.get(), stream_slot(), &rejection_);
    keep_session_in(ssl_.get(), ticket_);
    if (session) (void)SSL_set_session(ssl_.get(), session.ticket.get());  // refused: a whole handshake is as good
    SSL_set_connect_state(ssl_.get());
    is_refused_ = !expect_peer(ssl_.get(), name);
}

TlsStream::~TlsStream() = default;

/// OpenSSL takes a connection that ends without close_notify for one that was cut, and spoils its session. Ours mostly
/// are cut, with the tunnel, and what was verified is as true as before.
TlsSession TlsStream::take_session() noexcept {
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    const bool was_resumed = SSL_session_reused(ssl_.get()) == 1;
    return {std::move(ticket_), was_resumed ? given_verified_at_ : made_at_};
}

TlsStream::Progress TlsStream::handshake() {
    if (is_refused_) return fail(SecureProblem::failed, "the name cannot be used with TLS");
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    return speaks_plain_text() ? Progress::failed : judge(result);
}

TlsStream::Progress TlsStream::read(std::span<char> into, std::size_t& got) {
    got = 0;
    ERR_clear_error();
    const int result = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
    if (result > 0) got = static_cast<std::size_t>(result);
    return judge(result);
}

TlsStream::Progress TlsStream::write(std::string_view bytes, std::size_t& put) {
    put = 0;
    ERR_clear_error();
    const int result = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (result > 0) put = static_cast<std::size_t>(result);
    return judge(result);
}

/// Every TLS peer begins with a handshake record (22) or an alert (21): RFC 8446 5.1.
bool TlsStream::speaks_plain_text() {
    if (wire_.first_size == 0 || wire_.first[0] == 22 || wire_.first[0] == 21) return false;
    // OpenSSL gave up at the first five bytes: the rest of the sentence waits in the socket.
    const ssize_t rest = ::recv(wire_.socket, wire_.first.data() + wire_.first_size,
                                wire_.first.size() - wire_.first_size, MSG_PEEK | MSG_DONTWAIT);
    if (rest > 0) wire_.first_size += static_cast<std::size_t>(rest);
    const std::string_view text(wire_.first.data(), wire_.first_size);
    (void)fail(SecureProblem::not_offered, fmt::format("answers the TLS greeting in plain text (\"{}\")",
                                                       one_line(text.substr(0, text.find('\r')), 40)));
    ERR_clear_error();
    return true;
}

TlsStream::Progress TlsStream::judge(int result) {
    if (result > 0) return Progress::done;
    const int system = errno;
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ: return Progress::wants_read;
        case SSL_ERROR_WANT_WRITE: return Progress::wants_write;
        case SSL_ERROR_ZERO_RETURN: problem_.text = "end of stream"; return Progress::closed;
        case SSL_ERROR_SYSCALL:
            problem_.text = system == 0 ? "end of stream" : std::strerror(system);
            ERR_clear_error();
            return Progress::closed;
        default: break;
    }
    if (rejection_) return fail(rejection_->problem, rejection_->text);
    const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    (void)fail(SecureProblem::failed, is_end ? "end of stream" : take_openssl_error());
    ERR_clear_error();
    return is_end ? Progress::closed : Progress::failed;
}

TlsStream::Progress TlsStream::fail(SecureProblem problem, std::string text) {
    problem_ = {problem, std::move(text)};
    return Progress::failed;
}

}  // namespace memdb::reach
