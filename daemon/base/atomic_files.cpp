#include "base/atomic_files.hpp"

#include "base/failpoint.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

namespace memdb {
namespace {

/// A file descriptor that is closed when it goes.
class OpenFile {
  public:
    explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    OpenFile(OpenFile&&) = delete;
    OpenFile& operator=(OpenFile&&) = delete;
    ~OpenFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int get() const noexcept { return descriptor_; }

    /// Closes now, to learn of errors that only come then (NFS, quota).
    int close_now() noexcept { return ::close(std::exchange(descriptor_, -1)); }

  private:
    int descriptor_;
};

Failure failed(std::string_view what, const std::filesystem::path& path, int error) {
    return system_failure(std::string(what) + " " + path.string(), error);
}

Result<void> write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path) {
#ifdef MEMDB_FAILPOINTS
    if (bytes.size() > 1 && ::write(descriptor, bytes.data(), 1) == 1) bytes.remove_prefix(1);
    MEMDB_FAILPOINT("half written");
#endif
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("cannot write", path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> fill(OpenFile& file, std::string_view bytes, mode_t mode, const std::filesystem::path& path) {
    if (::fchmod(file.get(), mode) != 0) return failed("cannot set the mode of", path, errno);
    if (const auto written = write_all(file.get(), bytes, path); !written) return written.error();
    MEMDB_FAILPOINT("written");
    if (::fsync(file.get()) != 0) return failed("cannot sync", path, errno);
    if (file.close_now() != 0) return failed("cannot close", path, errno);
    return {};
}

/// ".name.XXXXXX" beside `path`, ended by NUL, for mkstemp and friends.
std::vector<char> temporary_beside(const std::filesystem::path& path) {
    const std::string text = (path.parent_path() / ("." + path.filename().string() + ".XXXXXX")).string();
    std::vector<char> name(text.begin(), text.end());
    name.push_back('\0');
    return name;
}

using MayRead = std::function<Result<void>(const struct stat&)>;

Result<Secret<>> read_opened(const std::filesystem::path& path, int flags, std::size_t limit, const MayRead& may_read) {
    // O_NONBLOCK: a FIFO put there must not hang the agent; O_NOCTTY: a terminal must not become ours.
    const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags));
    if (file.get() < 0 && errno == ENOENT) return Failure{Errc::not_found, path.string() + " does not exist"};
    if (file.get() < 0) return failed("cannot open", path, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return failed("cannot look at", path, errno);
    if (auto allowed = may_read(status); !allowed) return std::move(allowed).error();

    // One byte more than allowed, so that a file that grows meanwhile is noticed; one buffer, so that no copy is left.
    std::string bytes(limit + 1, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int error = errno;
            wipe(bytes);
            return failed("cannot read", path, error);
        }
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    Secret<> content(std::move(bytes));
    if (filled > limit) {
        return Failure{Errc::too_large, path.string() + " has more than " + std::to_string(limit) + " bytes"};
    }
    return content;
}

}  // namespace

Result<Secret<>> read_secret_file(const std::filesystem::path& path, std::size_t limit) {
    return read_opened(path, O_NOFOLLOW, limit, [&](const struct stat& status) -> Result<void> {
        if (S_ISREG(status.st_mode)) return {};
        return Failure{Errc::io, path.string() + " is no regular file"};
    });
}

Result<Secret<>> read_judged_secret_file(const std::filesystem::path& path, std::size_t limit,
                                         const MayRead& may_read) {
    return read_opened(path, 0, limit, may_read);
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
    const auto content = read_secret_file(path, limit);
    if (!content) return content.error();
    return content->reveal();
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes, mode_t mode) {
    std::vector<char> temporary = temporary_beside(path);
    OpenFile file(::mkostemp(temporary.data(), O_CLOEXEC));
    if (file.get() < 0) return failed("cannot create a file beside", path, errno);
    MEMDB_FAILPOINT("temporary made");
    auto done = fill(file, bytes, mode, path);
    MEMDB_FAILPOINT("synced");
    if (done && ::rename(temporary.data(), path.c_str()) != 0) done = failed("cannot replace", path, errno);
    if (!done) {
        ::unlink(temporary.data());
        return done;
    }
    MEMDB_FAILPOINT("file replaced");
    return sync_folder(path.parent_path());
}

Result<void> replace_link(const std::filesystem::path& link, const std::string& target) {
    std::vector<char> temporary = temporary_beside(link);
    // mkstemp only for a free name; symlink needs it to be gone.
    const OpenFile claimed(::mkostemp(temporary.data(), O_CLOEXEC));
    if (claimed.get() < 0) return failed("cannot create a file beside", link, errno);
    MEMDB_FAILPOINT("link's name claimed");
    ::unlink(temporary.data());
    if (::symlink(target.c_str(), temporary.data()) != 0) return failed("cannot create a link beside", link, errno);
    MEMDB_FAILPOINT("link made");
    if (::rename(temporary.data(), link.c_str()) != 0) {
        const int error = errno;
        ::unlink(temporary.data());
        return failed("cannot replace", link, error);
    }
    MEMDB_FAILPOINT("link replaced");
    return sync_folder(link.parent_path());
}

Result<void> make_folder(const std::filesystem::path& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) != 0) {
        if (errno == EEXIST) return Failure{Errc::already_exists, path.string() + " exists"};
        return failed("cannot create", path, errno);
    }
    MEMDB_FAILPOINT("folder made");
    if (::chmod(path.c_str(), mode) != 0) return failed("cannot set the mode of", path, errno);
    return sync_folder(path.parent_path());
}

Result<std::filesystem::path> make_temporary_folder(const std::filesystem::path& parent, std::string_view prefix) {
    std::string name = (parent / (std::string(prefix) + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) return failed("cannot create a folder in", parent, errno);
    MEMDB_FAILPOINT("temporary folder made");
    return std::filesystem::path(name);
}

Result<void> publish_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (const auto synced = sync_folder(from); !synced) return synced.error();
    MEMDB_FAILPOINT("folder complete");
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
        if (errno == EEXIST) return Failure{Errc::already_exists, to.string() + " exists"};
        return failed("cannot create", to, errno);
    }
    MEMDB_FAILPOINT("folder published");
    if (const auto synced = sync_folder(to.parent_path()); !synced) return synced.error();
    return from.parent_path() == to.parent_path() ? Result<void>{} : sync_folder(from.parent_path());
}

Result<void> remove_tree(const std::filesystem::path& parent, const std::string& name) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
        return Failure{Errc::internal, "[unexpected] no name of one component to remove"};
    }
    std::error_code error;
    const auto path = parent / name;
    if (!std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
        return Failure{Errc::not_found, path.string() + " does not exist"};
    }
    MEMDB_FAILPOINT("about to remove");
    std::filesystem::remove_all(path, error);  // works on descriptors and does not follow links
    if (error) return failed("cannot remove", path, error.value());
    MEMDB_FAILPOINT("removed");
    return sync_folder(parent);
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const OpenFile file(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (file.get() < 0) return failed("cannot open", folder, errno);
    if (::fsync(file.get()) != 0) return failed("cannot sync", folder, errno);
    return {};
}

}  // namespace memdb
