#include "client/ca_file.hpp"

#include "base/error.hpp"
#include "client/descriptor.hpp"
#include "client/local_files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace memdb::client {
namespace {

/// FNV-1a. It only tells files apart; what is used is compared byte by byte.
std::string name_of(std::string_view pem) {
    std::uint64_t hash = 14695981039346656037u;
    for (const char c : pem) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    char text[40];
    std::snprintf(text, sizeof text, "ca-%016llx.pem", static_cast<unsigned long long>(hash));
    return text;
}

/// Ours alone, so that nobody else decides which authority is trusted.
bool is_private_folder(const std::string& path) {
    struct stat about {};
    return ::lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == ::geteuid() &&
           (about.st_mode & 0077) == 0;
}

std::optional<std::string> place_in(const std::string& runtime, std::string_view pem) {
    if (!runtime.starts_with('/') || !is_private_folder(runtime)) return std::nullopt;
    const std::string folder = runtime + "/memdbctl";
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return std::nullopt;
    if (!is_private_folder(folder)) return std::nullopt;
    const std::string path = folder + "/" + name_of(pem);
    const auto there = read_whole(path, pem.size());
    if (there.has_value() && *there == pem) return path;
    const std::string fresh = path + "." + std::to_string(::getpid());
    if (write_new(fresh, pem, 0600).has_error()) return std::nullopt;
    if (::rename(fresh.c_str(), path.c_str()) == 0) return path;
    ::unlink(fresh.c_str());
    return std::nullopt;
}

Outcome<std::string> place_in_memory(std::string_view pem) {
    Descriptor memory(::memfd_create("memdbctl-ca", 0));  // not closed by exec: that is its purpose
    if (!memory.open()) return Problem{Exit::failed, system_failure("memfd_create", errno).message};
    while (!pem.empty()) {
        const ssize_t put = ::write(memory.fd(), pem.data(), pem.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return Problem{Exit::failed, system_failure("memory for the CA", errno).message};
        pem.remove_prefix(static_cast<std::size_t>(put));
    }
    return "/proc/self/fd/" + std::to_string(memory.release());
}

}  // namespace

Outcome<std::string> place_ca(std::string_view pem) {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    if (runtime != nullptr)
        if (auto path = place_in(runtime, pem)) return std::move(*path);
    return place_in_memory(pem);
}

}  // namespace memdb::client
