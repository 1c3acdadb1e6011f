#include "client/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace memdb::client {
namespace {

/// Length of the valid UTF-8 sequence at `at`, and its code point; 0 when there is none.
std::size_t sequence(std::string_view text, std::size_t at, char32_t& point) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    const std::size_t size = lead < 0x80                   ? 1
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
    if (size == 0 || at + size > text.size()) return 0;
    point = size == 1 ? lead : lead & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(at + i) & 0xc0u) != 0x80u) return 0;
        point = (point << 6) | (byte(at + i) & 0x3fu);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return point < least[size] || (point >= 0xd800 && point < 0xe000) || point > 0x10ffff ? 0 : size;
}

/// What could drive a terminal or reorder what people read.
bool harmful(char32_t point) noexcept {
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x200b && point <= 0x200f) ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

std::string two_units(std::int64_t big, const char* big_name, std::int64_t small, const char* small_name) {
    std::string text = std::to_string(big) + " " + big_name;
    if (small > 0) text += " " + std::to_string(small) + " " + small_name;
    return text;
}

}  // namespace

bool is_text(std::string_view bytes) noexcept {
    for (std::size_t at = 0; at < bytes.size();) {
        char32_t point = 0;
        const std::size_t size = sequence(bytes, at, point);
        if (size == 0 || point == 0) return false;
        at += size;
    }
    return true;
}

std::string clean(std::string_view text, bool ascii) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        char32_t point = 0;
        const std::size_t size = sequence(text, at, point);
        if (point == '\n' || point == '\t') {
            out += ' ';
        } else if (size == 0 || harmful(point) || (ascii && size > 1)) {
            out += '?';
        } else {
            out += text.substr(at, size);
        }
        at += std::max<std::size_t>(size, 1);
    }
    return out;
}

std::size_t columns(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }));
}

std::string wrap(std::string_view text, std::size_t width, std::size_t indent, std::size_t used) {
    std::string out;
    std::size_t column = used;
    bool first = true;
    while (!text.empty()) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, blank);
        text.remove_prefix(std::min(blank + 1, text.size()));
        if (word.empty()) continue;
        if (!first && column + 1 + columns(word) > width) {
            out += "\n" + std::string(indent, ' ');
            column = indent;
        } else if (!first) {
            out += ' ';
            ++column;
        }
        out += word;
        column += columns(word);
        first = false;
    }
    return out;
}

std::string pad(std::string_view text, std::size_t width) {
    std::string out(text);
    const std::size_t used = columns(text);
    if (used < width) out.append(width - used, ' ');
    return out;
}

std::string duration_text(Duration duration) {
    const std::int64_t s =
        std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count(), 0);
    if (s < 60) return std::to_string(s) + " s";
    if (s < 3600) return two_units(s / 60, "min", s % 60, "s");
    if (s < 86400) return two_units(s / 3600, "h", s % 3600 / 60, "min");
    return two_units(s / 86400, "d", s % 86400 / 3600, "h");
}

std::string latency_text(std::int64_t microseconds) {
    const double ms = static_cast<double>(microseconds) / 1000.0;
    char text[48];
    if (ms < 99.95)
        std::snprintf(text, sizeof text, "%.1f ms", ms);
    else if (ms < 1000)
        std::snprintf(text, sizeof text, "%.0f ms", ms);
    else
        std::snprintf(text, sizeof text, "%.1f s", ms / 1000.0);
    return text;
}

std::string count_text(std::size_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace memdb::client
