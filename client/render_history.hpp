// `memdbctl history` for people: how reachable each profile was, and what went wrong, one line each. Pure.
#pragma once

#include "client/local_time.hpp"
#include "client/render.hpp"
#include "control/history_view.hpp"

#include <string>

namespace memdb::client {

/// "99.93 %", and "100 %" only where nothing was missed.
std::string percent_text(std::int64_t part, std::int64_t whole);

/// The whole of it, with a newline at its end; no line is wider than `style.width`. Also for an empty history.
std::string render_history(const control::History& history, const Style& style, LocalTime local);

}  // namespace memdb::client
