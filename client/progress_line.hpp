// One line on the terminal that is written over, and taken away at the end. Nothing where stderr is no terminal.
#pragma once

#include "client/commands.hpp"

#include <string>

namespace memdb::client {

class ProgressLine {
  public:
    explicit ProgressLine(const Context& context);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// "TEXT …", unless it began less than a second ago.
    void show(const std::string& text);
    /// At once, for what cannot be interrupted by another show().
    void show_now(const std::string& text);
    /// Takes it away, so that something else can be printed.
    void clear();
    /// When show() has something to say that it had not yet.
    [[nodiscard]] TimePoint next() const;

  private:
    const Context& context_;
    TimePoint begun_;
    bool shown_ = false;
};

}  // namespace memdb::client
