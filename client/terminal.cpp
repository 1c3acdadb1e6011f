#include "client/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace memdb::client {
namespace {

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : value;
}

/// Whether the locale's name says UTF-8. setlocale() would load the locale, which costs more than the whole status.
bool speaks_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        std::string locale(environment(name));
        if (locale.empty()) continue;
        std::transform(locale.begin(), locale.end(), locale.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
    }
    return false;
}

}  // namespace

std::optional<ScreenSize> screen_of(int fd) noexcept {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return std::nullopt;
    return ScreenSize{size.ws_col, size.ws_row};
}

Terminal terminal_here() {
    Terminal terminal;
    terminal.out_is_one = ::isatty(1) == 1;
    terminal.err_is_one = ::isatty(2) == 1;
    terminal.in_is_one = ::isatty(0) == 1;
    terminal.out.utf8 = speaks_utf8();
    terminal.out.colour = terminal.out_is_one && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
    if (const auto size = screen_of(1); size && size->columns >= 40) {
        terminal.out.screen = size->columns;
        terminal.out.width = std::min<std::size_t>(size->columns, 80);
    }
    return terminal;
}

}  // namespace memdb::client
