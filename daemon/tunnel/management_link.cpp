#include "tunnel/management_link.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cerrno>
#include <utility>

namespace memdb::tunnel {
namespace {

using Unix = boost::asio::local::stream_protocol;
using boost::system::error_code;

/// The pid of the process that has connected (SO_PEERCRED); 0 when there is none.
int peer_of(int descriptor) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    const int failed = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    return failed == 0 ? credentials.pid : 0;
}

}  // namespace

struct ManagementLink::Impl : std::enable_shared_from_this<Impl> {
    Impl(boost::asio::io_context& io, Handlers h) : acceptor(io), socket(io), handlers(std::move(h)) {}

    void accept() {
        auto self = shared_from_this();
        acceptor.async_accept([self](const error_code& error, Unix::socket peer) {
            if (self->closed) return;
            if (error) return self->lose("accept: " + error.message());
            self->take(std::move(peer));
        });
    }

    void take(Unix::socket peer) {
        if (pid <= 0 || peer_of(peer.native_handle()) != pid) return accept();
        error_code ignored;  // nobody else is to come; an error here changes nothing
        acceptor.close(ignored);
        socket = std::move(peer);
        is_open = true;
        handlers.opened(pid);
        if (!closed) read();
    }

    void read() {
        auto self = shared_from_this();
        socket.async_read_some(boost::asio::buffer(buffer), [self](const error_code& error, std::size_t n) {
            if (self->closed) return;
            if (n > 0) self->handlers.received({self->buffer.data(), n});
            // cppcheck-suppress identicalConditionAfterEarlyExit  // the handler may have closed it
            if (self->closed) return;
            if (error)
                return self->lose(error == boost::asio::error::eof ? "openvpn closed the management connection"
                                                                   : "management: " + error.message());
            self->read();
        });
    }

    void write() {
        writing.swap(queued);
        auto self = shared_from_this();
        boost::asio::async_write(socket, boost::asio::buffer(writing), [self](const error_code& error, std::size_t) {
            if (self->closed) return;
            self->writing.clear();
            // The reader sees the end of the connection too, with whatever openvpn said before it.
            if (!error && !self->queued.empty()) self->write();
        });
    }

    void lose(std::string why) {
        const auto lost = std::move(handlers.lost);
        close();
        lost(std::move(why));
    }

    void close() noexcept {
        closed = true;
        is_open = false;
        error_code ignored;  // closing what may be closed already
        acceptor.close(ignored);
        socket.close(ignored);
        if (!path.empty()) unlink(path.c_str());
        path.clear();
    }

    Unix::acceptor acceptor;
    Unix::socket socket;
    Handlers handlers;
    std::array<char, 8192> buffer{};
    std::string queued, writing, path;
    int pid = 0;
    bool is_open = false, closed = false;
};

ManagementLink::ManagementLink(boost::asio::io_context& io, Handlers handlers)
    : impl_(std::make_shared<Impl>(io, std::move(handlers))) {}

ManagementLink::~ManagementLink() { impl_->close(); }

Result<void> ManagementLink::listen(const std::string& path) {
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        return Failure{Errc::too_large, "management socket path is too long for a unix socket: " + path};
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure("removing " + path, errno);
    error_code error;
    impl_->acceptor.open(Unix(), error);
    if (!error) impl_->acceptor.bind(Unix::endpoint(path), error);
    if (!error) impl_->path = path;
    if (!error && chmod(path.c_str(), 0600) != 0) return system_failure("chmod " + path, errno);
    if (!error) impl_->acceptor.listen(1, error);
    if (error) return Failure{Errc::io, "listening on " + path + ": " + error.message()};
    impl_->accept();
    return {};
}

Result<void> ManagementLink::adopt(int descriptor) {
    const int pid = peer_of(descriptor);
    error_code error;
    impl_->socket.assign(Unix(), descriptor, error);
    if (error) ::close(descriptor);
    if (!error) impl_->socket.non_blocking(true, error);
    if (error || pid <= 0) return Failure{Errc::not_found, "no management connection of an openvpn"};
    impl_->pid = pid;
    impl_->is_open = true;
    impl_->read();
    return {};
}

int ManagementLink::peer() const noexcept { return impl_->is_open ? impl_->pid : 0; }
int ManagementLink::descriptor() const noexcept { return impl_->is_open ? impl_->socket.native_handle() : -1; }

void ManagementLink::expect(int pid) noexcept { impl_->pid = pid; }

Result<void> ManagementLink::send(const std::string& bytes) {
    if (!impl_->is_open) return Failure{Errc::peer_closed, "no management connection"};
    if (impl_->queued.size() + impl_->writing.size() + bytes.size() > kWriteLimit)
        return Failure{Errc::too_large, "openvpn does not read its management connection"};
    impl_->queued += bytes;
    if (impl_->writing.empty()) impl_->write();
    return {};
}

void ManagementLink::close() noexcept { impl_->close(); }

}  // namespace memdb::tunnel
