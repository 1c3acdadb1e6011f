// The scripts that make a shell ask `memdbctl completion words`. They know no command: whatever memdbctl the line
// begins with is asked what may come next.
#pragma once

#include <string_view>

namespace memdb::client {

/// @param shell  "bash", "zsh" or "fish"; for another one there is an empty script.
std::string_view completion_script(std::string_view shell) noexcept;

}  // namespace memdb::client
