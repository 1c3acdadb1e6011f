#include "app/daemon.hpp"

#include "app/event_log.hpp"
#include "base/atomic_files.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "config/settings_parser.hpp"
#include "control/socket_files.hpp"
#include "host/cleanup_runner.hpp"
#include "host/service_notify.hpp"
#include "keys/aws_key_store.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

namespace memdb::app {
namespace {

constexpr std::size_t kSecretLimit = 64 * 1024;
/// Everything of ours must be gone by then (design: within 5 s).
constexpr Duration kStopLimit = 4800ms;

constexpr Duration kRevertLimit = 2s;  ///< for systemd-resolved, at a start or with --cleanup

Result<void> revert_dns(unsigned link) { return host::revert_link_dns(link, kRevertLimit); }

spdlog::level::level_enum level_of(health::Severity severity) {
    return severity == health::Severity::info ? spdlog::level::info : spdlog::level::warn;
}

std::optional<gid_t> group_id(const std::string& name) {
    const ::group* const entry = ::getgrnam(name.c_str());
    return entry == nullptr ? std::nullopt : std::optional<gid_t>(entry->gr_gid);
}

/// Makes `path` a folder of ours that nobody else may look into.
Result<void> own_folder(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return Failure{Errc::io, path.string() + ": " + error.message()};
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0) return system_failure(path.string(), errno);
    if (!S_ISDIR(st.st_mode) || st.st_uid != ::geteuid())
        return Failure{Errc::not_permitted,
                       path.string() + ": must be a folder that belongs to the user memdbd runs as"};
    if (::chmod(path.c_str(), 0700) != 0) return system_failure(path.string(), errno);
    return {};
}

}  // namespace

Result<config::Settings> read_settings(const DaemonOptions& options) {
    std::error_code ignored;  // a link of the administrator's is followed; what it leads to must be a regular file
    const auto real = std::filesystem::weakly_canonical(options.config_file, ignored);
    auto text = read_file(ignored ? std::filesystem::path(options.config_file) : real, config::kSettingsSizeLimit);
    if (text.has_error()) {
        if (text.error().code == Errc::not_found && !options.config_required) return config::Settings{};
        return text.error();
    }
    return config::parse_settings(*text, options.config_file);
}

Result<std::vector<std::string>> clean_up(const DaemonOptions& options) {
    std::error_code error;
    if (!std::filesystem::exists(options.state_dir, error) && !error) return std::vector<std::string>{};
    const auto store = keys::ProfileStore::open(options.state_dir);  // for its lock
    if (store.has_error()) return store.error();
    auto link = host::RouteLink::open();
    if (link.has_error()) return link.error();
    host::FootprintStore footprints(options.state_dir);
    host::CleanupReport report = host::clean_up(footprints, *link, revert_dns);
    if (!report.problems.empty()) return Failure{Errc::io, report.problems.front()};
    return std::move(report.done);
}

Daemon::Daemon(DaemonOptions options)
    : options_(std::move(options)),
      signals_(io_),
      look_timer_(io_),
      stop_timer_(io_),
      clock_(now(), wall_now()),
      started_(wall_now()),
      resolver_(io_),
      bus_(io_),
      resolved_(bus_,
                [this] {
                    for (auto& [name, agent] : agents_) agent->resolved_changed();
                }),
      around_{io_, workers_, resolver_, settings_, options_.runtime_dir + "/private", [this] { changed(); }},
      passwords_(io_, options_.credentials_dir, [this] { read_passwords(); }) {
    around_.remember_ranges = [this](const Claim& claim) {
        if (const auto kept = store_->remember_ranges(claim.profile, claim.ranges); kept.has_error())
            logger("agent")->warn("{}", kept.error().message);
        weigh_overlaps();
    };
    around_.resolved = &resolved_;
    around_.aws_keys = [this] { return aws_keys(); };
}

Daemon::~Daemon() = default;

Result<void> Daemon::run() {
    if (auto started = start(); started.has_error()) return started.error();
    io_.run();
    return {};
}

