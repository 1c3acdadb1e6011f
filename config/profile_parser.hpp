// profile.toml <-> Profile. In: the file's text; out: a profile or every problem, by line. And back.
//
// memdbd writes this file itself, so what does not fit is damage, and the whole profile is refused. Opens no file.
#pragma once

#include "base/error.hpp"
#include "config/profile.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::config {

inline constexpr std::size_t kProfileSizeLimit = std::size_t{32} * 1024;  ///< bytes

/// Reads a profile. Errc::bad_input with one line for each problem, "profile.toml:LINE: key: reason"; Errc::too_large.
Result<Profile> parse_profile(std::string_view text, std::string_view file_name);

/// Writes `profile` as profile.toml. parse_profile gives back the same.
std::string write_profile(const Profile& profile);

/// What openvpn's `proto` is called: "udp", "tcp4", "tcp-client", …
struct Protocol {
    Transport transport = Transport::udp;
    AddressFamily family = AddressFamily::any;
    bool operator==(const Protocol&) const = default;
};
std::optional<Protocol> parse_protocol(std::string_view word) noexcept;

}  // namespace memdb::config
