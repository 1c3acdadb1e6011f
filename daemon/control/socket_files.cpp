#include "control/socket_files.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace memdb::control {
namespace {

/// Closes on every way out unless released.
struct Descriptor {
    int fd = -1;
    explicit Descriptor(int value) : fd(value) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

Descriptor make_socket() { return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

/// Removes the socket of an agent that is gone; fails when anything else lies at the path.
Result<void> clear(const std::string& path, const sockaddr_un& address) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return {};
        return system_failure(path, errno);
    }
    if (!S_ISSOCK(found.st_mode))
        return Failure{Errc::already_exists, path + " is not a socket: remove it or choose another path"};
    const Descriptor probe = make_socket();
    if (probe.fd < 0) return system_failure("socket", errno);
    const int connected = ::connect(probe.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    // EAGAIN: its queue of connections is full, so somebody is there.
    if (connected == 0 || errno == EAGAIN || errno == EINPROGRESS)
        return Failure{Errc::busy, "another program answers on " + path + ": stop it first"};
    if (errno != ECONNREFUSED && errno != ENOENT) return system_failure(path, errno);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure("removing the old " + path, errno);
    return {};
}

}  // namespace

Result<int> bind_control_socket(const std::string& path, mode_t mode, std::optional<gid_t> group) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return Failure{Errc::bad_input, "a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) +
                                            " bytes: choose a shorter runtime directory"};
    std::copy(path.begin(), path.end(), address.sun_path);
    if (auto cleared = clear(path, address); cleared.has_error()) return cleared.error();

    Descriptor made = make_socket();
    if (made.fd < 0) return system_failure("socket", errno);
    // The mode of an unbound socket is what bind() gives its file: nobody can connect before the group is set.
    if (::fchmod(made.fd, 0600) != 0 ||
        ::bind(made.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return system_failure(path, errno);
    const bool ready = (!group || ::chown(path.c_str(), static_cast<uid_t>(-1), *group) == 0) &&
                       ::chmod(path.c_str(), mode) == 0 && ::listen(made.fd, 128) == 0;
    if (!ready) {
        const int error = errno;
        ::unlink(path.c_str());
        return system_failure(path, error);
    }
    return std::exchange(made.fd, -1);
}

Result<int> bind_loopback_socket(const IpAddress& address, std::uint16_t port) {
    const std::string place =
        (address.is_v6 ? "[" + to_string(address) + "]" : to_string(address)) + ":" + std::to_string(port);
    if (!is_loopback(address)) return Failure{Errc::bad_input, place + " is no loopback address"};
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), sizeof v4.sin_addr);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), sizeof v6.sin6_addr);
    const auto* where = address.is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
    const socklen_t size = address.is_v6 ? sizeof v6 : sizeof v4;

    Descriptor made(::socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (made.fd < 0) return system_failure("socket", errno);
    const int on = 1;  // connections of the last process, on their way out, do not keep the port
    (void)::setsockopt(made.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(made.fd, where, size) != 0 || ::listen(made.fd, 128) != 0) {
        if (errno == EADDRINUSE) return Failure{Errc::busy, "another program listens on " + place};
        return system_failure(place, errno);
    }
    return std::exchange(made.fd, -1);
}

}  // namespace memdb::control
