// A folder of its own and a blocking client, for tests of servers on unix sockets.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace memdb::support {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "memdb-control-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

/// A blocking client that gives up after 5 s, so that a broken server fails a test instead of hanging it.
class Client {
  public:
    explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval limit{5, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// Reads until `text` was seen, the end, or 5 s; returns everything read so far.
    const std::string& read_until(std::string_view text) {
        while (read_.find(text) == std::string::npos && read_some()) {
        }
        return read_;
    }
    const std::string& read_all() {
        while (read_some()) {
        }
        return read_;
    }
    [[nodiscard]] bool ended() const { return ended_; }
    void forget() { read_.clear(); }

  private:
    bool read_some() {
        char bytes[4096];
        const ssize_t size = ::recv(fd_, bytes, sizeof bytes, 0);
        if (size == 0 || (size < 0 && errno == ECONNRESET)) ended_ = true;
        if (size <= 0) return false;
        read_.append(bytes, static_cast<std::size_t>(size));
        return true;
    }

    int fd_;
    bool connected_ = false;
    bool ended_ = false;
    std::string read_;
};

}  // namespace memdb::support
