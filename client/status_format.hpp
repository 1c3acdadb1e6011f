// `memdbctl status --format`: one line for each profile, in the words of who asks: prompts, bars, scripts. Pure.
//
// "{name} {verdict}" names fields; "{field:json}" is the same as a JSON string; "{{" and "}}" are braces. A field that
// is not known now is empty.
#pragma once

#include "control/snapshot.hpp"

#include <span>
#include <string>
#include <string_view>

namespace memdb::client {

struct FormatField {
    std::string_view name, help;
};

/// All of them, as the man page lists them.
std::span<const FormatField> format_fields() noexcept;

/// Empty for a format that can be used; else what is wrong with it, with the fields that there are.
std::string check_format(const std::string& format);

/// One line, with its end. `format` has passed check_format().
std::string format_profile(std::string_view format, const control::ProfileView& profile, WallTime now);

/// The line when there is no answer from the agent: verdict "unknown", severity "error", `why` as the summary, the name
/// that was asked for, and nothing else.
std::string format_unknown(std::string_view format, std::string_view name, std::string_view why);

}  // namespace memdb::client
