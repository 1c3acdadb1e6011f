// Small pieces of text for people: cleaning, measuring, wrapping, durations. Pure.
#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace memdb::client {

/// Text that came from elsewhere, made safe for a terminal: control characters (also C1, in UTF-8) and broken UTF-8
/// become
/// "?", line breaks become blanks. With `ascii`, everything beyond ASCII becomes "?".
std::string clean(std::string_view text, bool ascii);

/// Whether these are the bytes of a text: UTF-8 throughout, and no NUL.
bool is_text(std::string_view bytes) noexcept;

/// Columns of a text that clean() made: code points, because no name here is wide.
std::size_t columns(std::string_view text) noexcept;

/// `text` broken at blanks so that no line is wider than `width`; further lines start with `indent` blanks. The first
/// line already has `used` columns before it. A word that is too long stays whole.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent, std::size_t used);

std::string pad(std::string_view text, std::size_t width);

/// "40 s", "3 min 5 s", "3 h 12 min", "2 d 4 h": two units at most. Negative is "0 s".
std::string duration_text(Duration duration);

/// "0.7 ms", "12 ms", "1.2 s" from microseconds.
std::string latency_text(std::int64_t microseconds);

/// "1 node", "6 nodes".
std::string count_text(std::size_t count, std::string_view noun);

}  // namespace memdb::client
