#include "client/local_files.hpp"

#include "base/error.hpp"
#include "client/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace memdb::client {
namespace {

namespace fs = std::filesystem;

Problem failed(const std::string& path, int error) { return {Exit::failed, system_failure(path, error).message}; }

}  // namespace

bool exists(const std::string& path) {
    struct stat about {};
    return ::lstat(path.c_str(), &about) == 0;
}

Outcome<std::string> read_whole(const std::string& path, std::size_t limit) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat about {};
    if (!file.open() || ::fstat(file.fd(), &about) != 0) return failed(path, errno);
    if (!S_ISREG(about.st_mode)) return Problem{Exit::failed, path + ": is not a file"};
    std::string bytes(std::min<std::size_t>(static_cast<std::size_t>(about.st_size), limit) + 1, '\0');
    std::size_t size = 0;
    for (;;) {
        if (size == bytes.size()) bytes.resize(size + 4096);
        const ssize_t got = ::read(file.fd(), bytes.data() + size, bytes.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed(path, errno);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
        if (size > limit)
            return Problem{Exit::failed, path + ": is larger than " + std::to_string(limit / 1024) + " KiB"};
    }
    bytes.resize(size);
    return bytes;
}

Outcome<void> write_new(const std::string& path, std::string_view bytes, mode_t mode) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.open()) return failed(path, errno);
    int error = ::fchmod(file.fd(), mode) == 0 ? 0 : errno;
    while (error == 0 && !bytes.empty()) {
        const ssize_t put = ::write(file.fd(), bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) error = errno;
        if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    if (error == 0 && ::fsync(file.fd()) != 0) error = errno;
    if (error == 0) return boost::system::in_place_value;
    ::unlink(path.c_str());
    return failed(path, error);
}

Outcome<void> write_over(const std::string& path, std::string_view bytes, mode_t mode) {
    struct stat about {};
    const bool stands = ::lstat(path.c_str(), &about) == 0;
    if (stands && !S_ISREG(about.st_mode)) return Problem{Exit::failed, path + ": is there already, and is no file"};
    const mode_t mask = ::umask(0);
    ::umask(mask);
    const std::string fresh = path + ".new-" + std::to_string(::getpid());
    const auto written = write_new(fresh, bytes, stands ? about.st_mode & 0777 : mode & ~mask);
    if (written.has_error()) return written.error();
    if (::rename(fresh.c_str(), path.c_str()) == 0) return boost::system::in_place_value;
    const int error = errno;
    ::unlink(fresh.c_str());
    return failed(path, error);
}

Outcome<ScratchFolder> ScratchFolder::make() {
    const char* base = std::getenv("TMPDIR");
    std::string path = std::string(base != nullptr && *base == '/' ? base : "/tmp") + "/memdbctl-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return failed(path, errno);
    return ScratchFolder(path);
}

ScratchFolder::~ScratchFolder() {
    if (path_.empty()) return;
    std::error_code ignored;  // what cannot be removed holds no secret
    fs::remove_all(path_, ignored);
}

std::string absolute_path(const std::string& path) {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(fs::absolute(path, error), error);
    std::string text = error ? path : canonical.string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

}  // namespace memdb::client
