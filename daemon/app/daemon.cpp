#include "app/daemon.hpp"

#include "app/event_log.hpp"
#include "base/atomic_files.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "config/settings_parser.hpp"
#include "control/socket_files.hpp"
#include "host/service_notify.hpp"

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
      stop_timer_(io_),
      clock_(now(), wall_now()),
      started_(wall_now()),
      resolver_(io_),
      around_{io_, resolver_, settings_, options_.runtime_dir + "/private", [this] { changed(); }} {}

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
    std::filesystem::create_directories(options_.runtime_dir, error);
    if (error) return Failure{Errc::io, options_.runtime_dir + ": " + error.message()};
    if (auto made = own_folder(around_.private_dir); made.has_error()) return made.error();
    if (auto opened = open_socket(); opened.has_error()) return opened.error();
    logger("agent")->info("memdbd {} runs as uid {}, state in {}", MEMDB_VERSION, ::geteuid(), options_.state_dir);
    start_profiles();
    look();
    wait_for_signal();
    host::notify_ready();
    return {};
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
    std::string ca_pem;
    if (profile->cluster_ca_path) {
        auto read = read_file(*profile->cluster_ca_path, kSecretLimit * 4);
        if (read.has_error()) return read.error();
        ca_pem = std::move(*read);
    }
    agents_[name] = std::make_unique<ProfileAgent>(around_, std::move(*profile), *password, ca_pem);
    return {};
}

void Daemon::perform(control::Intent intent, std::function<void(control::Reply)> done) {
    if (stopping_) {
        done(control::error_reply(control::ErrorCode::busy, "memdbd is ending"));
        return;
    }
    std::visit(Overloaded{
                   [&](control::ImportIntent& wanted) {
                       const control::Reply reply = import(wanted.request);
                       wipe(wanted.request.ovpn_text);  // it may hold an inline key
                       done(reply);
                   },
                   [&](const control::RemoveIntent& wanted) { remove(wanted.profile, std::move(done)); },
                   [&](const control::WishIntent& wanted) { done(wish(wanted)); },
                   [&](const control::PingIntent& wanted) { ping(wanted, std::move(done)); },
               },
               intent);
}

control::Reply Daemon::import(const config::ImportRequest& request) {
    const auto imported = store_->import(request, wall_now());
    if (imported.has_error()) return control::failure_reply(imported.error());
    changed();
    if (const auto added = add_agent(imported->profile.name); added.has_error()) {
        note_damage(imported->profile.name, "cannot be read", added.error());
        return control::failure_reply(added.error());
    }
    return {201, control::to_json(control::ImportReport{imported->profile.name, imported->warnings})};
}

void Daemon::remove(const std::string& name, std::function<void(control::Reply)> done) {
    const auto found = agents_.find(name);
    if (!removing_.insert(name).second) {
        done(control::error_reply(control::ErrorCode::conflict, name + " is being removed already"));
        return;
    }
    const auto forget = [this, name, done = std::move(done)] {
        removing_.erase(name);
        agents_.erase(name);
        const auto removed = store_->remove(name);
        damaged_.erase(name);
        if (removed.has_error() && removed.error().code != Errc::not_found)
            note_damage(name, "could not be removed", removed.error());
        changed();
        done(removed.has_error() ? control::failure_reply(removed.error()) : control::Reply{204, ""});
    };
    if (found == agents_.end())
        forget();
    else
        found->second->shut_down([this, forget] { boost::asio::post(io_, forget); });
}

control::Reply Daemon::wish(const control::WishIntent& intent) {
    if (removing_.contains(intent.profile))
        return control::error_reply(control::ErrorCode::conflict, intent.profile + " is being removed");
    const auto found = agents_.find(intent.profile);
    if (found == agents_.end())
        return control::error_reply(control::ErrorCode::not_found, "no profile is called " + intent.profile);
    const auto wanted =
        intent.wish == control::Wish::disconnect ? control::Wanted::disconnected : control::Wanted::connected;
    if (const auto stored = store_->set_wanted(intent.profile, wanted); stored.has_error())
        return control::failure_reply(stored.error());
    damaged_.erase(intent.profile);  // a wish that could not be read is replaced
    found->second->wish(intent.wish);
    look();
    const auto shown = std::ranges::find(snapshot_.profiles, intent.profile, &control::ProfileView::name);
    return control::profile_reply(202, *shown);
}

void Daemon::ping(const control::PingIntent& intent, std::function<void(control::Reply)> done) {
    const auto found = agents_.find(intent.profile);
    if (found == agents_.end()) {
        done(control::error_reply(control::ErrorCode::not_found, "no profile is called " + intent.profile));
        return;
    }
    found->second->ping(intent.node, [done = std::move(done)](const Result<control::PingReport>& report) {
        done(report.has_error() ? control::failure_reply(report.error())
                                : control::Reply{200, control::to_json(*report)});
    });
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
