#include "control/control_server.hpp"

#include "base/log.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

namespace memdb::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr Duration kPause = 200ms;  ///< after accept() failed for want of descriptors or memory

/// One send that never waits: turning a client away must cost next to nothing.
void turn_away(ControlSession::Socket& socket) {
    static const std::string text = [] {
        const Reply reply = error_reply(ErrorCode::busy, "too many connections: close some or try again");
        return "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: "
               "application/json\r\nContent-Length: " +
               std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
    }();
    // A client that does not get the text still sees the connection end; ignoring.
    (void)::send(socket.native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

Result<Peer> peer_of(int fd) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return system_failure("SO_PEERCRED", errno);
    Peer peer{credentials.uid, credentials.gid, std::vector<gid_t>(32), credentials.pid};
    for (;;) {
        size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
        if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) == 0) break;
        // ERANGE tells the room that it needs; 65536 groups are the kernel's limit.
        if (errno != ERANGE || size / sizeof(gid_t) <= peer.groups.size())
            return system_failure("SO_PEERGROUPS", errno);
        peer.groups.resize(size / sizeof(gid_t));
    }
    peer.groups.resize(size / sizeof(gid_t));
    return peer;
}

ControlServer::ControlServer(asio::io_context& io, int listening, std::string own_path, AccessPolicy policy,
                             Callbacks callbacks, ServerLimits limits, PeerOf who)
    : acceptor_(io), pause_(io), own_path_(std::move(own_path)), policy_(policy), who_(std::move(who)) {
    host_.callbacks = std::move(callbacks);
    host_.limits = limits;
    host_.ended = [this, alive = std::weak_ptr<bool>(alive_)] {
        if (!alive.expired()) forget_ended();
    };
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    // Fails for what is no socket; then assign() and accept() say so.
    (void)::getsockname(listening, reinterpret_cast<sockaddr*>(&own), &size);
    acceptor_.assign(asio::generic::stream_protocol(own.ss_family, 0), listening);
    acceptor_.non_blocking(true);
    accept();
}

ControlServer::~ControlServer() { close(); }

void ControlServer::accept() {
    acceptor_.async_accept(
        [this, alive = std::weak_ptr<bool>(alive_)](error_code error, ControlSession::Socket socket) {
            if (alive.expired() || !acceptor_.is_open()) return;
            if (!error) {
                accepted(std::move(socket));
            } else if (error != asio::error::connection_aborted) {
                logger("control")->error("accepting on the control socket failed: {}", error.message());
                return pause();
            }
            accept();
        });
}

void ControlServer::accepted(ControlSession::Socket socket) {
    auto peer = who_(socket.native_handle());
    if (peer.has_error()) {
        logger("control")->warn("a connection was closed: {}", peer.error().message);
        return;
    }
    if (full_for(peer->uid)) {
        if (!std::exchange(turning_away_, true))
            logger("control")->warn("too many connections, turning clients away uid={} pid={} open={}", peer->uid,
                                    peer->pid, sessions_.size());
        return turn_away(socket);
    }
    const Right right = rights_of(*peer, policy_);
    sessions_.push_back(std::make_shared<ControlSession>(std::move(socket), std::move(*peer), right, host_));
    sessions_.back()->start();
}

void ControlServer::pause() {
    pause_.expires_after(kPause);
    pause_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](error_code error) {
        if (!error && !alive.expired() && acceptor_.is_open()) accept();
    });
}

bool ControlServer::full_for(uid_t uid) const {
    const auto own =
        std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& s) { return s->open() && s->uid() == uid; });
    const std::size_t all = connections();
    const std::size_t limit =
        uid == 0 ? host_.limits.connections : host_.limits.connections - host_.limits.root_reserve;
    return static_cast<std::size_t>(own) >= host_.limits.per_uid || all >= limit;
}

std::size_t ControlServer::connections() const {
    return static_cast<std::size_t>(
        std::count_if(sessions_.begin(), sessions_.end(), [](const auto& s) { return s->open(); }));
}

void ControlServer::forget_ended() {
    std::erase_if(sessions_, [](const auto& session) { return !session->open(); });
    if (sessions_.size() < host_.limits.per_uid) turning_away_ = false;
}

void ControlServer::publish(const std::vector<Event>& events) {
    if (events.empty()) return;
    std::string lines;
    for (const Event& event : events) lines += to_json_line(event);
    const auto readers = sessions_;  // a dropped reader may change the list
    for (const auto& session : readers) session->publish(lines);
}

void ControlServer::close() {
    if (!acceptor_.is_open()) return;
    error_code ignored;  // closing; nothing depends on it any more
    acceptor_.close(ignored);
    pause_.cancel();
    for (const auto& session : sessions_) session->detach();
    sessions_.clear();
    if (!own_path_.empty()) (void)::unlink(own_path_.c_str());  // gone already is as good
}

}  // namespace memdb::control
