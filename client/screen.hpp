// Lines of a terminal's screen: fitted to its width, and the bytes that turn one screen into another. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

struct ScreenSize {
    std::size_t columns = 80;
    std::size_t rows = 24;
    bool operator==(const ScreenSize&) const = default;
};

using ScreenLines = std::vector<std::string>;  ///< without newlines; may hold colours

/// Columns that `line` takes: its colours take none.
std::size_t visible_columns(std::string_view line) noexcept;

/// `line` cut after `width` columns. Colours that are open at the cut are closed.
std::string fit(std::string_view line, std::size_t width);

/// What draws `after` where `before` stands, from a terminal of `size`: only lines that differ, in one piece that a
/// terminal which knows mode 2026 shows at once. An empty `before` clears the screen first. Empty: nothing to do.
std::string draw(const ScreenLines& before, const ScreenLines& after, ScreenSize size);

}  // namespace memdb::client
