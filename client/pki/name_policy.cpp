#include "client/pki/name_policy.hpp"

#include <algorithm>

namespace memdb::client::pki {
namespace {

bool is_word_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

}  // namespace

bool is_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' && name != "ca" &&
           std::all_of(name.begin(), name.end(), is_word_character);
}

bool is_later_name(std::string_view name, std::string_view base) noexcept {
    if (!name.starts_with(base) || name.size() != base.size() + 9 || name[base.size()] != '-') return false;
    return name.substr(base.size() + 1).find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_dns_name(std::string_view name) noexcept {
    if (name.starts_with("*.")) name.remove_prefix(2);
    return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
           std::all_of(name.begin(), name.end(), is_word_character);
}

bool is_endpoint_id(std::string_view word) noexcept {
    constexpr std::string_view prefix = "cvpn-endpoint-";
    if (!word.starts_with(prefix)) return false;
    word.remove_prefix(prefix.size());
    return !word.empty() && word.size() <= 32 && word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_plain_path(std::string_view path) noexcept {
    return path.starts_with('/') && path.size() <= 1024 && std::none_of(path.begin(), path.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
                      std::string_view("\"'`$\\&|#*?[]{}<>;!~=,%").find(c) != std::string_view::npos;
           });
}

}  // namespace memdb::client::pki
