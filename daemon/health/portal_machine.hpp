// Whether a captive portal stands between this machine and the endpoint: when to ask the endpoint's own address for a
// web page, which it never has. Pure: (state, what is seen, now) -> (state, action).
//
// Asked only while the server is silent and should not be; forgotten as soon as it is heard.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::health {

struct PortalState {
    std::optional<TimePoint> ask_at;  ///< the next question, unless one is out; none: the server is heard
    bool asking = false;
    std::string evidence;  ///< what answered in the server's place; empty: nothing, or nobody was asked yet
    bool operator==(const PortalState&) const = default;
};

enum class PortalAction : std::uint8_t { none, ask, forget_question };

struct PortalStep {
    PortalState state;
    PortalAction action = PortalAction::none;
};

/// @param unheard_since  since when the server says nothing; none: it is heard, or nobody wants to hear it.
[[nodiscard]] PortalStep observe(const PortalState& state, std::optional<TimePoint> unheard_since, TimePoint now);

/// The answer to `ask`. @param evidence  of portal_in(); empty: no portal.
[[nodiscard]] PortalState portal_asked(const PortalState& state, std::string evidence);

/// When to observe again although nothing happened.
[[nodiscard]] std::optional<TimePoint> next_look(const PortalState& state) noexcept;

/// A web request to the host `name`.
[[nodiscard]] std::string portal_question(std::string_view name);

/// What the beginning of an answer to a web request tells of a portal: one line; empty when no portal answers so. A
/// proxy that says it cannot reach the server is none.
/// @param answer  to portal_question(), as many bytes as have come, of anybody.
[[nodiscard]] std::string portal_in(std::string_view answer);

inline constexpr Duration kPortalPatience = 2s;  ///< a healthy handshake is over long before
inline constexpr Duration kPortalAgain = 15s;

}  // namespace memdb::health
