#include "client/progress_line.hpp"

#include "base/clock.hpp"
#include "client/screen.hpp"
#include "client/text.hpp"

#include <unistd.h>

#include <cstdio>

namespace memdb::client {
namespace {

constexpr Duration kQuiet = 1s;  ///< nothing is shown of a wait that is shorter

}  // namespace

ProgressLine::ProgressLine(const Context& context) : context_(context), begun_(now()) {}
ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
    shown_ = false;
}

void ProgressLine::show(const std::string& text) {
    if (now() - begun_ >= kQuiet) show_now(text);
}

void ProgressLine::show_now(const std::string& text) {
    if (!context_.terminal.err_is_one) return;
    shown_ = true;
    const bool utf8 = context_.terminal.out.utf8;
    // A line that the terminal breaks cannot be taken away again.
    const std::string_view more = utf8 ? " …" : " ...";
    const std::size_t columns = screen_of(STDERR_FILENO).value_or(ScreenSize{}).columns;
    const std::size_t width = columns > 8 ? columns - 5 : 3;
    std::fprintf(stderr, "\r\x1b[K%s%s", fit(clean(text, !utf8), width).c_str(), more.data());
}

TimePoint ProgressLine::next() const { return now() - begun_ >= kQuiet ? now() + kQuiet : begun_ + kQuiet; }

}  // namespace memdb::client
