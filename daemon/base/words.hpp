// Words of the API back to enumerators: the inverse of an enumeration's to_string().
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace memdb {

/// The one of `values` that to_string() calls `word`; nothing for a word that this version does not know.
template <class Enum, std::size_t N>
std::optional<Enum> parse_word(std::string_view word, const std::array<Enum, N>& values) noexcept {
    for (const Enum value : values)
        if (to_string(value) == word) return value;
    return std::nullopt;
}

}  // namespace memdb
