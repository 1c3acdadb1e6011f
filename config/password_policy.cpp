#include "config/password_policy.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>

namespace memdb::config {
namespace {

Failure forbidden(std::string_view why) { return {Errc::not_permitted, std::string(why)}; }

}  // namespace

std::string_view password_line(std::string_view text) noexcept {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

Result<void> check_password(std::string_view password) {
    if (password.size() > kPasswordLimit)
        return Failure{Errc::too_large, fmt::format("the password has more than {} bytes", kPasswordLimit)};
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::ranges::any_of(password, is_control))
        return Failure{Errc::bad_input,
                       "the password has a line break or another control character: it must be one line"};
    return {};
}

Result<void> check_secret_file(const OpenedFile& file, const Reader& reader) {
    if (!S_ISREG(file.mode)) return forbidden("is no regular file");
    if (file.owner != 0 && file.owner != reader.user)
        return forbidden(
            fmt::format("belongs to uid {}: it must belong to memdbd (uid {}) or root", file.owner, reader.user));
    if ((file.mode & S_IWOTH) != 0) return forbidden("everybody may write it");
    if ((file.mode & S_IROTH) != 0) return forbidden("everybody may read it");
    if ((file.mode & S_IWGRP) != 0) return forbidden("its group may write it");
    if ((file.mode & S_IRGRP) != 0 && file.group != 0 && file.group != reader.group)
        return forbidden(fmt::format("its group, gid {}, may read it: only memdbd's own (gid {}) or root's may",
                                     file.group, reader.group));
    return {};
}

Result<void> check_password_file(const OpenedFile& file, const Reader& reader) {
    if (auto good = check_secret_file(file, reader); !good) return good;
    if (file.size > kPasswordFileLimit)
        return Failure{Errc::too_large, fmt::format("has more than {} bytes", kPasswordLimit)};
    return {};
}

}  // namespace memdb::config
