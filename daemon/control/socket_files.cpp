#include "control/socket_files.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

}  // namespace memdb::control
