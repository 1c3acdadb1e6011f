// The screen of `memdbctl watch`. Pure: a model, a size and the time in, lines out.
#pragma once

#include "client/render.hpp"
#include "client/screen.hpp"
#include "client/watch_model.hpp"

#include <string>

namespace memdb::client {

/// Exactly `size.rows` lines, none wider than `size.columns`. On a small screen the log goes first, then nodes: they
/// scroll; verdict, ladder and the first finding stay.
ScreenLines render_watch(const WatchModel& model, ScreenSize size, WallTime now, const Style& style);

/// The last `width` samples as blocks that grow up to `most` microseconds; a miss is a cross.
std::string sparkline(const std::deque<Sample>& samples, std::size_t width, std::int64_t most, const Style& style);

}  // namespace memdb::client
