// Failure, and Result<T>, the return type of everything that can fail.
//
// An expected failure of an operation is a Result. A lasting bad condition is a finding (health/finding.hpp). A bug is
// an assert. A function either logs its failure or returns it, never both.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace memdb {

/// What went wrong, as far as code must tell apart; everything else is in the message. Values are never reused.
enum class Errc : std::uint8_t {
    bad_input = 1,  ///< a person or a peer gave something that no rule allows
    not_found = 2,  ///< the named thing does not exist
    already_exists = 3,
    not_permitted = 4,
    busy = 5,             ///< somebody else holds it; try again later
    too_large = 6,        ///< more than a stated limit
    malformed = 7,        ///< bytes that no rule of the protocol or format allows
    peer_closed = 8,      ///< orderly end of stream where something was due
    deadline_passed = 9,  ///< our own deadline, not the kernel's
    io = 10,              ///< the system said no: the message carries its text
    internal = 11,        ///< "[unexpected]": should not happen
};

/// One line for a person: what was wrong and, where we know it, what to do next. No trailing full stop, no secrets.
struct Failure {
    Errc code = Errc::internal;
    std::string message;

    /// Puts the caller's own activity in front: "reading x: message". Once per layer that knows something new.
    [[nodiscard]] Failure during(std::string_view activity) &&;

    bool operator==(const Failure&) const = default;
};

template <class T>
using Result = boost::system::result<T, Failure>;

/// Failure{Errc::io, "<what>: <text of errno>"}. Reads `error`, not errno.
[[nodiscard]] Failure system_failure(std::string_view what, int error);

std::string_view to_string(Errc code) noexcept;

}  // namespace memdb
