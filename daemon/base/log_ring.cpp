#include "base/log_ring.hpp"

namespace memdb {
namespace {

constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; }

/// Bytes of the character at `at`; 0 when it is none that may be printed.
std::size_t length_at(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
    const std::size_t size = lead >= 0xc2 && lead < 0xe0   ? 2
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xf0 && lead < 0xf4 ? 4
                                                           : 0;
    for (std::size_t i = 1; i < size; ++i)
        if (at + i >= text.size() || !is_continuation(text[at + i])) return 0;
    if (size == 0) return 0;
    const auto second = static_cast<unsigned char>(text[at + 1]);
    const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    const bool surrogate = lead == 0xed && second >= 0xa0;
    const bool control = lead == 0xc2 && second < 0xa0;
    return overlong || surrogate || control ? 0 : size;
}

/// What can become JSON and be shown on a terminal: whatever is no printable character is "?".
std::string kept(std::string_view line) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    std::string out;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t size = length_at(line, at);
        if (out.size() + size > kLogLineBytes) break;
        if (size == 0)
            out += '?';
        else
            out += line.substr(at, size);
        at += size == 0 ? 1 : size;
    }
    return out;
}

}  // namespace

void LogRing::add(std::string_view line) {
    lines_.push_back(kept(line));
    bytes_ += lines_.back().size();
    while (lines_.size() > kLogLines || bytes_ > kLogBytes) {
        bytes_ -= lines_.front().size();
        lines_.pop_front();
        ++forgotten_;
    }
}

}  // namespace memdb
