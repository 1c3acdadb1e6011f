// Reads the files of `profile import` as the calling user; the agent only ever gets contents (design §9.1).
#pragma once

#include "client/control_client.hpp"

#include "base/secret.hpp"

#include <cstddef>
#include <string>

namespace memdb::client {

inline constexpr std::size_t kFileLimit = 256 * 1024;  ///< bytes; four of them fit a request

/// The whole file. A missing file, a directory, an empty file, more than kFileLimit bytes, an unreadable one: one line
/// each, with the path in front.
Outcome<std::string> read_file(const std::string& path);

/// The same for any bytes, at most `limit` of them.
Outcome<std::string> read_bytes(const std::string& path, std::size_t limit);

/// The same for a key or a password; no copy is left behind.
Outcome<Secret<>> read_secret_file(const std::string& path);

/// A password: the file without its last line break.
Outcome<Secret<>> read_password_file(const std::string& path);

/// The same of a file that nobody but the caller (and root) can read or change; or from a pipe.
Outcome<Secret<>> read_guarded_password(const std::string& path);

/// "client.ovpn" of "/home/me/client.ovpn".
std::string file_name(const std::string& path);

}  // namespace memdb::client
