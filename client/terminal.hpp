// What kind of reader the output has: a terminal or a program, its width, its characters. Reads the environment.
#pragma once

#include "client/render.hpp"
#include "client/screen.hpp"

#include <optional>

namespace memdb::client {

struct Terminal {
    Style out;                ///< for stdout
    bool out_is_one = false;  ///< stdout is a terminal
    bool err_is_one = false;  ///< so progress may be shown and undone
    bool in_is_one = false;   ///< so a question may be asked
};

/// Of the terminal behind a descriptor; nothing when it is none, or does not say.
std::optional<ScreenSize> screen_of(int fd) noexcept;

/// Colour only on a terminal and without NO_COLOR; UTF-8 by LC_ALL, LC_CTYPE, LANG in this order.
Terminal terminal_here();

}  // namespace memdb::client
