// A password from a file that the administrator has named in memdbd.toml. Reads only; config/password_policy judges.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <filesystem>

namespace memdb::keys {

/// The password in the file at `path`, for the user and group that this process runs as. Links are followed: what they
/// lead to is judged. No copy is left behind.
///
/// @return Errc::not_found, Errc::not_permitted (owner, mode, kind), Errc::too_large, Errc::malformed (empty, more than
///         one line, a NUL), Errc::io: one line that begins with `path`. Blocks for a few ms of disk, never for a pipe.
Result<Secret<>> read_password_file(const std::filesystem::path& path);

}  // namespace memdb::keys
