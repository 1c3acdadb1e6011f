#include "base/error.hpp"

#include <system_error>
#include <utility>

namespace memdb {

Failure Failure::during(std::string_view activity) && {
    message.insert(0, std::string(activity) + (message.empty() ? "" : ": "));
    return std::move(*this);
}

Failure system_failure(std::string_view what, int error) {
    return {Errc::io, std::string(what) + ": " + std::generic_category().message(error)};
}

std::string_view to_string(Errc code) noexcept {
    switch (code) {  // no default: a new enumerator must get a name
        case Errc::bad_input: return "bad_input";
        case Errc::not_found: return "not_found";
        case Errc::already_exists: return "already_exists";
        case Errc::not_permitted: return "not_permitted";
        case Errc::busy: return "busy";
        case Errc::too_large: return "too_large";
        case Errc::malformed: return "malformed";
        case Errc::peer_closed: return "peer_closed";
        case Errc::deadline_passed: return "deadline_passed";
        case Errc::io: return "io";
        case Errc::internal: return "internal";
    }
    return "?";
}

}  // namespace memdb
