// The words of the doctor: a check, a suspect, the diagnosis (issue F). Plain values, shared by the agent and the
// client.
#pragma once

#include "base/time.hpp"
#include "health/finding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::health {

/// skip: not looked at, because what it stands on has failed (`root`), or because the profile has no such part.
enum class CheckState : std::uint8_t { pass, warn, fail, skip };

/// One step of the examination.
struct Check {
    std::string id;  ///< stable kebab-case: "endpoint-answers"
    Layer layer = Layer::process;
    std::string title;  ///< what should be so: "the endpoint answers"
    CheckState state = CheckState::skip;
    std::string summary;   ///< one line: what was seen
    std::string evidence;  ///< more of it; may be empty
    std::string finding;   ///< of warn and fail: code of the catalogue; empty: none fits
    std::string action;    ///< of warn and fail: what to do
    std::string root;      ///< of skip: id of the check that failed before; empty: the profile has no such part
    bool operator==(const Check&) const = default;
};

/// How sure it is that a suspect is the cause. excluded: something seen speaks against it for certain.
enum class Certainty : std::uint8_t { confirmed, likely, possible, unlikely, excluded };

/// One of several causes that look the same on the wire.
struct Suspect {
    std::string cause;     ///< stable kebab-case: "crl-expired"
    std::string sentence;  ///< "the endpoint's certificate revocation list has expired"
    Certainty certainty = Certainty::possible;
    std::vector<std::string> in_favour;
    std::vector<std::string> against;
    std::string decide;  ///< the one command, or the page of AWS's console, that tells
    bool operator==(const Suspect&) const = default;
};

/// What all checks come to. Without trouble `code` is empty.
struct Diagnosis {
    std::string check;  ///< id of the check that tells
    std::string code;   ///< of the catalogue, "stopped", or empty
    CheckState state = CheckState::pass;
    std::string summary;
    std::string evidence;
    std::string action;
    std::vector<Suspect> suspects;  ///< most likely first; empty where the wire tells the cause
    bool operator==(const Diagnosis&) const = default;
};

struct DoctorReport {
    std::string profile;
    WallTime started_at{};
    std::int64_t took_ms = 0;
    std::vector<Check> checks;  ///< in the order of the way
    Diagnosis diagnosis;
    bool operator==(const DoctorReport&) const = default;
};

std::string_view to_string(CheckState state) noexcept;
std::string_view to_string(Certainty certainty) noexcept;
/// The inverse; nothing for a word that this version does not know.
std::optional<CheckState> parse_check_state(std::string_view word) noexcept;
std::optional<Certainty> parse_certainty(std::string_view word) noexcept;

}  // namespace memdb::health
