// Where a profile's password lies, as memdbd.toml names it: "credential:NAME" or an absolute path. Opens no file, and
// repeats no word of the value: somebody may have written the password itself there.
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::config {

enum class PasswordPlace : std::uint8_t {
    credential,  ///< a file of that name in the folder that systemd makes for the service (LoadCredential=)
    file,
};

struct PasswordSource {
    PasswordPlace place = PasswordPlace::file;
    std::string name;  ///< the credential's, one component; or the absolute path
    bool operator==(const PasswordSource&) const = default;
};

/// Reads "credential:NAME" or "/PATH". Errc::bad_input with what it must be; the value is not in it.
Result<PasswordSource> parse_password_source(std::string_view text);

/// As it is written in memdbd.toml.
std::string to_string(const PasswordSource& source);

/// The file to open; nothing for a credential when the service was given none.
///
/// @param credentials  the folder of the service's credentials ($CREDENTIALS_DIRECTORY); empty: there is none.
std::optional<std::string> path_of(const PasswordSource& source, std::string_view credentials);

}  // namespace memdb::config
