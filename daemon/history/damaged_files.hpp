// A damaged database, set aside for whoever wants to look at it. Blocking.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <string>

namespace memdb::history {

/// Renames the file and its log to PATH.damaged-DATE, and removes all but the two newest of these.
/// @return the new name, without its folder. Errc::io.
Result<std::string> set_aside(const std::string& path, WallTime now);

}  // namespace memdb::history
