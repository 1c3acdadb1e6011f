// What each field of the API's JSON means, with its unit: docs/api.md is made of this. A test fills every object with
// everything it can hold and compares, so that no field can be without a row, and no row without a field.
#pragma once

#include <span>
#include <string_view>

namespace memdb::control {

struct FieldText {
    std::string_view object;  ///< as its heading in docs/api.md: "snapshot", "tunnel", …
    std::string_view field;
    std::string_view
        kind;  ///< "text", "time", "integer", "boolean", "list of text"; "@x" is object x, "list of @x" several
    std::string_view about;  ///< a phrase; with the unit
};

std::span<const FieldText> field_texts() noexcept;

/// Null for a field without one.
const FieldText* find_field_text(std::string_view object, std::string_view field) noexcept;

}  // namespace memdb::control
