#include "reach/node_link.hpp"

#include "base/secret.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace memdb::reach {
namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Progress = TlsStream::Progress;

namespace {

constexpr int kMostReads = 8;  // chunks per wake-up, so that one flood cannot keep the loop to itself

ConnectFailed explain(const error_code& error) {
    const std::string text = error.message();
    if (error == asio::error::connection_refused) return {ConnectProblem::refused, text};
    if (error == asio::error::connection_reset) return {ConnectProblem::reset, text};
    const bool has_no_way = error == asio::error::network_unreachable || error == asio::error::host_unreachable ||
                            error == asio::error::timed_out;
    return {has_no_way ? ConnectProblem::unreachable : ConnectProblem::other, text};
}

struct Transfer {
    Progress progress = Progress::done;
    std::size_t count = 0;
    std::string text;
    bool is_all = false;  // of what has arrived: another look would find nothing
};

Transfer receive(TlsStream* tls, int socket, std::span<char> into) {
    Transfer done;
    if (tls != nullptr) {
        done.progress = tls->read(into, done.count);
        done.is_all = !tls->has_more();
        if (done.progress == Progress::closed || done.progress == Progress::failed) done.text = tls->problem().text;
        return done;
    }
    const ssize_t got = ::recv(socket, into.data(), into.size(), 0);
    if (got > 0)
        return {Progress::done, static_cast<std::size_t>(got), {}, static_cast<std::size_t>(got) < into.size()};
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {Progress::wants_read, 0, {}};
    return {Progress::closed, 0, got == 0 ? "end of stream" : std::strerror(errno)};
}

Transfer transmit(TlsStream* tls, int socket, std::string_view bytes) {
    Transfer done;
    if (tls != nullptr) {
        done.progress = tls->write(bytes, done.count);
        if (done.progress == Progress::closed || done.progress == Progress::failed) done.text = tls->problem().text;
        return done;
    }
    const ssize_t put = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) return {Progress::done, static_cast<std::size_t>(put), {}};
    if (errno == EAGAIN || errno == EINTR) return {Progress::wants_write, 0, {}};
    return {Progress::closed, 0, std::strerror(errno)};
}

}  // namespace

NodeLink::NodeLink(asio::io_context& io, OnEvent on_event) : io_(io), on_event_(std::move(on_event)), socket_(io) {}

NodeLink::~NodeLink() { close(); }

void NodeLink::close() noexcept {
    life_.reset();
    if (tls_)
        if (TlsSession given = tls_->take_session()) session_ = std::move(given);
    tls_.reset();  // no close_notify: the peer may be gone, and nothing of value is in flight
    decoder_.reset();
    wipe(unsent_);
    error_code ignored;  // a descriptor that cannot be closed is closed all the same
    socket_.close(ignored);
}

TlsSession NodeLink::take_session() noexcept {
    close();
    return std::exchange(session_, {});
}

void NodeLink::report_later(ProbeEvent event) {
    asio::post(io_, [this, life = Life(life_), event = std::move(event)]() mutable {
        if (!life.expired()) on_event_(std::move(event));
    });
}

void NodeLink::connect(const std::string& address, std::uint16_t port) {
    close();
    life_ = std::make_shared<const int>(0);
    since_ = {};
    error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (!error) socket_.open(ip.is_v6() ? tcp::v6() : tcp::v4(), error);
    if (error) return report_later(explain(error));
    socket_.async_connect({ip, port}, [this, life = Life(life_)](const error_code& result) {
        if (life.expired()) return;
        if (result) return on_event_(explain(result));
        error_code ignored;  // both only make things slower or, for non_blocking, cannot fail on an open socket
        socket_.set_option(tcp::no_delay(true), ignored);
        socket_.non_blocking(true, ignored);
        on_event_(Connected{since_.elapsed()});
    });
}

void NodeLink::secure(std::shared_ptr<TlsContext> context, const std::string& name, bool may_resume) {
    since_ = {};
    TlsSession session = std::exchange(session_, {});
    if (!may_resume || !is_still_verified(session, wall_now())) session = {};
    tls_ = std::make_unique<TlsStream>(std::move(context), socket_.native_handle(), name, std::move(session));
    asio::post(io_, [this, life = Life(life_)] {
        if (!life.expired()) go_on_with_handshake();
    });
}

void NodeLink::go_on_with_handshake() {
    const Progress progress = tls_->handshake();
    const auto go_on = [this, life = Life(life_)](const error_code& error) {
        if (!life.expired() && !error) go_on_with_handshake();
    };
    switch (progress) {
        case Progress::done: return on_event_(Secured{since_.elapsed()});
        case Progress::wants_read: return socket_.async_wait(tcp::socket::wait_read, go_on);
        case Progress::wants_write: return socket_.async_wait(tcp::socket::wait_write, go_on);
        case Progress::closed: return on_event_(PeerClosed{tls_->problem().text});
        case Progress::failed: return on_event_(SecureFailed{tls_->problem()});
    }
}

void NodeLink::send(std::string command, ReplyLimits limits) {
    since_ = {};
    const bool is_first = decoder_ == nullptr;
    if (is_first) decoder_ = std::make_unique<ReplyDecoder>(limits);
    decoder_->expect(limits);
    wipe(unsent_);
    unsent_ = std::move(command);
    flush();
    if (is_first) wait_to_read();
}

void NodeLink::flush() {
    while (!unsent_.empty()) {
        const Transfer sent = transmit(tls_.get(), socket_.native_handle(), unsent_);
        if (sent.progress == Progress::closed || sent.progress == Progress::failed)
            return report_later(PeerClosed{sent.text});
        if (sent.progress != Progress::done) {
            // TLS 1.3 has no renegotiation: a write never waits for a read here.
            return socket_.async_wait(tcp::socket::wait_write, [this, life = Life(life_)](const error_code& error) {
                if (!life.expired() && !error) flush();
            });
        }
        if (sent.count == unsent_.size()) return wipe(unsent_);
        std::string rest = unsent_.substr(sent.count);
        wipe(unsent_);
        unsent_.swap(rest);
    }
}

void NodeLink::wait_to_read() {
    socket_.async_wait(tcp::socket::wait_read, [this, life = Life(life_)](const error_code& error) {
        if (!life.expired() && !error) read();
    });
}

void NodeLink::read() {
    const Life life = life_;
    std::array<char, 16384> chunk;  // on the stack: an idle link holds no buffer
    for (int i = 0; i < kMostReads; ++i) {
        const Transfer got = receive(tls_.get(), socket_.native_handle(), chunk);
        if (got.progress == Progress::wants_read || got.progress == Progress::wants_write) return wait_to_read();
        if (got.progress != Progress::done) return on_event_(PeerClosed{got.text});
        if (!take({chunk.data(), got.count}) || life.expired()) return;
        if (got.is_all) return wait_to_read();  // what comes meanwhile ends the wait at once
    }
    asio::post(io_, [this, life] {  // TLS may hold more than the socket shows: look again, but let others go first
        if (!life.expired()) read();
    });
}

bool NodeLink::take(std::string_view bytes) {
    const Life life = life_;
    decoder_->feed(bytes);
    for (;;) {
        auto next = decoder_->next();
        if (!next) {
            on_event_(ReplyMalformed{next.error().message});
            return false;
        }
        if (!*next) return true;
        on_event_(ReplyReceived{std::move(**next), since_.elapsed()});
        if (life.expired()) return false;
    }
}

}  // namespace memdb::reach
