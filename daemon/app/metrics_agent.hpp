// Answers /metrics and /healthz over TCP on this machine, where memdbd.toml says so; never in the way of anything else:
// a port that is taken is told and tried again.
//
// All calls on the loop's thread.
#pragma once

#include "config/settings.hpp"
#include "control/control_server.hpp"
#include "health/facts.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace memdb::app {

class MetricsAgent {
  public:
    /// `io` must outlive this object. @param callbacks  as of the control socket. @param changed  conditions() may be
    /// others; from follow() and from the loop.
    MetricsAgent(boost::asio::io_context& io, control::Callbacks callbacks, std::function<void()> changed);

    /// What the settings say from now on. Connections to a place that stays are kept.
    void follow(const config::Settings& settings);
    /// Nobody listens any more.
    void close();
    /// What is wrong with it now.
    [[nodiscard]] std::vector<health::Condition> conditions() const;

  private:
    void listen();
    [[nodiscard]] control::ServerLimits limits() const;

    boost::asio::io_context& io_;
    control::Callbacks callbacks_;
    boost::asio::steady_timer again_;
    config::MetricsSettings settings_;
    Duration request_limit_{};
    std::unique_ptr<control::ControlServer> server_;
    std::function<void()> changed_;
    std::string trouble_;  ///< why the place cannot be had; empty: it is had, or not wanted
};

}  // namespace memdb::app
