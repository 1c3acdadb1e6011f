// What people ask of the daemon over the control socket, done.
#include "app/daemon.hpp"
#include "base/atomic_files.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memdb::app {
namespace {

constexpr std::size_t kCaLimit = 256 * 1024;
constexpr Duration kPingLimit = 10s;

control::Reply recent_log() {
    const LogRing ring = recent_log_lines();
    return {200, control::to_json(control::LogReport{{ring.lines().begin(), ring.lines().end()}, ring.forgotten()})};
}

}  // namespace

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
                   [&](const control::ChangeIntent& wanted) { done(change(wanted)); },
                   [&](const control::RemoveIntent& wanted) { remove(wanted.profile, std::move(done)); },
                   [&](const control::WishIntent& wanted) { done(wish(wanted)); },
                   [&](const control::KeyIntent& wanted) { rotate(wanted, std::move(done)); },
                   [&](const control::PingIntent& wanted) { ping(wanted, std::move(done)); },
                   [&](const control::CrlIntent& wanted) { done(crl(wanted)); },
                   [&](const control::AuthIntent& wanted) { done(auth(wanted)); },
                   [&](const control::HistoryIntent& wanted) { history_.ask(wanted.query, std::move(done)); },
                   [&](const control::MetricsIntent& wanted) { done(metrics(wanted)); },
                   [&](const control::CaIntent& wanted) { done(ca(wanted)); },
                   [&](const control::LogIntent&) { done(recent_log()); },
               },
               intent);
}

control::Reply Daemon::import(const config::ImportRequest& wanted) {
    config::ImportRequest request = wanted;
    request.password_is_named = settings_.passwords.contains(request.name);
    const auto imported = store_->import(request, wall_now());
    if (imported.has_error()) return control::failure_reply(imported.error());
    changed();
    if (const auto added = add_agent(imported->profile.name); added.has_error()) {
        note_damage(imported->profile.name, "cannot be read", added.error());
        return control::failure_reply(added.error());
    }
    return {201, control::to_json(control::ImportReport{imported->profile.name, imported->warnings})};
}

/// The tunnel is left alone: only probes of what has changed begin anew.
control::Reply Daemon::change(const control::ChangeIntent& intent) {
    const auto found = agents_.find(intent.profile);
    if (found == agents_.end() || removing_.contains(intent.profile))
        return control::error_reply(control::ErrorCode::not_found, "no profile is called " + intent.profile);
    config::ProfileChange change = intent.change;
    change.password_is_named = settings_.passwords.contains(intent.profile);
    const auto stored = store_->change(intent.profile, change, intent.uid);
    if (stored.has_error()) return control::failure_reply(stored.error());
    found->second->change(*stored);
    look();
    const auto shown = std::ranges::find(snapshot_.profiles, intent.profile, &control::ProfileView::name);
    return control::profile_reply(200, *shown);
}

