// What a password may be, and which files one may lie in. Pure: the file was opened, looked at and read by others.
#pragma once

#include "base/error.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace memdb::config {

inline constexpr std::size_t kPasswordLimit = 1024;  ///< bytes; MemoryDB allows 128
/// Bytes of a file that holds one: a line break may follow.
inline constexpr std::size_t kPasswordFileLimit = kPasswordLimit + 2;

/// The password in the file's text: the text without its last line break. A view into `text`.
std::string_view password_line(std::string_view text) noexcept;

/// Whether it can be a password: one line, no control character, at most kPasswordLimit bytes; "" is for the caller to
/// judge. Errc::too_large, Errc::bad_input; never with a part of it.
Result<void> check_password(std::string_view password);

/// What fstat says of a file that was opened.
struct OpenedFile {
    mode_t mode = 0;  ///< with the type
    uid_t owner = 0;
    gid_t group = 0;
    std::uint64_t size = 0;  ///< bytes
};

/// Who reads it.
struct Reader {
    uid_t user = 0;
    gid_t group = 0;
};

/// Whether a password, or another secret, may lie there: a regular file of root's or of the reader's own, that nobody
/// else can change or read; the reader's group or root's may read it (a systemd credential with an ACL shows as 0440 of
/// root's).
/// @return Errc::not_permitted: one phrase without the file's name.
Result<void> check_secret_file(const OpenedFile& file, const Reader& reader);

/// The same for a password: not larger than one can be. Errc::too_large, too.
Result<void> check_password_file(const OpenedFile& file, const Reader& reader);

}  // namespace memdb::config
