// Silence of one profile's nodes at work: asks incident_machine, and does what it says with openvpn and the server.
#pragma once

#include "health/incident_machine.hpp"
#include "tunnel/hard_reset_link.hpp"
#include "tunnel/tunnel_runner.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <optional>
#include <string>

namespace memdb::app {

class IncidentRunner {
  public:
    /// @param changed  an answer has come: look again. `io` and `tunnel` must outlive the runner.
    IncidentRunner(boost::asio::io_context& io, tunnel::TunnelRunner& tunnel, std::string profile,
                   std::function<void()> changed);

    /// Call at every look, before blame.
    void observe(const health::IncidentInput& seen, TimePoint now);
    /// And after it, with what blame says of the same moment.
    void act(const health::IncidentInput& seen, const health::Blame& blamed, TimePoint now);

    [[nodiscard]] const health::IncidentState& state() const noexcept { return state_; }

  private:
    void perform(health::IncidentAction action, const health::Blame* blamed);
    void ask(unsigned tries, bool knocking);
    void answered(const tunnel::HardResetLink::Answer& answer, bool knocking);
    void give_up(const health::Blame* blamed);
    void try_other_address();

    tunnel::TunnelRunner& tunnel_;
    tunnel::HardResetLink link_;
    std::string profile_;
    std::function<void()> changed_;
    health::IncidentState state_;
    std::optional<tunnel::ServerAddress> other_;  ///< an address of the endpoint that answered, not the one in use
};

}  // namespace memdb::app