Result<void> Daemon::start() {
    auto settings = read_settings(options_);
    if (settings.has_error()) return settings.error();
    settings_ = std::move(*settings);
    if (auto level = set_log_level(to_string(settings_.log.level)); level.has_error()) return level.error();
    std::error_code error;
    std::filesystem::create_directories(options_.state_dir, error);
    if (error) return Failure{Errc::io, options_.state_dir + ": " + error.message()};
    auto store = keys::ProfileStore::open(options_.state_dir);
    if (store.has_error()) return store.error();
    store_ = std::make_unique<keys::ProfileStore>(std::move(*store));
    footprints_.emplace(options_.state_dir);
    std::filesystem::create_directories(options_.runtime_dir, error);
    if (error) return Failure{Errc::io, options_.runtime_dir + ": " + error.message()};
    if (auto made = own_folder(around_.private_dir); made.has_error()) return made.error();
    if (auto opened = open_socket(); opened.has_error()) return opened.error();
    watch_host();
    logger("agent")->info("memdbd {} runs as uid {}, state in {}", MEMDB_VERSION, ::geteuid(), options_.state_dir);
    passwords_.follow(settings_.passwords);
    start_profiles();
    warn_of_unknown_profiles();
    look();
    wait_for_signal();
    host::notify_ready();
    return {};
}

/// Before any openvpn is started: what a crash has left on this host goes first.
void Daemon::watch_host() {
    auto watch = host::RouteWatch::open(io_, [this] {
        for (auto& [name, agent] : agents_) agent->host_changed();
    });
    if (watch.has_error()) {
        logger("host")->warn("routes cannot be watched, changes of the network are noticed late: {}",
                             watch.error().message);
        return;
    }
    routes_ = std::move(*watch);
    around_.routes = routes_.get();
    around_.footprints = &*footprints_;
    const host::CleanupReport report = host::clean_up(*footprints_, routes_->link(), revert_dns);
    for (const std::string& line : report.done) logger("host")->info("left over by an earlier run: {}", line);
    for (const std::string& line : report.problems) logger("host")->warn("{}", line);
}

control::AccessPolicy Daemon::access_policy() const {
    const std::string& narrow = settings_.control.control_group;
    control::AccessPolicy policy{::geteuid(), group_id(settings_.control.group),
                                 group_id(narrow.empty() ? settings_.control.group : narrow)};
    for (const auto& name : {settings_.control.group, narrow})
        if (!name.empty() && !group_id(name))
            logger("agent")->warn("there is no group {}: nobody gets rights through it (groupadd --system {})", name,
                                  name);
    return policy;
}

control::ServerLimits Daemon::server_limits() const {
    control::ServerLimits limits;
    limits.connections = settings_.control.connection_limit;
    limits.per_uid = settings_.control.user_limit;
    limits.root_reserve = settings_.control.root_reserve;
    limits.request = settings_.control.request_limit;
    return limits;
}

Result<void> Daemon::open_socket() {
    auto passed = host::take_listen_socket();
    if (passed.has_error()) return passed.error();
    int listening = passed->value_or(-1);
    std::string own_path;
    const control::AccessPolicy policy = access_policy();
    if (listening < 0) {
        own_path = options_.runtime_dir + "/memdbd.sock";
        auto bound = control::bind_control_socket(own_path, 0660, policy.read_group);
        if (bound.has_error()) return bound.error();
        listening = *bound;
    }
    control::Callbacks callbacks{[this]() -> const control::Snapshot& {
                                     look();
                                     return snapshot_;
                                 },
                                 [this](control::Intent intent, std::function<void(control::Reply)> done) {
                                     perform(std::move(intent), std::move(done));
                                 }};
    server_ = std::make_unique<control::ControlServer>(io_, listening, own_path, policy, std::move(callbacks),
                                                       server_limits());
    return {};
}

void Daemon::start_profiles() {
    const auto names = store_->list();
    if (names.has_error()) {
        troubles_.push_back({"state-unreadable", "the profiles cannot be read", names.error().message});
        return;
    }
    for (const std::string& name : *names) {
        if (const auto added = add_agent(name); added.has_error()) {
            note_damage(name, "cannot be read", added.error());
            continue;
        }
        const keys::StoredWish stored = store_->wanted(name);
        if (stored.trouble)
            damaged_[name] = {"state-unreadable", "the wish for " + name + " cannot be read: disconnected",
                              stored.trouble->message};
        if (stored.wanted == control::Wanted::connected) agents_.at(name)->wish(control::Wish::connect);
    }
    weigh_overlaps();
}

/// Of profiles that lead to the same addresses the one that was wanted first keeps its tunnel.
void Daemon::weigh_overlaps() {
    std::map<std::uint64_t, ProfileAgent*> by_order;
    for (const auto& [name, agent] : agents_)
        if (const auto order = agent->wanted_order()) by_order[*order] = agent.get();
    std::vector<Claim> earlier;
    for (const auto& [order, agent] : by_order) {
        const auto overlap = find_overlap(agent->claim(), earlier);
        agent->set_overlap(overlap);
        if (!overlap) earlier.push_back(agent->claim());
    }
}

