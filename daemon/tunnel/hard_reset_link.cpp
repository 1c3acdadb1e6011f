#include "tunnel/hard_reset_link.hpp"

#include "base/clock.hpp"
#include "base/ip_network.hpp"
#include "tunnel/hard_reset_codec.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace memdb::tunnel {
namespace asio = boost::asio;
using boost::system::error_code;
using config::Transport;

namespace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<SocketAddress> socket_address(const ServerAddress& server) {
    const auto ip = parse_address(server.address);
    if (!ip) return std::nullopt;
    SocketAddress address;
    if (ip->is_v6) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(server.port);
        std::memcpy(&v6.sin6_addr, ip->bytes.data(), sizeof v6.sin6_addr);
        address.size = sizeof v6;
        std::memcpy(&address.storage, &v6, sizeof v6);
    } else {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(server.port);
        std::memcpy(&v4.sin_addr, ip->bytes.data(), sizeof v4.sin_addr);
        address.size = sizeof v4;
        std::memcpy(&address.storage, &v4, sizeof v4);
    }
    return address;
}

SessionId random_session() {
    SessionId id{};
    (void)getrandom(id.data(), id.size(), 0);  // so few bytes cannot fail once the machine has booted
    id[0] |= 1;                                // all zero would mean "none"
    return id;
}

bool is_refusal(int error) { return error == ECONNREFUSED || error == ECONNRESET || error == EPIPE; }
bool is_no_way(int error) {
    return error == ENETUNREACH || error == EHOSTUNREACH || error == EADDRNOTAVAIL || error == EAFNOSUPPORT ||
           error == EDESTADDRREQ;
}
bool may_pass(int error) { return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR; }

}  // namespace

/// One server: a socket, a timer, and what was seen. Waits for readiness and does the calls itself, so that UDP and TCP
/// are the same but for how they begin.
class HardResetLink::Asker : public std::enable_shared_from_this<Asker> {
  public:
    using Decided = std::function<void(Answer)>;

    Asker(asio::io_context& io, ServerAddress server, unsigned tries, Duration limit, Decided decided)
        : server_(std::move(server)),
          tries_(std::max(tries, 1U)),
          limit_(limit),
          decided_(std::move(decided)),
          socket_(io),
          timer_(io) {}

    void start() {
        since_ = {};
        next_try();
    }

    void stop() noexcept {
        ended_ = true;
        timer_.cancel();
        close();
    }

  private:
    [[nodiscard]] bool is_tcp() const { return server_.transport == Transport::tcp; }

    void next_try() {
        ++try_;
        timer_.expires_after(limit_);
        timer_.async_wait([self = shared_from_this(), at = try_](const error_code& error) {
            if (error || self->ended_ || at != self->try_) return;
            if (self->try_ < self->tries_) return self->next_try();
            self->decide({.evidence = self->seen_.empty() ? self->nothing_seen() : std::move(self->seen_)});
        });
        if (is_tcp()) close();
        if (socket_.is_open()) return send();
        const int failed = open();
        if (failed == EINPROGRESS) return wait(Socket::wait_write, &Asker::connected);
        if (failed == 0) return proceed();
        close();
        refuse(failed);
    }

    /// 0, EINPROGRESS, or why there is no connection.
    int open() {
        const auto address = socket_address(server_);
        if (!address) return EDESTADDRREQ;
        const int kind = is_tcp() ? SOCK_STREAM : SOCK_DGRAM;
        const int fd = ::socket(address->storage.ss_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) return errno;
        error_code error;
        socket_.assign(fd, error);
        if (error) {
            ::close(fd);
            return error.value();
        }
        stream_.clear();
        connected_ = false;
        return ::connect(fd, address->get(), address->size) == 0 ? 0 : errno;
    }

