#include "client/screen.hpp"

namespace memdb::client {
namespace {

/// Bytes of the colour at `at`, 0 when there is none: "ESC [ … m" is all that our lines hold.
std::size_t colour_at(std::string_view line, std::size_t at) noexcept {
    if (line.substr(at, 2) != "\x1b[") return 0;
    const std::size_t end = line.find('m', at);
    return end == std::string_view::npos ? 0 : end + 1 - at;
}

bool begins_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }

}  // namespace

std::size_t visible_columns(std::string_view line) noexcept {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t colour = colour_at(line, at);
        if (colour == 0 && begins_character(line[at])) ++columns;
        at += colour == 0 ? 1 : colour;
    }
    return columns;
}

std::string fit(std::string_view line, std::size_t width) {
    std::size_t columns = 0;
    bool coloured = false;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t colour = colour_at(line, at);
        if (colour > 0) {
            coloured = line.substr(at, colour) != "\x1b[0m";
        } else if (begins_character(line[at]) && columns++ == width) {
            return std::string(line.substr(0, at)) + (coloured ? "\x1b[0m" : "");
        }
        at += colour == 0 ? 1 : colour;
    }
    return std::string(line);
}

std::string draw(const ScreenLines& before, const ScreenLines& after, ScreenSize size) {
    std::string out = before.empty() ? "\x1b[2J" : "";
    for (std::size_t row = 0; row < size.rows && (row < after.size() || row < before.size()); ++row) {
        const std::string line = row < after.size() ? fit(after[row], size.columns) : std::string();
        if (row < before.size() && row < after.size() && before[row] == after[row]) continue;
        if (before.empty() && line.empty()) continue;
        out += "\x1b[" + std::to_string(row + 1) + ";1H" + line;
        // Behind the last column the cursor still stands on it, and would take its character away.
        if (visible_columns(line) < size.columns) out += "\x1b[K";
    }
    return out.empty() ? out : "\x1b[?2026h" + out + "\x1b[?2026l";
}

}  // namespace memdb::client