/// A profile that is on disk but not at work is still shown.
void Daemon::note_damage(const std::string& name, const std::string& what, const Failure& why) {
    damaged_[name] = {"state-unreadable", "the profile " + name + " " + what, why.message};
}

Result<void> Daemon::add_agent(const std::string& name) {
    auto profile = store_->load(name);
    if (profile.has_error()) return profile.error();
    auto password = store_->cluster_password(profile->profile);
    if (password.has_error()) return password.error();
    ProfileAgent::Access access{std::move(*password), passwords_.read(name), {}};
    if (profile->cluster_ca_path) {
        auto read = read_file(*profile->cluster_ca_path, kSecretLimit * 4);
        if (read.has_error()) return read.error();
        access.ca_pem = std::move(*read);
    }
    auto ranges = store_->known_ranges(name);
    if (ranges.has_error()) logger("agent")->warn("{}", ranges.error().message);
    agents_[name] = std::make_unique<ProfileAgent>(around_, std::move(*profile), access,
                                                   ranges.has_value() ? std::move(*ranges) : std::vector<IpNetwork>{});
    return {};
}

/// Watched first and read then, so that no change falls in between.
void Daemon::follow_passwords() {
    passwords_.follow(settings_.passwords);
    read_passwords();
    warn_of_unknown_profiles();
}

void Daemon::warn_of_unknown_profiles() const {
    for (const auto& [name, source] : settings_.passwords)
        if (!agents_.contains(name))
            logger("agent")->warn("memdbd.toml names a password for {}: there is no such profile", name);
}

void Daemon::read_passwords() {
    for (auto& [name, agent] : agents_) agent->name_password(passwords_.read(name));
}

Result<reach::AwsCredentials> Daemon::aws_keys() const {
    const auto path = path_of(*settings_.iam.credentials, options_.credentials_dir);
    if (path) return keys::read_aws_keys(*path);
    return Failure{Errc::not_found,
                   "systemd gave memdbd no credentials: name it with LoadCredential= in memdbd.service"};
}

void Daemon::wait_for_signal() {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number);
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
        if (error) return;
        if (number == SIGHUP)
            reload();
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
        for (auto& [name, agent] : agents_) agent->settings_changed();
        logger("agent")->info("read the settings again");
    }
    follow_passwords();  // also where the settings stay: what lies behind them may be another one
    host::notify_ready();
}

void Daemon::begin_stop() {
    stopping_ = true;
    host::notify_stopping();
    logger("agent")->info("ending");
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
    io_.stop();
}

void Daemon::changed() {
    if (look_posted_ || stopping_) return;
    look_posted_ = true;
    boost::asio::post(io_, [this] {
        look_posted_ = false;
        look();
    });
}

control::Snapshot Daemon::build(TimePoint at, WallTime wall) {
    control::Snapshot snapshot;
    snapshot.agent = {MEMDB_VERSION, static_cast<int>(::getpid()), started_,
                      std::chrono::duration_cast<std::chrono::seconds>(wall - started_).count()};
    for (auto& [name, agent] : agents_) snapshot.profiles.push_back(agent->view(at, wall, clock_));
    std::vector<health::Condition> conditions = troubles_;
    for (const auto& [name, condition] : damaged_) conditions.push_back(condition);
    health_.observe(conditions, at, wall);
    snapshot.findings = health_.visible();
    return snapshot;
}

void Daemon::look() {
    const TimePoint at = now();
    const WallTime wall = wall_now();
    clock_.adjust(at, wall);
    control::Snapshot fresh = build(at, wall);
    const auto events = control::diff(snapshot_, fresh, wall);
    snapshot_ = std::move(fresh);
    for (const control::Event& event : events)
        if (const auto line = log_line(event)) logger("health")->log(level_of(line->severity), line->text);
    if (!events.empty() && server_) server_->publish(events);
    if (std::string status = status_line(snapshot_); status != status_) {
        status_ = std::move(status);
        host::notify_status(status_);
    }
    arm_look();
}

void Daemon::arm_look() {
    std::optional<TimePoint> at = health_.next_change();
    for (const auto& [name, agent] : agents_)
        if (agent->next_look()) at = std::min(at.value_or(*agent->next_look()), *agent->next_look());
    look_timer_.cancel();
    if (!at) return;
    look_timer_.expires_at(*at);
    look_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) changed();
    });
}

}  // namespace memdb::app
