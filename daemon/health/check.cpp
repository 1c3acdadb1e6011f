#include "health/check.hpp"

#include "base/words.hpp"

namespace memdb::health {

std::string_view to_string(CheckState state) noexcept {
    switch (state) {
        case CheckState::pass: return "pass";
        case CheckState::warn: return "warn";
        case CheckState::fail: return "fail";
        case CheckState::skip: return "skip";
    }
    return "?";
}

std::string_view to_string(Certainty certainty) noexcept {
    switch (certainty) {
        case Certainty::confirmed: return "confirmed";
        case Certainty::likely: return "likely";
        case Certainty::possible: return "possible";
        case Certainty::unlikely: return "unlikely";
        case Certainty::excluded: return "excluded";
    }
    return "?";
}

std::optional<CheckState> parse_check_state(std::string_view word) noexcept {
    return parse_word(word, std::array{CheckState::pass, CheckState::warn, CheckState::fail, CheckState::skip});
}

std::optional<Certainty> parse_certainty(std::string_view word) noexcept {
    return parse_word(word, std::array{Certainty::confirmed, Certainty::likely, Certainty::possible,
                                       Certainty::unlikely, Certainty::excluded});
}

}  // namespace memdb::health
