#include "keys/state_lock_store.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace memdb::keys {
namespace {

/// The pid in the lock file, or what to say when there is none yet.
std::string holder(int descriptor) {
    char text[16] = {};
    const ssize_t size = ::pread(descriptor, text, sizeof(text) - 1, 0);
    std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    pid.resize(std::min(pid.find_first_not_of("0123456789"), pid.size()));
    return pid.empty() ? "" : fmt::format(" (pid {})", pid);
}

}  // namespace

// The file is never removed: a lock on a removed file would hold nobody off.
Result<StateLock> StateLock::take(const std::filesystem::path& state_dir) {
    const auto path = state_dir / "lock";
    StateLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (lock.descriptor_ < 0) return system_failure("cannot open " + path.string(), errno);
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return system_failure("cannot lock " + path.string(), errno);
        return Failure{Errc::busy,
                       fmt::format("another memdbd{} already uses {}", holder(lock.descriptor_), state_dir.string())};
    }
    const std::string pid = fmt::format("{}\n", ::getpid());
    // It tells a person who holds the lock; on a full disk the lock holds all the same.
    if (::ftruncate(lock.descriptor_, 0) == 0) (void)!::pwrite(lock.descriptor_, pid.data(), pid.size(), 0);
    return lock;
}

StateLock::~StateLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace memdb::keys
