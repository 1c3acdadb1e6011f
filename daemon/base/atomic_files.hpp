// Small files read and replaced whole: a reader sees the old content or the new, never a part, also after a crash.
//
// Every function blocks for a few ms of disk. Decides nothing, logs nothing. Links are not followed at the last
// component of a path, but by read_judged_secret_file().
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace memdb {

/// Reads the whole file at `path`.
///
/// @return Errc::not_found when it is absent; Errc::too_large beyond `limit` bytes; Errc::io when it is there but
///         unreadable, a link, or no regular file.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);

/// The same for secrets: what was read is wiped with the result.
Result<Secret<>> read_secret_file(const std::filesystem::path& path, std::size_t limit);

/// The same for a file that somebody else made and named: links are followed, and what was opened is judged before a
/// byte of it is read. Opening waits for nobody, whatever it is that lies there.
///
/// @param may_read  gets what fstat says of the opened file; its failure is returned as it is.
/// @return          as read_file(), except that `may_read` says what a link or another kind of file means.
Result<Secret<>> read_judged_secret_file(const std::filesystem::path& path, std::size_t limit,
                                         const std::function<Result<void>(const struct stat&)>& may_read);

/// Replaces the file at `path`: temporary beside it, mode, write, fsync, rename, fsync of the folder.
///
/// @param mode  in force before the new name is visible (0600 for keys), whatever the umask is.
/// @return      nothing, or Errc::io; then `path` is untouched and no temporary is left.
Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes, mode_t mode);

/// Makes `link` point to `target` in one step, whether it existed or not.
Result<void> replace_link(const std::filesystem::path& link, const std::string& target);

/// Makes a folder with exactly `mode`; its parent is fsynced. Errc::already_exists, Errc::io.
Result<void> make_folder(const std::filesystem::path& path, mode_t mode);

/// Makes a folder with a name of its own in `parent`, mode 0700: "PREFIXxxxxxx".
Result<std::filesystem::path> make_temporary_folder(const std::filesystem::path& parent, std::string_view prefix);

/// Gives `from` the name `to`, which must not exist; both parents are fsynced. Errc::already_exists, Errc::io.
Result<void> publish_folder(const std::filesystem::path& from, const std::filesystem::path& to);

/// Removes `name` in `parent` with all that is in it; links in it are removed, never followed.
///
/// @param name  one component. @return Errc::not_found, Errc::io.
Result<void> remove_tree(const std::filesystem::path& parent, const std::string& name);

/// Makes what was renamed or created in `folder` durable.
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace memdb
