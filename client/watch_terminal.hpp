// The terminal while something lives on it: alternate screen, keys one by one, signals as data. Gives it back as it was
// in every case but SIGKILL. Blocking calls are marked; one thread, one object at a time.
#pragma once

#include "client/control_client.hpp"
#include "client/screen.hpp"

#include <signal.h>
#include <termios.h>

#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

class WatchTerminal {
  public:
    /// Takes stdin and stdout, which must be terminals.
    static Outcome<WatchTerminal> open();
    WatchTerminal(WatchTerminal&& other) noexcept;
    WatchTerminal& operator=(WatchTerminal&&) = delete;
    WatchTerminal(const WatchTerminal&) = delete;
    WatchTerminal& operator=(const WatchTerminal&) = delete;
    ~WatchTerminal();

    [[nodiscard]] ScreenSize size() const;
    /// All of `bytes`. False when the terminal is gone. Blocks while it does not take them.
    bool write(std::string_view bytes);
    /// What was typed; nothing when there is nothing. False when the terminal is gone.
    bool read(std::string& typed);
    /// SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH that have come since the last call.
    std::vector<int> signals();
    [[nodiscard]] int signal_fd() const { return signals_; }

    /// Stops this process as Ctrl-Z does; returns when somebody continues it. The screen is to be drawn anew then.
    void suspend();
    /// Runs `argv` on the terminal as it was before, to its end, and waits for a key. Blocks. 127: it could not start.
    int run(std::vector<std::string> argv);

  private:
    WatchTerminal(int signals, const termios& before, const sigset_t& mask)
        : signals_(signals), before_(before), mask_(mask) {}
    void enter();
    void leave();

    int signals_;
    termios before_;
    sigset_t mask_;  ///< of signals, before
};

}  // namespace memdb::client
