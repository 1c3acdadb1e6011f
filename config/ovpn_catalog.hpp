// What memdbd does with each OpenVPN directive of an imported file, and why (facts B.6). A table, no logic.
#pragma once

#include <cstdint>
#include <string_view>

namespace memdb::config {

enum class Treatment : std::uint8_t {
    read,     ///< judged by ovpn_policy and written again from its values
    implied,  ///< memdbd writes it in any case, or does the same itself; no word about it
    ignored,  ///< not needed and harmless to leave out; a warning says so
    refused,  ///< refuses the whole file; the default for a directive that is not in the table
};

struct DirectiveRule {
    std::string_view name;  ///< a trailing '*' stands for any rest
    Treatment treatment = Treatment::refused;
    std::string_view reason;  ///< for ignored and refused: follows "NAME: "
};

/// The rule for `name`; for one that no row names: refused, "is not on the list of what memdbd accepts".
const DirectiveRule& rule_of(std::string_view name) noexcept;

}  // namespace memdb::config
