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

Terminal terminal_here() {
    Terminal terminal;
    terminal.out_is_one = ::isatty(1) == 1;
    terminal.err_is_one = ::isatty(2) == 1;
    terminal.in_is_one = ::isatty(0) == 1;
    terminal.out.utf8 = speaks_utf8();
    terminal.out.colour = terminal.out_is_one && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
    winsize size{};
    if (terminal.out_is_one && ::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
        terminal.out.screen = size.ws_col;
        terminal.out.width = std::min<std::size_t>(size.ws_col, 80);
    }
    return terminal;
}

}  // namespace memdb::client
