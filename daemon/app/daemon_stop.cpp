// How the daemon is told things by signals, and how it ends.
#include "app/daemon.hpp"
#include "app/watchdog_policy.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "host/unit_job_link.hpp"

#include <algorithm>
#include <csignal>

namespace memdb::app {
namespace {

/// Everything of ours must be gone by then (design: within 5 s).
constexpr Duration kStopLimit = 4800ms;
constexpr Duration kStopMargin = 2s;  ///< for the end of the process itself
/// systemd is busy with many units when a machine goes down.
constexpr Duration kJobLimit = 500ms;

}  // namespace

void Daemon::wait_for_signal() {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number);
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
        if (error) return;
        if (number == SIGHUP)
            reload();
        else if (number == SIGTERM && !stopping_ && is_to_leave())
            leave();
        else if (!stopping_)
            begin_stop();
        else
            finish_stop();  // asked twice: at once
        if (!io_.stopped()) wait_for_signal();
    });
}

void Daemon::reload() {
    host::notify_reloading();
    auto settings = read_settings(options_);
    if (settings.has_error()) {
        std::string why = settings.error().message;  // a line for each problem
        std::replace(why.begin(), why.end(), '\n', ';');
        logger("agent")->error("the settings stay as they were: {}", why);
    } else {
        settings_ = std::move(*settings);
        (void)set_log_level(to_string(settings_.log.level));  // the parser lets no other word through
        server_->set_policy(access_policy());
        server_->set_limits(server_limits());
        history_.follow(settings_.history);
        metrics_->follow(settings_);
        for (auto& [name, agent] : agents_) agent->settings_changed();
        logger("agent")->info("read the settings again");
    }
    follow_passwords();  // also where the settings stay: what lies behind them may be another one
    host::notify_ready();
}

/// Whether the tunnels are to outlive this process: systemd has their connections, and does not mean a stop. When it
/// does mean one after all, it lets go of the connections, and each openvpn ends by itself.
bool Daemon::is_to_leave() const {
    if (!host::is_managed()) return false;
    const auto job = host::unit_job(kJobLimit);
    if (job.has_error())
        logger("agent")->info("whether this is a stop or a restart is not known: {}", job.error().message);
    return job.has_error() || *job != "stop";
}

void Daemon::leave() {
    stopping_ = true;
    host::notify_stopping();
    logger("agent")->info("ending; tunnels that are up stay up for the next memdbd");
    finish_stop();
}

void Daemon::begin_stop() {
    stopping_ = true;
    host::notify_stopping(kStopLimit + kStopMargin);
    logger("agent")->info("ending");
    end_visits("memdbd is ending");
    agents_ending_ = agents_.size();
    for (auto& [name, agent] : agents_)
        agent->shut_down([this] {
            if (--agents_ending_ == 0) finish_stop();
        });
    if (agents_.empty()) finish_stop();
    stop_timer_.expires_after(kStopLimit);
    stop_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error || io_.stopped()) return;
        logger("agent")->warn("not everything ended within {} ms", kStopLimit.count());
        finish_stop();
    });
}

void Daemon::finish_stop() {
    server_->close();
    metrics_->close();
    io_.stop();
}

/// Fed from the loop, so that it proves that the loop turns; and only while no machine is left waiting for a deadline
/// that has passed, so that it proves that their timers work.
void Daemon::feed_watchdog() {
    const auto limit = host::watchdog_limit();
    if (!limit) return;
    std::vector<Waiting> all;
    if (sleep_) all.push_back({"the sleep", sleep_->deadline()});
    for (const auto& [name, agent] : agents_)
        for (Waiting& one : agent->waiting()) all.push_back(std::move(one));
    const auto late = left_waiting(all, now());
    for (const std::string& who : late) logger("agent")->error("{} waits for a moment that has passed long ago", who);
    if (late.empty()) host::notify_alive();
    watchdog_timer_.expires_after(*limit / 3);
    watchdog_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) feed_watchdog();
    });
}

}  // namespace memdb::app
