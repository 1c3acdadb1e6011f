// A captive portal in one profile's way: asks portal_machine, and does what it says.
#pragma once

#include "health/portal_machine.hpp"
#include "host/ask_link.hpp"
#include "tunnel/tunnel_state.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <optional>
#include <string>

namespace memdb::app {

class PortalAgent {
  public:
    /// @param name     of the endpoint, for the request. @param changed  an answer has come: look again.
    PortalAgent(boost::asio::io_context& io, std::string profile, std::string name, std::function<void()> changed);

    /// Call at every look, before blame. @param unheard_since  see fact_map.
    void observe(const tunnel::TunnelState& tunnel, std::optional<TimePoint> unheard_since, TimePoint now);

    /// What answers in the endpoint's place; empty: nothing does.
    [[nodiscard]] const std::string& evidence() const noexcept { return state_.evidence; }
    /// When to observe again although nothing happened.
    [[nodiscard]] std::optional<TimePoint> next_look() const noexcept { return health::next_look(state_); }

  private:
    void ask(const std::string& address);

    host::AskLink link_;
    std::string profile_, name_;
    std::function<void()> changed_;
    health::PortalState state_;
};

}  // namespace memdb::app
