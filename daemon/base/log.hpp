// Named loggers to stderr or, under systemd, to the journal with priorities.
//
// For runners, servers, stores and main only. Pure files return `why` or a Failure instead. Levels (style §13):
// critical = the daemon ends; error = a function is lost until someone acts, once per onset; warn = unexpected, we
// recover by ourselves; info = phase changes, visible findings, start and end (a quiet day is under 20 lines); debug =
// every step; trace = wire lines.
#pragma once

#include "base/error.hpp"
#include "base/log_ring.hpp"

#include <spdlog/spdlog.h>

#include <memory>
#include <string_view>

namespace memdb {

/// The logger of one folder ("tunnel", "reach", …). Made at the first call with the current level; never null.
std::shared_ptr<spdlog::logger> logger(std::string_view name);

/// The last lines that the loggers wrote, in UTC, whatever became of stderr: at most kLogLines and kLogBytes of them.
/// Copies them.
[[nodiscard]] LogRing recent_log_lines();

/// Sets the level of all loggers: "error", "warn", "info", "debug", "trace". Errc::bad_input for another word.
Result<void> set_log_level(std::string_view level);

}  // namespace memdb
