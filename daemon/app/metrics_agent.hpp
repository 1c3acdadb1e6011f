// Answers /metrics and /healthz over TCP on this machine, where memdbd.toml says so; never in the way of anything else:
// a port that is taken is told in the log and tried again.
//
// All calls on the loop's thread.
#pragma once

#include "config/settings.hpp"
#include "control/control_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace memdb::app {

class MetricsAgent {
  public:
    /// `io` must outlive this object. @param callbacks  as of the control socket.
    MetricsAgent(boost::asio::io_context& io, control::Callbacks callbacks);

    /// What the settings say from now on. Connections to a place that stays are kept.
    void follow(const config::Settings& settings);
    /// Nobody listens any more.
    void close();

  private:
    void listen();
    [[nodiscard]] control::ServerLimits limits() const;

    boost::asio::io_context& io_;
    control::Callbacks callbacks_;
    boost::asio::steady_timer again_;
    config::MetricsSettings settings_;
    Duration request_limit_{};
    std::unique_ptr<control::ControlServer> server_;
    bool is_warned_ = false;  ///< that the place cannot be had
};

}  // namespace memdb::app
