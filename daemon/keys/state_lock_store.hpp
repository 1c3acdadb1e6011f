// The lock that keeps a second memdbd off a state directory. Held as long as the object lives; the kernel lets go of it
// when the process dies, however it dies.
#pragma once

#include "base/error.hpp"

#include <filesystem>
#include <utility>

namespace memdb::keys {

class StateLock {
  public:
    /// Takes STATE_DIR/lock and writes our pid into it.
    ///
    /// @return Errc::busy "another memdbd (pid N) already uses STATE_DIR", or Errc::io.
    static Result<StateLock> take(const std::filesystem::path& state_dir);

    StateLock(StateLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    StateLock& operator=(StateLock&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    StateLock(const StateLock&) = delete;
    StateLock& operator=(const StateLock&) = delete;
    ~StateLock();

  private:
    explicit StateLock(int descriptor) : descriptor_(descriptor) {}

    int descriptor_;
};

}  // namespace memdb::keys
