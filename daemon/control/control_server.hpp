// The control socket, or the loopback listener: accepts, asks the kernel who calls, keeps the limits on connections,
// hands out events (design §6).
//
// Owns the sessions. Single-threaded, on the given io_context; the destructor closes everything.
#pragma once

#include "control/control_session.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace memdb::control {

/// SO_PEERCRED and SO_PEERGROUPS of a connected unix socket: who connected, with the groups at that time.
Result<Peer> peer_of(int fd);

class ControlServer {
  public:
    using PeerOf = std::function<Result<Peer>(int fd)>;

    /// @param listening  a bound and listening stream socket, from bind_control_socket(), bind_loopback_socket() or
    /// systemd; owned from now on.
    /// @param own_path   the socket's file when bind_control_socket() made it: removed by close(). Empty under socket
    /// activation.
    /// @param who        who connected; replaced over TCP, where nobody can tell, and in tests.
    ControlServer(boost::asio::io_context& io, int listening, std::string own_path, AccessPolicy policy,
                  Callbacks callbacks, ServerLimits limits = {}, PeerOf who = peer_of);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    /// Sends the changes to every reader of events. Call it after the snapshot that they lead to is in place.
    void publish(const std::vector<Event>& events);

    /// Holds for connections made from now on.
    void set_policy(const AccessPolicy& policy) { policy_ = policy; }

    /// The same. A request or reply under way keeps its limits.
    void set_limits(const ServerLimits& limits) { host_.limits = limits; }

    /// Stops accepting, closes every connection, removes the own socket file. Replies under way are cut off.
    void close();

    [[nodiscard]] std::size_t connections() const;

  private:
    void accept();
    void accepted(ControlSession::Socket socket);
    void pause();
    [[nodiscard]] bool full_for(uid_t uid) const;
    void forget_ended();

    boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol> acceptor_;
    boost::asio::steady_timer pause_;
    std::string own_path_;
    AccessPolicy policy_;
    SessionHost host_;
    PeerOf who_;
    std::vector<std::shared_ptr<ControlSession>> sessions_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< guards handlers that outlive the server
    bool turning_away_ = false;                                   ///< already said in the log
};

}  // namespace memdb::control
