#include "health/expiry_policy.hpp"

namespace memdb::health {
namespace {

std::string amount_text(Duration amount) {
    const auto days = amount / kDay, hours = amount / 1h;
    if (days > 0) return std::to_string(days) + (days == 1 ? " day" : " days");
    return hours > 0 ? std::to_string(hours) + " h" : std::to_string(amount / 1min) + " min";
}

}  // namespace

std::optional<Severity> urgency(Duration left, const ExpiryLevels& levels) noexcept {
    if (left <= levels.error) return Severity::error;
    if (left <= levels.warning) return Severity::warning;
    return left <= levels.info ? std::optional(Severity::info) : std::nullopt;
}

std::string time_left_text(Duration left) {
    return left > 0ms ? amount_text(left) + " left" : "ended " + amount_text(-left) + " ago";
}

}  // namespace memdb::health