    void connected() {
        int failed = 0;
        socklen_t size = sizeof failed;
        if (getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &failed, &size) != 0) failed = errno;
        if (failed != 0) return note(std::strerror(failed));
        proceed();
    }

    void proceed() {
        connected_ = true;
        wait(Socket::wait_read, &Asker::receive);
        send();
    }

    void send() {
        const std::string packet = encode_hard_reset(id_, server_.transport);
        int failed = 0;
        // Twice: what ICMP said of the packet before is told by the first call, which then sends nothing.
        for (int i = 0; i < 2; ++i) {
            if (::send(socket_.native_handle(), packet.data(), packet.size(), MSG_NOSIGNAL) >= 0) return;
            failed = errno;
            if (is_tcp()) break;
            if (i == 0) seen_ = std::strerror(failed);
        }
        refuse(failed);
    }

    void receive() {
        std::array<char, 2048> buffer{};
        constexpr int most = 8;  // datagrams per wake-up, so that one flood cannot keep the loop to itself
        for (int i = 0; i < most; ++i) {
            const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
            if (got < 0 || (got == 0 && is_tcp())) {
                note(got == 0 ? "the server closed the connection" : std::strerror(errno));
                if (is_tcp()) return;
                continue;
            }
            if (read({buffer.data(), static_cast<std::size_t>(got)})) return;
        }
        wait(Socket::wait_read, &Asker::receive);
    }

    /// Whether there is nothing more to read.
    bool read(std::string_view bytes) {
        if (is_tcp()) bytes = stream_.append(bytes);
        switch (read_hard_reset(bytes, id_, server_.transport)) {
            case HardResetReply::answer:
                decide({.answered = true, .evidence = "answer to packet " + std::to_string(try_)});
                return true;
            case HardResetReply::foreign: seen_ = "an answer of another session"; break;
            case HardResetReply::incomplete: break;
        }
        if (stream_.size() < kHardResetReplyLimit) return false;
        close();
        return true;
    }

    /// The kernel would not connect or send. Its own reasons (no route, no permission) hold for the next try too.
    void refuse(int failed) {
        if (is_refusal(failed) || may_pass(failed)) return note(std::strerror(failed));
        decide({.asked = try_ > 1 || !is_no_way(failed),
                .evidence = failed == EDESTADDRREQ ? "not an IP address" : std::strerror(failed)});
    }

    /// What came from outside, where anybody can forge it, or may pass: it is told if nothing better comes.
    void note(std::string what) {
        seen_ = std::move(what);
        if (is_tcp()) close();
    }

    [[nodiscard]] std::string nothing_seen() const {
        if (is_tcp() && !connected_) return "no connection";
        return "no answer to " + std::to_string(try_) + (try_ == 1 ? " packet" : " packets");
    }

    void decide(Answer answer) {
        stop();
        answer.server = server_;
        answer.took = since_.elapsed();
        decided_(std::move(answer));
    }

    using Socket = asio::posix::stream_descriptor;
    void wait(Socket::wait_type what, void (Asker::*then)()) {
        socket_.async_wait(what, [self = shared_from_this(), at = is_tcp() ? try_ : 0, then](const error_code& error) {
            const bool is_old = self->is_tcp() && at != self->try_;  // of a connection that was closed
            if (!error && !self->ended_ && !is_old && self->socket_.is_open()) ((*self).*then)();
        });
    }

    void close() noexcept {
        error_code ignored;  // a descriptor that cannot be closed is closed all the same
        socket_.close(ignored);
    }

    ServerAddress server_;
    unsigned tries_;
    Duration limit_;
    Decided decided_;
    Socket socket_;
    asio::steady_timer timer_;
    SessionId id_ = random_session();
    Stopwatch since_;
    unsigned try_ = 0;
    bool connected_ = false, ended_ = false;
    std::string stream_;  // TCP: all of this connection
    std::string seen_;
};

struct HardResetLink::Run : std::enable_shared_from_this<Run> {
    void start(asio::io_context& io, unsigned tries, Duration limit) {
        if (answers.empty()) return finish();
        for (std::size_t i = 0; i < answers.size() && i < kServerLimit; ++i)
            askers.push_back(std::make_shared<Asker>(io, answers[i].server, tries, limit,
                                                     [this, weak = weak_from_this(), i](Answer answer) {
                                                         const auto self = weak.lock();
                                                         if (self && !ended) decided(i, std::move(answer));
                                                     }));
        for (std::size_t i = 0; i < answers.size() && !ended; ++i) {
            if (i < askers.size())
                askers[i]->start();
            else
                decided(i, {.server = answers[i].server, .asked = false, .evidence = "not asked: too many servers"});
        }
    }

    void decided(std::size_t index, Answer answer) {
        answers[index] = std::move(answer);
        ++count;
        if (each) each(answers[index]);
        if (!ended && count == answers.size()) finish();
    }

    void finish() {
        ended = true;
        if (done) done(std::move(answers));
    }

    void stop() noexcept {
        ended = true;
        for (const auto& asker : askers) asker->stop();
    }

    Done done;
    EachAnswer each;
    std::vector<Answer> answers;
    std::vector<std::shared_ptr<Asker>> askers;
    std::size_t count = 0;
    bool ended = false;
};

HardResetLink::HardResetLink(asio::io_context& io) : io_(io) {}

HardResetLink::~HardResetLink() { cancel(); }

void HardResetLink::probe(std::vector<ServerAddress> servers, unsigned tries, Duration limit, Done done,
                          EachAnswer each) {
    cancel();
    run_ = std::make_shared<Run>();
    run_->done = std::move(done);
    run_->each = std::move(each);
    for (ServerAddress& server : servers) run_->answers.push_back({.server = std::move(server)});
    asio::post(io_, [run = run_, &io = io_, tries, limit] {
        if (!run->ended) run->start(io, tries, limit);
    });
}

void HardResetLink::cancel() noexcept {
    if (run_) run_->stop();
    run_.reset();
}

bool HardResetLink::running() const noexcept { return run_ && !run_->ended; }

}  // namespace memdb::tunnel
