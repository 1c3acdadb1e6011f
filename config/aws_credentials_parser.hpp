// The AWS shared credentials and configuration files, as far as they hold keys: ~/.aws/credentials and ~/.aws/config.
//
// In: a file's text and the profile that is wanted. Out: its keys, or what it has instead. Small and strict: what this
// does not understand is a failure, never a guess. Pure; opens no file. Repeats no value.
#pragma once

#include "base/error.hpp"
#include "reach/sigv4.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::config {

inline constexpr std::size_t kAwsFileLimit = std::size_t{256} * 1024;  ///< bytes

/// Both are INI files, with other names of sections: "[NAME]", and "[profile NAME]" except for "[default]".
enum class AwsFileKind : std::uint8_t { credentials, config };

/// What a file says of one profile.
struct AwsSection {
    bool is_there = false;
    std::optional<reach::AwsCredentials> keys;  ///< when both key and secret are there
    std::string instead;  ///< what it has when there are no keys: "sso_session", "credential_process", …; or empty
};

/// Errc::too_large, Errc::malformed with the line: no section, no "=", a name twice, half of the keys.
Result<AwsSection> parse_aws_file(std::string_view text, std::string_view profile, AwsFileKind kind);

}  // namespace memdb::config