void Daemon::remove(const std::string& name, std::function<void(control::Reply)> done) {
    const auto found = agents_.find(name);
    if (!removing_.insert(name).second) {
        done(control::error_reply(control::ErrorCode::conflict, name + " is being removed already"));
        return;
    }
    end_visit(name, name + " is being removed");
    const auto forget = [this, name, done = std::move(done)] {
        removing_.erase(name);
        agents_.erase(name);
        weigh_overlaps();
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
    if (intent.wish != control::Wish::disconnect)
        if (const auto overlap = overlap_of(*found->second))
            return control::error_reply(
                control::ErrorCode::conflict,
                fmt::format("{0} leads to {1} as {2} does, which is connected: memdbctl disconnect {2}", intent.profile,
                            to_string(overlap->range), overlap->profile));
    const auto wanted =
        intent.wish == control::Wish::disconnect ? control::Wanted::disconnected : control::Wanted::connected;
    if (const auto stored = store_->set_wanted(intent.profile, wanted); stored.has_error())
        return control::failure_reply(stored.error());
    damaged_.erase(intent.profile);  // a wish that could not be read is replaced
    found->second->wish(intent.wish);
    weigh_overlaps();
    look();
    const auto shown = std::ranges::find(snapshot_.profiles, intent.profile, &control::ProfileView::name);
    return control::profile_reply(202, *shown);
}

/// Whether another profile, already wanted, stands against connecting this one.
std::optional<Overlap> Daemon::overlap_of(const ProfileAgent& agent) const {
    std::vector<Claim> others;
    for (const auto& [name, other] : agents_) {
        const auto order = other->wanted_order();
        const bool earlier = order && (!agent.wanted_order() || *order < *agent.wanted_order());
        if (other.get() != &agent && earlier) others.push_back(other->claim());
    }
    return find_overlap(agent.claim(), others);
}

control::Reply Daemon::crl(const control::CrlIntent& intent) {
    const auto found = agents_.find(intent.profile);
    if (found == agents_.end() || removing_.contains(intent.profile))
        return control::error_reply(control::ErrorCode::not_found, "no profile is called " + intent.profile);
    auto list = store_->store_crl(intent.profile, intent.pem);
    if (list.has_error()) return control::failure_reply(list.error());
    const control::CrlView view = found->second->take_crl(std::move(*list));
    logger("agent")->info("{}: took a revocation list of {}, {} entries{}", intent.profile, view.issuer, view.entries,
                          view.revoked ? ", this profile's certificate among them" : "");
    return {200, control::to_json(view)};
}

control::Reply Daemon::auth(const control::AuthIntent& intent) {
    const auto found = agents_.find(intent.profile);
    if (found == agents_.end() || removing_.contains(intent.profile))
        return control::error_reply(control::ErrorCode::not_found, "no profile is called " + intent.profile);
    const auto report = found->second->take_token(intent.token);
    return report.has_error() ? control::failure_reply(report.error()) : control::Reply{200, control::to_json(*report)};
}

/// Read anew: small, rarely asked for, and so never kept twice.
control::Reply Daemon::ca(const control::CaIntent& intent) const {
    const auto profile = store_->load(intent.profile);
    if (profile.has_error()) return control::failure_reply(profile.error());
    if (!profile->cluster_ca_path)
        return control::error_reply(control::ErrorCode::not_found,
                                    intent.profile + " trusts the system's certificates: it has no CA of its own");
    auto pem = read_file(*profile->cluster_ca_path, kCaLimit);
    if (pem.has_error()) return control::failure_reply(pem.error());
    return {200, std::move(*pem), "application/x-pem-file"};
}

void Daemon::rotate(const control::KeyIntent& intent, std::function<void(control::Reply)> done) {
    const auto found = agents_.find(intent.profile);
    if (found == agents_.end() || removing_.contains(intent.profile)) {
        done(control::error_reply(control::ErrorCode::not_found, "no profile is called " + intent.profile));
        return;
    }
    RotationAgent* const rotation = found->second->rotation();
    if (rotation == nullptr) {
        done(control::error_reply(control::ErrorCode::bad_request,
                                  intent.profile + " is a direct profile: it has no tunnel, and so no key"));
        return;
    }
    if (const auto* wanted = std::get_if<control::KeyRequest>(&intent.wanted)) {
        rotation->request(*wanted, [done = std::move(done)](const Result<control::KeyRequestReport>& report) {
            done(report.has_error() ? control::failure_reply(report.error())
                                    : control::Reply{200, control::to_json(*report)});
        });
        return;
    }
    const auto* install = std::get_if<control::KeyInstall>(&intent.wanted);
    const Result<void> begun = install != nullptr ? rotation->install(*install) : rotation->roll_back();
    if (begun.has_error()) {
        done(control::failure_reply(begun.error()));
        return;
    }
    look();
    const auto shown = std::ranges::find(snapshot_.profiles, intent.profile, &control::ProfileView::name);
    done(control::profile_reply(202, *shown));
}

control::Reply Daemon::metrics(const control::MetricsIntent& intent) const {
    control::PingTallies pings;
    for (const auto& [name, agent] : agents_) agent->add_tallies(pings);
    return {200, control::metrics_text(snapshot_, pings, intent.exposition),
            control::content_type_of(intent.exposition)};
}

void Daemon::ping(const control::PingIntent& intent, std::function<void(control::Reply)> done) {
    const auto found = agents_.find(intent.profile);
    if (found == agents_.end()) {
        done(control::error_reply(control::ErrorCode::not_found, "no profile is called " + intent.profile));
        return;
    }
    found->second->ping(intent.node, kPingLimit, [done = std::move(done)](const Result<control::PingReport>& report) {
        done(report.has_error() ? control::failure_reply(report.error())
                                : control::Reply{200, control::to_json(*report)});
    });
}

}  // namespace memdb::app
