// One TCP connection to a node, with TLS or without: carries out what the probe machine says, and reports events.
//
// In:   connect, secure, send, close. Out: Connected, ConnectFailed, Secured, SecureFailed, ReplyReceived,
// ReplyMalformed, PeerClosed, with durations. Has no deadlines and no opinion. Events come from the loop, never from
// inside a call; none comes from before the last close(). An idle link holds no buffers.
#pragma once

#include "base/clock.hpp"
#include "reach/probe_state.hpp"
#include "reach/resp_codec.hpp"
#include "reach/tls_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace memdb::reach {

class NodeLink {
  public:
    using OnEvent = std::function<void(ProbeEvent)>;

    NodeLink(boost::asio::io_context& io, OnEvent on_event);
    ~NodeLink();
    NodeLink(const NodeLink&) = delete;
    NodeLink& operator=(const NodeLink&) = delete;

    /// Begins a new connection; one that is open is closed first.
    void connect(const std::string& address, std::uint16_t port);

    /// Begins the TLS handshake on the new connection.
    ///
    /// @param name        what the certificate must be for; the same for all connections of a link, as is `context`.
    /// @param may_resume  a session that an earlier connection left may take the place of certificates.
    void secure(std::shared_ptr<TlsContext> context, const std::string& name, bool may_resume = false);

    /// Sends one command and expects one reply within `limits`. `command` is wiped once it is out.
    void send(std::string command, ReplyLimits limits);

    void close() noexcept;

    /// A session that another link of the same node and context left, to be resumed.
    void give_session(TlsSession session) noexcept { session_ = std::move(session); }
    /// What is left of the last connection; closes it if it is open.
    [[nodiscard]] TlsSession take_session() noexcept;

  private:
    using Life = std::weak_ptr<const int>;

    void report_later(ProbeEvent event);
    void wait_to_read();
    void go_on_with_handshake();
    void flush();
    void read();
    [[nodiscard]] bool take(std::string_view bytes);  // false: this connection is over

    boost::asio::io_context& io_;
    OnEvent on_event_;
    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<TlsStream> tls_;
    TlsSession session_;  // of the last connection, until it is used
    std::unique_ptr<ReplyDecoder> decoder_;
    std::string unsent_;
    Stopwatch since_;
    std::shared_ptr<const int> life_;  // replaced by close(): completions of an older connection find it gone
};

}  // namespace memdb::reach
