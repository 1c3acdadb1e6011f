#include "client/local_time.hpp"

#include <array>
#include <cstdlib>

namespace memdb::client {
namespace {

std::string text(const std::tm& time, const char* format) {
    std::array<char, 64> out{};
    return {out.data(), std::strftime(out.data(), out.size(), format, &time)};
}

}  // namespace

std::tm local_time(WallTime time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
    std::tm out{};
    (void)localtime_r(&seconds, &out);  // null only for a year that no int holds: then it is 1900
    return out;
}

std::string moment_text(const std::tm& time) { return text(time, "%Y-%m-%d %H:%M:%S"); }
std::string minute_text(const std::tm& time) { return text(time, "%Y-%m-%d %H:%M"); }
std::string day_text(const std::tm& time) { return text(time, "%Y-%m-%d"); }

std::string zone_text(const std::tm& time) {
    const long minutes = std::labs(time.tm_gmtoff) / 60;
    std::array<char, 32> out{};
    const int size = std::snprintf(out.data(), out.size(), "UTC%c%02ld:%02ld", time.tm_gmtoff < 0 ? '-' : '+',
                                   minutes / 60, minutes % 60);
    return minutes == 0 ? "UTC" : std::string(out.data(), static_cast<std::size_t>(size));
}

}  // namespace memdb::client
