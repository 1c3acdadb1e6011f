#include "control/api_time.hpp"

#include <algorithm>
#include <cstdio>

namespace memdb::control {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

constexpr WallTime kFirst = sys_days{year{0} / 1 / 1};
constexpr WallTime kLast = WallTime{sys_days{year{10000} / 1 / 1}} - 1ms;

/// Two or four digits at `at`; -1 when one of them is none.
constexpr int digits(std::string_view text, std::size_t at, std::size_t count) noexcept {
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

/// ".1234Z" or "Z" -> milliseconds; -1 for anything else.
int fraction_ms(std::string_view rest) noexcept {
    if (rest.size() == 1) return 0;
    if (rest.front() != '.' || rest.size() < 3 || rest.size() > 12) return -1;
    int value = 0;
    for (std::size_t i = 1; i < 4; ++i)
        value = value * 10 + (i + 1 < rest.size() ? std::max(digits(rest, i, 1), 0) : 0);
    for (std::size_t i = 1; i + 1 < rest.size(); ++i)
        if (digits(rest, i, 1) < 0) return -1;
    return value;
}

}  // namespace

std::string time_text(WallTime time) {
    time = std::clamp(time, kFirst, kLast);
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    char text[40];
    const int size =
        std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return {text, static_cast<std::size_t>(std::max(size, 0))};
}

std::optional<WallTime> parse_time(std::string_view text) noexcept {
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    if (text.size() <= shape.size() || text.back() != 'Z') return std::nullopt;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (shape[i] != '0' && text[i] != shape[i]) return std::nullopt;
    const int years = digits(text, 0, 4), months = digits(text, 5, 2), days = digits(text, 8, 2);
    const int hours = digits(text, 11, 2), minutes = digits(text, 14, 2), seconds = digits(text, 17, 2);
    const int ms = fraction_ms(text.substr(shape.size()));
    if (std::min({years, months, days, hours, minutes, seconds, ms}) < 0) return std::nullopt;
    const std::chrono::year_month_day date{year{years}, std::chrono::month(static_cast<unsigned>(months)),
                                           std::chrono::day(static_cast<unsigned>(days))};
    if (!date.ok() || hours > 23 || minutes > 59 || seconds > 60) return std::nullopt;  // 60: a leap second
    return WallTime{sys_days{date}} + std::chrono::hours(hours) + std::chrono::minutes(minutes) +
           std::chrono::seconds(seconds) + Duration(ms);
}

}  // namespace memdb::control
