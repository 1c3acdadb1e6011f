// The composition root: owns the loop, the store, the profiles' agents, the control socket, and the Snapshot.
//
// Joins the parts and decides nothing: intents come in from the control socket and go to the agents, changes come back
// and become one new Snapshot, whose difference to the old one is the event stream and the log.
#pragma once

#include "app/clock_offset.hpp"
#include "app/doctor_agent.hpp"
#include "app/event_log.hpp"
#include "app/history_agent.hpp"
#include "app/look_pace.hpp"
#include "app/metrics_agent.hpp"
#include "app/password_agent.hpp"
#include "app/profile_agent.hpp"
#include "app/sleep_agent.hpp"
#include "config/settings.hpp"
#include "control/control_server.hpp"
#include "host/bus_link.hpp"
#include "host/name_resolver.hpp"
#include "host/resolved_link.hpp"
#include "host/service_notify.hpp"
#include "keys/profile_store.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace memdb::app {

struct DaemonOptions {
    std::string config_file = "/etc/memdbd/memdbd.toml";
    bool config_required = false;  ///< named by a person: then its absence is an error
    std::string state_dir = "/var/lib/memdbd";
    std::string runtime_dir = "/run/memdbd";
    std::string credentials_dir;  ///< that systemd has made for the service; empty: none
};

/// Reads and checks the settings. An absent file means the defaults, unless a person named it.
Result<config::Settings> read_settings(const DaemonOptions& options);

/// What `memdbd --cleanup` does: undoes what a crash has left of openvpn on this host, and ends.
/// @return one line for each thing done; a failure when something could not be done, while a memdbd runs, and while a
/// recorded openvpn lives, which only waits for the next memdbd.
/// Blocking: see host::clean_up.
Result<std::vector<std::string>> clean_up(const DaemonOptions& options);

/// What `memdbd --after-stop` does, for ExecStopPost=, which systemd runs after crashes and before restarts too: only
/// if the unit is being stopped, it ends every openvpn that is left, a frozen one among them, and cleans up.
/// @return as above.
Result<std::vector<std::string>> after_stop(const DaemonOptions& options);

class Daemon {
  public:
    explicit Daemon(DaemonOptions options);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// Runs until SIGTERM or SIGINT; then everything of ours has ended: openvpn, routes, socket. Under systemd a
    /// SIGTERM that is no stop leaves tunnels that are up to the next process of the service.
    /// @return  a failure when it could not start: settings, a second agent on the same state, the socket.
    /// Blocking: yes, it is the loop.
    Result<void> run();

  private:
    Result<void> start();
    Result<void> open_socket();
    void start_profiles();
    bool take_over(const std::string& name);
    void sweep(const std::set<std::string>& taken_over);
    Result<void> add_agent(const std::string& name);
    void follow_passwords();
    void read_passwords();
    void warn_of_unknown_profiles() const;
    void watch_host();
    void weigh_overlaps();
    [[nodiscard]] std::optional<Overlap> overlap_of(const ProfileAgent& agent) const;
    void note_damage(const std::string& name, const std::string& what, const Failure& why);
    [[nodiscard]] control::AccessPolicy access_policy() const;
    [[nodiscard]] control::ServerLimits server_limits() const;

    void perform(control::Intent intent, std::function<void(control::Reply)> done);
    control::Reply import(const config::ImportRequest& request);
    control::Reply change(const control::ChangeIntent& intent);
    void remove(const std::string& name, std::function<void(control::Reply)> done);
    control::Reply wish(const control::WishIntent& intent);
    control::Reply crl(const control::CrlIntent& intent);
    control::Reply auth(const control::AuthIntent& intent);
    [[nodiscard]] control::Reply ca(const control::CaIntent& intent) const;
    [[nodiscard]] Result<reach::AwsCredentials> aws_keys() const;
    void rotate(const control::KeyIntent& intent, std::function<void(control::Reply)> done);
    [[nodiscard]] control::Reply metrics(const control::MetricsIntent& intent) const;
    void ping(const control::PingIntent& intent, std::function<void(control::Reply)> done);
    void diagnose(const std::string& name, std::function<void(std::variant<control::Reply, std::string>)> tell);
    void end_visit(const std::string& name, std::string_view why);
    void end_visits(std::string_view why);
    doctor::Scene scene_of(const std::string& name);

    void wait_for_signal();
    void reload();
    [[nodiscard]] bool is_to_leave() const;
    void leave();
    void feed_watchdog();
    void begin_stop();
    void finish_stop();

    void changed();  ///< something moved: look once, when the loop is free
    void look();
    [[nodiscard]] const control::Snapshot& seen();  ///< what who asks now is shown: looks where that is due
    void watch_sleep();
    void park();
    void woke(Duration slept);
    void follow_clock(TimePoint now, WallTime wall);
    void arm_look();
    control::Snapshot build(TimePoint now, WallTime wall);

    DaemonOptions options_;
    config::Settings settings_;
    boost::asio::io_context io_{1};
    boost::asio::thread_pool workers_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer look_timer_;
    boost::asio::steady_timer rest_timer_;  // between looks
    boost::asio::steady_timer stop_timer_;
    boost::asio::steady_timer watchdog_timer_;
    ClockOffset clock_;
    WallTime started_;
    host::NameResolver resolver_;
    host::BusLink bus_;
    host::ResolvedLink resolved_;
    std::unique_ptr<SleepAgent> sleep_;  ///< from start() on
    Surroundings around_;
    PasswordAgent passwords_;
    HistoryAgent history_;
    host::PassedDescriptors passed_;  ///< by systemd; what is still in it is nobody's
    std::unique_ptr<keys::ProfileStore> store_;
    std::optional<host::FootprintStore> footprints_;
    std::unique_ptr<host::RouteWatch> routes_;
    std::map<std::string, std::unique_ptr<ProfileAgent>> agents_;  ///< by name
    std::vector<health::Condition> troubles_;                      ///< about the agent itself, found at start
    std::map<std::string, health::Condition> damaged_;             ///< profiles whose files cannot be used, by name
    health::HealthTracker health_;
    control::Snapshot snapshot_;
    EventLog event_log_;
    std::unique_ptr<control::ControlServer> server_;
    std::unique_ptr<MetricsAgent> metrics_;
    struct Visit {
        std::unique_ptr<DoctorAgent> doctor;
        std::function<void(std::variant<control::Reply, std::string>)> tell;
    };
    std::map<std::string, Visit> visits_;  ///< doctors at work, by profile
    std::set<std::string> removing_;       ///< profiles whose tunnel is ending before they go
    bool look_posted_ = false;
    bool moved_ = false;     // since the last look
    bool answered_ = false;  // somebody was told since then that something is done, or it slept: the next answer looks
    LookPace look_pace_;
    bool stopping_ = false;
    bool parked_ = false;  ///< this machine sleeps, or is about to
    std::string status_;   ///< last told to systemd
    std::size_t agents_ending_ = 0;
    std::optional<std::pair<TimePoint, health::Condition>> clock_jump_;  ///< told until then
};

}  // namespace memdb::app
