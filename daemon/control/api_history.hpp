// The history as JSON, and the parameters of the request for it: GET /v1/history?since=…&profile=…
#pragma once

#include "base/error.hpp"
#include "control/history_view.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace memdb::control {

/// From when on: a moment, or so long before now.
using HistorySince = std::variant<Duration, WallTime>;

struct HistoryQuery {
    std::optional<std::string> profile;  ///< absent: all
    HistorySince since = Duration(24h);
    bool operator==(const HistoryQuery&) const = default;
};

/// "90s", "15m", "24h", "30d", up to 366 days, or RFC 3339 in UTC. Nothing for everything else.
std::optional<HistorySince> parse_since(std::string_view text) noexcept;

/// The text behind '?', still encoded. Parameters that it does not know are ignored; one given twice, a broken escape
/// and a bad value are Errc::bad_input.
Result<HistoryQuery> parse_history_query(std::string_view text);

[[nodiscard]] std::string to_json(const History& history);
/// Errc::malformed or too_large, as the parsers of api.hpp.
Result<History> parse_history(std::string_view json);

}  // namespace memdb::control
