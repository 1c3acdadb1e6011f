// memdbd.toml to Settings. In: the file's text and its name; out: settings or every problem, by line.
//
// Fail closed: an unknown key, a wrong type or a value out of range refuses the whole file, so that a typo never runs
// as a default. Opens no file.
#pragma once

#include "base/error.hpp"
#include "config/settings.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::config {

inline constexpr std::size_t kSettingsSizeLimit = std::size_t{64} * 1024;  ///< bytes

/// Reads settings; a key that is not there keeps its default.
///
/// @param file_name  for messages only.
/// @return Errc::bad_input with one line for each problem, in order of the lines, at most ten:
///         "memdbd.toml:12: probe.sentinel_interval_ms: must be between 100 and 60000, is 5".
///         Errc::too_large for more than kSettingsSizeLimit.
Result<Settings> parse_settings(std::string_view text, std::string_view file_name);

/// Every key that parse_settings knows, as "table.key"; those of [passwords] are the profiles' names, and not here.
std::vector<std::string> settings_keys();

}  // namespace memdb::config
