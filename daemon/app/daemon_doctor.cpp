// The doctor, asked over the control socket: one at a time for each profile.
#include "app/daemon.hpp"
#include "base/clock.hpp"
#include "control/api_doctor.hpp"
#include "control/api_history.hpp"
#include "doctor/usual_ping_map.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <utility>

namespace memdb::app {
namespace {

/// Nothing without a history.
std::optional<Microseconds> usual_ping_of(const control::Reply& reply) {
    const auto history = control::parse_history(reply.body);
    return history.has_error() ? std::nullopt : doctor::usual_ping(*history);
}

}  // namespace

doctor::Scene Daemon::scene_of(const std::string& name) {
    doctor::Scene scene;
    scene.now = wall_now();
    scene.agent = snapshot_.findings;
    if (const auto* view = control::find_profile(snapshot_, name)) scene.view = *view;
    const auto agent = agents_.find(name);
    if (agent == agents_.end()) return scene;
    agent->second->add_to(scene);
    if (const auto overlap = overlap_of(*agent->second))
        scene.overlap = fmt::format("{} is reached through profile {}", to_string(overlap->range), overlap->profile);
    return scene;
}

void Daemon::diagnose(const std::string& name, std::function<void(std::variant<control::Reply, std::string>)> tell) {
    const auto refuse = [&](control::ErrorCode code, const std::string& why) { tell(control::error_reply(code, why)); };
    const auto found = agents_.find(name);
    if (stopping_ || found == agents_.end() || removing_.contains(name))
        return refuse(control::ErrorCode::not_found, "no profile is called " + name);
    if (parked_) return refuse(control::ErrorCode::busy, "this machine is about to sleep");
    if (visits_.contains(name))
        return refuse(control::ErrorCode::busy, "the doctor is with " + name + " already: ask again in some seconds");
    DoctorTools tools = found->second->doctor_tools();
    tools.usual_ping = [this, name](const std::function<void(std::optional<Microseconds>)>& done) {
        history_.ask({name, Duration(24h)}, [done](const control::Reply& reply) { done(usual_ping_of(reply)); });
    };
    tools.look = [this, name] { return scene_of(name); };
    auto doctor = std::make_unique<DoctorAgent>(io_, resolver_, std::move(tools));
    doctor->start([tell](const health::Check& check) { tell(control::check_line(check)); },
                  [this, name, tell](const health::DoctorReport& report) {
                      tell(control::report_line(report));
                      tell(std::string());
                      // It is what calls: let it return first.
                      boost::asio::post(io_, [this, name] { visits_.erase(name); });
                  });
    visits_.emplace(name, Visit{std::move(doctor), tell});
}

/// Before it is done: whoever asked is told why.
void Daemon::end_visit(const std::string& name, std::string_view why) {
    const auto found = visits_.find(name);
    if (found == visits_.end()) return;
    const auto tell = found->second.tell;
    visits_.erase(found);
    tell(control::to_json(control::ErrorBody{control::ErrorCode::conflict, std::string(why)}) + "\n");
    tell(std::string());
}

void Daemon::end_visits(std::string_view why) {
    while (!visits_.empty()) end_visit(std::string(visits_.begin()->first), why);
}

}  // namespace memdb::app
