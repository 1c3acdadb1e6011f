#include "client/watch_terminal.hpp"

#include "base/error.hpp"
#include "client/core_files.hpp"
#include "client/terminal.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace memdb::client {
namespace {

// Alternate screen, no cursor, no wrapping at the right edge; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kLeave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

sigset_t our_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH}) sigaddset(&set, number);
    return set;
}

/// With the default action, as if it had not been blocked.
void raise_unblocked(int number) {
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, number);
    ::raise(number);
    ::sigprocmask(SIG_UNBLOCK, &one, &before);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

Outcome<WatchTerminal> WatchTerminal::open() {
    termios before{};
    if (::tcgetattr(0, &before) != 0) return Problem{Exit::failed, system_failure("the terminal", errno).message};
    const sigset_t set = our_signals();
    sigset_t mask;
    ::sigprocmask(SIG_BLOCK, &set, &mask);
    const int signals = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals < 0) {
        const int error = errno;
        ::sigprocmask(SIG_SETMASK, &mask, nullptr);
        return Problem{Exit::failed, system_failure("signalfd", error).message};
    }
    WatchTerminal terminal(signals, before, mask);
    terminal.enter();
    return terminal;
}

WatchTerminal::WatchTerminal(WatchTerminal&& other) noexcept
    : signals_(std::exchange(other.signals_, -1)), before_(other.before_), mask_(other.mask_) {}

WatchTerminal::~WatchTerminal() {
    if (signals_ < 0) return;
    leave();
    ::close(signals_);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
}

void WatchTerminal::enter() {
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C and Ctrl-Z stay signals
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(0, TCSAFLUSH, &raw);
    write(kEnter);
}

void WatchTerminal::leave() {
    write(kLeave);
    ::tcsetattr(0, TCSAFLUSH, &before_);
}

ScreenSize WatchTerminal::size() const { return screen_of(1).value_or(ScreenSize{}); }

bool WatchTerminal::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(1, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno == EAGAIN) {  // somebody made it non-blocking
            pollfd wait{1, POLLOUT, 0};
            if (::poll(&wait, 1, 1000) > 0) continue;
        }
        if (put <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

bool WatchTerminal::read(std::string& typed) {
    char bytes[256];
    pollfd wait{0, POLLIN, 0};
    if (::poll(&wait, 1, 0) <= 0) return true;
    const ssize_t got = ::read(0, bytes, sizeof bytes);
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    if (got == 0) return false;  // it was readable: the end
    typed.append(bytes, static_cast<std::size_t>(got));
    return true;
}

std::vector<int> WatchTerminal::signals() {
    std::vector<int> numbers;
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info) numbers.push_back(static_cast<int>(info.ssi_signo));
    return numbers;
}

void WatchTerminal::suspend() {
    leave();
    raise_unblocked(SIGTSTP);
    enter();
}

int WatchTerminal::run(std::vector<std::string> argv) {
    std::vector<char*> words;
    words.reserve(argv.size() + 1);
    for (std::string& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    leave();
    const pid_t child = ::fork();
    if (child == 0) {
        restore_core_files();
        ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
        ::execv(words.front(), words.data());
        ::_exit(127);
    }
    int status = 0;
    while (child > 0) {
        const pid_t ended = ::waitpid(child, &status, WUNTRACED);
        if (ended < 0 && errno != EINTR) break;
        if (ended != child) continue;
        if (!WIFSTOPPED(status)) break;
        raise_unblocked(SIGTSTP);  // Ctrl-Z stops both
        ::kill(child, SIGCONT);
    }
    // What was typed meanwhile was meant for the child: an interrupt must not end the view.
    std::vector<int> again;
    for (const int number : signals())
        if (number == SIGTERM || number == SIGHUP) again.push_back(number);
    if (again.empty()) {
        termios one = before_;
        one.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        ::tcsetattr(0, TCSAFLUSH, &one);
        write("\npress a key to go back to memdbctl watch ");
        pollfd wait[] = {{0, POLLIN, 0}, {signals_, POLLIN, 0}};
        while (::poll(wait, 2, -1) < 0 && errno == EINTR) {
        }
        std::string typed;
        (void)read(typed);
    }
    for (const int number : again) ::raise(number);  // blocked: the view's loop sees it
    enter();
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

}  // namespace memdb::client
