// The management socket of one openvpn process: listens, lets our own child in, reads always, writes a bounded queue.
//
// Bytes in, bytes out; what they mean is management_codec's business. One link serves one process and one connection.
#pragma once

#include "base/error.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace memdb::tunnel {

class ManagementLink {
  public:
    static constexpr std::size_t kWriteLimit = 16 * 1024;  ///< bytes not yet taken by openvpn

    /// Called from the loop only, never from inside a member function; none after close().
    struct Handlers {
        std::function<void(int pid)> opened;
        std::function<void(std::string_view bytes)> received;
        std::function<void(std::string why)> lost;  ///< once; the link is closed by then
    };

    ManagementLink(boost::asio::io_context& io, Handlers handlers);
    ~ManagementLink();  ///< closes
    ManagementLink(const ManagementLink&) = delete;
    ManagementLink& operator=(const ManagementLink&) = delete;

    /// Makes the socket at `path` (mode 0600; its folder must be 0700 and ours) and waits for one connection. Whatever
    /// lies at `path` is removed first: it can only be what a crash of memdbd has left.
    Result<void> listen(const std::string& path);

    /// Goes on with a connection that an earlier memdbd has taken. Takes `descriptor` over in any case. `opened` is not
    /// called. Errc::not_found when it is no unix socket, or not connected to a process.
    Result<void> adopt(int descriptor);

    /// The process at the other end; 0 without a connection.
    [[nodiscard]] int peer() const noexcept;
    /// To be handed to systemd's file descriptor store; stays the link's. -1 without a connection.
    [[nodiscard]] int descriptor() const noexcept;

    /// The only process whose connection is taken (SO_PEERCRED); others are closed without a word.
    void expect(int pid) noexcept;

    /// Queues `bytes`. Errc::peer_closed without a connection, Errc::too_large when openvpn has not read for long.
    Result<void> send(const std::string& bytes);

    /// Ends all of it and removes the socket's file. A living openvpn then ends by itself, unless
    /// somebody else holds the connection.
    void close() noexcept;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace memdb::tunnel
