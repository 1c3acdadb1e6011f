#include "client/import_files.hpp"

#include "base/error.hpp"
#include "client/text.hpp"
#include "config/password_policy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace memdb::client {
namespace {

struct Descriptor {
    int fd;
    explicit Descriptor(int value) : fd(value) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

/// Empty when nobody but the caller and root can read or change the file; the caller's group may read it.
std::string why_not_secret(const struct stat& about) {
    if (about.st_uid != 0 && about.st_uid != ::geteuid()) return "belongs to somebody else: it must be yours or root's";
    const bool group_reads = (about.st_mode & S_IRGRP) != 0 && about.st_gid != 0 && about.st_gid != ::getegid();
    if ((about.st_mode & (S_IRWXO | S_IWGRP)) != 0 || group_reads)
        return "others may read or change it: chmod 600 makes it yours alone";
    return {};
}

enum class Guard { none, secret };

/// Reads at most `limit` bytes into `to`, whose memory does not move meanwhile. With Guard::secret a file that others
/// may read or change is refused; what comes through a pipe has no such owner.
Outcome<bool> read_into(const std::string& path, std::string& to, std::size_t limit, Guard guard = Guard::none) {
    // Not blocking: a named pipe without a writer must not hold us.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.fd < 0) return Problem{Exit::failed, system_failure(path, errno).message};
    struct stat about {};
    if (::fstat(file.fd, &about) != 0) return Problem{Exit::failed, system_failure(path, errno).message};
    if (S_ISDIR(about.st_mode)) return Problem{Exit::failed, path + ": is a directory"};
    if (!S_ISREG(about.st_mode) && !S_ISFIFO(about.st_mode)) return Problem{Exit::failed, path + ": is not a file"};
    if (guard == Guard::secret && S_ISREG(about.st_mode)) {
        if (const std::string why = why_not_secret(about); !why.empty())
            return Problem{Exit::failed, path + ": " + why};
    }
    if (S_ISFIFO(about.st_mode)) (void)::fcntl(file.fd, F_SETFL, 0);  // <(command): now it may wait for its writer
    to.resize(limit + 1);
    std::size_t size = 0;
    while (size < to.size()) {
        const ssize_t got = ::read(file.fd, to.data() + size, to.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Problem{Exit::failed, system_failure(path, errno).message};
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size == 0) return Problem{Exit::failed, path + ": is empty"};
    if (size > limit)
        return Problem{Exit::failed,
                       path + ": is larger than " + std::to_string(limit / 1024) + " KiB: is it the right file?"};
    to.resize(size);
    return true;
}

Outcome<bool> read_text_into(const std::string& path, std::string& to, Guard guard = Guard::none) {
    auto done = read_into(path, to, kFileLimit, guard);
    if (done.has_error()) return done;
    if (!is_text(to))
        return Problem{Exit::failed, path +
                                         ": is not a text file: a certificate or key in another form becomes PEM with "
                                         "`openssl x509` or `openssl pkey`"};
    return true;
}

}  // namespace

Outcome<std::string> read_bytes(const std::string& path, std::size_t limit) {
    std::string bytes;
    const auto done = read_into(path, bytes, limit);
    if (done.has_error()) return done.error();
    return bytes;
}

Outcome<std::string> read_file(const std::string& path) {
    std::string text;
    const auto done = read_text_into(path, text);
    if (done.has_error()) return done.error();
    return text;
}

Outcome<Secret<>> read_secret_file(const std::string& path) {
    std::string text;
    const auto done = read_text_into(path, text);
    if (done.has_error()) {
        wipe(text);
        return done.error();
    }
    return Secret<>(std::move(text));
}

Outcome<Secret<>> read_password_file(const std::string& path) {
    auto password = read_secret_file(path);
    if (password.has_error()) return password.error();
    const std::string_view text = config::password_line(password->reveal());
    if (text.empty()) return Problem{Exit::failed, path + ": is empty"};
    return Secret<>(std::string(text));
}

Outcome<Secret<>> read_guarded_password(const std::string& path) {
    std::string text;
    const auto done = read_text_into(path, text, Guard::secret);
    const Secret<> whole(std::move(text));
    if (done.has_error()) return done.error();
    const std::string_view line = config::password_line(whole.reveal());
    if (const auto judged = config::check_password(line); judged.has_error())
        return Problem{Exit::failed, path + ": " + judged.error().message};
    if (line.empty()) return Problem{Exit::failed, path + ": is empty"};
    return Secret<>(std::string(line));
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace memdb::client
