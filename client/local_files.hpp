// The caller's own files: a PKI's, bundles, requests. Read with a limit, written whole and never over something else.
// Blocking; decides nothing.
#pragma once

#include "client/control_client.hpp"

#include "base/secret.hpp"

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::client {

bool exists(const std::string& path);

/// The whole file, which may be empty. "PATH: …" when it is missing, unreadable or larger than `limit` bytes.
Outcome<std::string> read_whole(const std::string& path, std::size_t limit);

/// Makes the file `path` with `bytes`, which must not exist yet; nothing is left of it when that fails.
/// @param mode  whatever the umask is.
Outcome<void> write_new(const std::string& path, std::string_view bytes, mode_t mode);

/// Makes or replaces the file `path`, whole or not at all: readers see the old bytes or the new ones. Follows no link;
/// what stands there and is no file is not replaced.
/// @param mode  less what the umask forbids; a file that is replaced keeps its own.
Outcome<void> write_over(const std::string& path, std::string_view bytes, mode_t mode);

/// A folder of our own in $TMPDIR or /tmp, mode 0700; removed with all plain files in it.
class ScratchFolder {
  public:
    static Outcome<ScratchFolder> make();
    ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScratchFolder& operator=(ScratchFolder&& other) noexcept {
        std::swap(path_, other.path_);
        return *this;
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder();
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

/// `path` without links and ".."; what does not exist yet is kept as it is. Relative to the working directory.
std::string absolute_path(const std::string& path);

}  // namespace memdb::client
