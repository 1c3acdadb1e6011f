// The catalogue of findings: what each code means, and what to do about it (design §11). Codes are stable and never
// reused.
#pragma once

#include "base/time.hpp"
#include "health/finding.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace memdb::health {

/// How a finding hangs together with others (see dependency_policy).
enum class Tie : std::uint8_t {
    follows,   ///< not worth a word when something earlier explains the rest of the way
    explains,  ///< the rest of the way cannot work: hides all findings of later layers that follow
    alone,     ///< says something of its own, whatever else is broken
};

struct CatalogEntry {
    std::string_view code;
    Layer layer;
    Severity severity;  ///< how it bears on the way; a Condition may say how urgent it is for people
    Tie tie;
    Duration visible_after;   ///< shorter than that nobody hears of it
    std::string_view advice;  ///< the command to run or the setting to check; no trailing full stop
};

/// Every code that this version can report, in order of the way.
std::span<const CatalogEntry> catalog() noexcept;

/// The entry of `code`; null for a code that is not in the catalogue.
const CatalogEntry* find_entry(std::string_view code) noexcept;

/// Whether the finding says that a step of the way fails now. What only ends soon, or concerns no step, does not,
/// however urgent it is: a certificate with a day left still connects.
bool breaks_the_way(const Finding& finding) noexcept;

}  // namespace memdb::health
