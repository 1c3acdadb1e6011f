#include "app/daemon.hpp"

#include "base/atomic_files.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "config/settings_parser.hpp"
#include "control/socket_files.hpp"
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
constexpr Duration kHistoryLimit = 500ms;  ///< to write its last minute

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

Daemon::Daemon(DaemonOptions options)
    : options_(std::move(options)),
      signals_(io_),
      look_timer_(io_),
      rest_timer_(io_),
      stop_timer_(io_),
      watchdog_timer_(io_),
      clock_(now(), wall_now(), slept_since_boot()),
      started_(wall_now()),
      resolver_(io_),
      bus_(io_),
      resolved_(bus_,
                [this] {
                    for (auto& [name, agent] : agents_) agent->resolved_changed();
                }),
      around_{io_, workers_, resolver_, settings_, options_.runtime_dir + "/private", [this] { changed(); }},
      passwords_(io_, options_.credentials_dir, [this] { read_passwords(); }),
      history_(io_, workers_, options_.state_dir + "/history.db", [this] { changed(); }) {
    around_.remember_ranges = [this](const Claim& claim) {
        if (const auto kept = store_->remember_ranges(claim.profile, claim.ranges); kept.has_error())
            logger("agent")->warn("{}", kept.error().message);
        weigh_overlaps();
    };
    around_.sampled = [this](const std::string& profile, const std::string& node, std::optional<Microseconds> took) {
        history_.sample(profile, node, took);
    };
    around_.resolved = &resolved_;
    around_.aws_keys = [this] { return aws_keys(); };
}

Daemon::~Daemon() = default;

Result<void> Daemon::run() {
    if (auto started = start(); started.has_error()) return started.error();
    io_.run();
    history_.close(kHistoryLimit);
    return {};
}

Result<void> Daemon::start() {
    auto passed = host::take_passed_descriptors();
    if (passed.has_error()) return passed.error();
    passed_ = std::move(*passed);
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
    history_.follow(settings_.history);
    passwords_.follow(settings_.passwords);
    watch_sleep();
    start_profiles();
    warn_of_unknown_profiles();
    look();
    metrics_->follow(settings_);
    wait_for_signal();
    feed_watchdog();
    host::notify_ready();
    return {};
}

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
    int listening = passed_.listening.value_or(-1);
    std::string own_path;
    const control::AccessPolicy policy = access_policy();
    if (listening < 0) {
        own_path = options_.runtime_dir + "/memdbd.sock";
        auto bound = control::bind_control_socket(own_path, 0660, policy.read_group);
        if (bound.has_error()) return bound.error();
        listening = *bound;
    }
    control::Callbacks callbacks{[this]() -> const control::Snapshot& { return seen(); },
                                 [this](control::Intent intent, std::function<void(control::Reply)> done) {
                                     answered_ = true;
                                     perform(std::move(intent), [this, done = std::move(done)](control::Reply reply) {
                                         answered_ = true;
                                         done(std::move(reply));
                                     });
                                 },
                                 [this](const std::string& name, auto tell) { diagnose(name, std::move(tell)); },
                                 control::handle};
    metrics_ = std::make_unique<MetricsAgent>(io_, callbacks, [this] { changed(); });
    server_ = std::make_unique<control::ControlServer>(io_, listening, own_path, policy, std::move(callbacks),
                                                       server_limits());
    return {};
}

/// Nothing is started here yet: what is asked of the tunnels is done from the loop.
void Daemon::start_profiles() {
    std::set<std::string> taken_over, wanted;
    const auto names = store_->list();
    if (names.has_error()) {
        troubles_.push_back({"state-unreadable", "the profiles cannot be read", names.error().message});
        sweep({});
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
        if (stored.wanted == control::Wanted::connected) wanted.insert(name);
        if (wanted.contains(name) && take_over(name)) taken_over.insert(name);
    }
    sweep(taken_over);
    // Of two that cannot be had together the one that is up keeps its tunnel.
    for (const std::string& name : taken_over) agents_.at(name)->wish(control::Wish::connect);
    for (const std::string& name : wanted)
        if (!taken_over.contains(name)) agents_.at(name)->wish(control::Wish::connect);
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

void Daemon::changed() {
    moved_ = true;
    if (look_posted_ || stopping_) return;
    look_posted_ = true;
    const auto go = [this](const boost::system::error_code& error = {}) {
        look_posted_ = false;
        if (!error && moved_) look();
    };
    if (now() >= look_pace_.next()) return boost::asio::post(io_, go);
    rest_timer_.expires_at(look_pace_.next());
    rest_timer_.async_wait(go);
}

const control::Snapshot& Daemon::seen() {
    if (sleep_) sleep_->look();
    if (answered_ || !look_pace_.is_fresh(now(), moved_)) look();
    return snapshot_;
}

control::Snapshot Daemon::build(TimePoint at, WallTime wall) {
    control::Snapshot snapshot;
    snapshot.agent = {MEMDB_VERSION, static_cast<int>(::getpid()), started_,
                      std::chrono::duration_cast<std::chrono::seconds>(wall - started_).count()};
    for (auto& [name, agent] : agents_) snapshot.profiles.push_back(agent->view(at, wall, clock_));
    std::vector<health::Condition> conditions = troubles_;
    for (const auto& [name, condition] : damaged_) conditions.push_back(condition);
    if (clock_jump_ && at < clock_jump_->first) conditions.push_back(clock_jump_->second);
    for (health::Condition& condition : history_.conditions(at)) conditions.push_back(std::move(condition));
    if (metrics_)
        for (health::Condition& condition : metrics_->conditions()) conditions.push_back(std::move(condition));
    health_.observe(conditions, at, wall);
    snapshot.findings = health_.visible();
    return snapshot;
}

void Daemon::look() {
    if (sleep_) sleep_->look();
    const TimePoint at = now();
    const WallTime wall = wall_now();
    const Stopwatch looking;
    moved_ = answered_ = false;
    follow_clock(at, wall);
    control::Snapshot fresh = build(at, wall);
    const auto events = control::diff(snapshot_, fresh, wall);
    snapshot_ = std::move(fresh);
    for (const control::Event& event : events)
        if (const auto line = event_log_.line(event)) logger("health")->log(level_of(line->severity), line->text);
    event_log_.started();
    history_.observe(snapshot_, at, wall);
    if (!events.empty() && server_) server_->publish(events);
    if (std::string status = status_line(snapshot_); status != status_) {
        status_ = std::move(status);
        host::notify_status(status_);
    }
    look_pace_.looked(at, looking.elapsed());
    arm_look();
}

void Daemon::arm_look() {
    std::optional<TimePoint> at = health_.next_change();
    if (clock_jump_ && clock_jump_->first > now()) at = std::min(at.value_or(clock_jump_->first), clock_jump_->first);
    for (const auto& [name, agent] : agents_)
        if (agent->next_look()) at = std::min(at.value_or(*agent->next_look()), *agent->next_look());
    look_timer_.cancel();
    if (!at || (sleep_ && sleep_->is_parked())) return;
    look_timer_.expires_at(*at);
    look_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) changed();
    });
}

}  // namespace memdb::app
