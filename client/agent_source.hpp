// The agent's events and states for what runs for long (watch, notify): over connections that are made anew by
// connect() when they are lost. Blocking, with deadlines.
#pragma once

#include "client/commands.hpp"

#include <optional>
#include <vector>

namespace memdb::client {

class AgentSource {
  public:
    /// `context` must outlive it.
    explicit AgentSource(const Context& context) : context_(context) {}

    /// Connects; the first thing that the agent says is the whole state.
    Outcome<control::Snapshot> connect();
    [[nodiscard]] bool connected() const { return reader_.has_value(); }
    /// To wait on together with others; -1 while it is not connected.
    [[nodiscard]] int fd() const { return reader_ ? reader_->fd() : -1; }

    /// Only while connected: waits for events until `until`; those that have come, perhaps none. A failure disconnects.
    Outcome<std::vector<control::Event>> events(TimePoint until);
    /// The state as it is now. A failure to get it disconnects.
    Outcome<control::Snapshot> state();

  private:
    Problem lost(const Problem& problem);

    const Context& context_;
    std::optional<EventReader> reader_;
};

}  // namespace memdb::client
