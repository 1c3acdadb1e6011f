#include "health/portal_machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memdb::health {
namespace {

constexpr std::size_t kShown = 80;

/// The value of "Location: …" among the lines of `head`; empty when there is none.
std::string_view location_in(std::string_view head) {
    constexpr std::string_view name = "location:";
    const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b); };
    while (!head.empty()) {
        const auto end = std::min(head.find('\n'), head.size());
        std::string_view line = head.substr(0, end);
        head.remove_prefix(std::min(end + 1, head.size()));
        if (line.size() < name.size() || !std::ranges::equal(line.substr(0, name.size()), name, same)) continue;
        line.remove_prefix(name.size());
        while (line.starts_with(' ')) line.remove_prefix(1);
        while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
        return line;
    }
    return {};
}

}  // namespace

PortalStep observe(const PortalState& before, std::optional<TimePoint> unheard_since, TimePoint now) {
    PortalStep step{before, PortalAction::none};
    PortalState& state = step.state;
    if (!unheard_since) {
        if (state.asking) step.action = PortalAction::forget_question;
        state = {};
        return step;
    }
    if (!state.ask_at) state.ask_at = *unheard_since + kPortalPatience;
    if (state.asking || now < *state.ask_at) return step;
    state.asking = true;
    state.ask_at = now + kPortalAgain;
    step.action = PortalAction::ask;
    return step;
}

PortalState portal_asked(const PortalState& before, std::string evidence) {
    PortalState state = before;
    if (!std::exchange(state.asking, false)) return state;
    state.evidence = std::move(evidence);
    return state;
}

std::optional<TimePoint> next_look(const PortalState& state) noexcept {
    return state.asking ? std::nullopt : state.ask_at;
}

std::string portal_question(std::string_view name) {
    return fmt::format("GET / HTTP/1.1\r\nHost: {}\r\nUser-Agent: memdbd\r\nConnection: close\r\n\r\n", name);
}

std::string portal_in(std::string_view answer) {
    constexpr std::string_view http = "HTTP/1.";
    constexpr std::size_t at = 9, digits = 3;  // "HTTP/1.1 302"
    if (!answer.starts_with(http) || answer.size() < at + digits) return {};
    const std::string_view status = answer.substr(at, digits);
    const bool is_number = std::ranges::all_of(status, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number || (status[0] != '2' && status[0] != '3' && status != "511")) return {};
    const std::string_view location = location_in(answer);
    const bool is_shown =
        !location.empty() && std::ranges::all_of(location, [](char c) { return c > ' ' && c <= '~'; });
    if (!is_shown) return fmt::format("it answers a web request with {}", status);
    return fmt::format("it answers a web request with {} to {}", status, location.substr(0, kShown));
}

}  // namespace memdb::health
