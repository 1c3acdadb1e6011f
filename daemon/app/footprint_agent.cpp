#include "app/footprint_agent.hpp"

#include "base/log.hpp"
#include "host/cleanup_runner.hpp"
#include "host/leftover_process.hpp"

namespace memdb::app {

void FootprintAgent::write() {
    if (const auto written = store_.write(footprint_); written.has_error())
        logger("host")->warn("{}: what openvpn changes on this host cannot be recorded: {}", profile_,
                             written.error().message);
    else
        recorded_ = true;
}

void FootprintAgent::about_to_spawn(const tunnel::ServerAddress& server) {
    const auto address = parse_address(server.address);
    if (link_ == nullptr || !address) return;
    const auto routes = link_->routes();
    if (routes.has_error()) {
        logger("host")->warn("{}: the routes cannot be read: {}", profile_, routes.error().message);
        return;
    }
    footprint_ = host::footprint_before(profile_, host::boot_id(), *address, *routes);
    write();
}

void FootprintAgent::spawned(int pid) {
    if (!recorded_) return;
    footprint_.openvpn_pid = pid;
    if (const auto mark = host::mark_of(pid); mark.has_value()) {
        footprint_.openvpn_start_time = mark->start_time;
        footprint_.openvpn_exe = mark->exe;
    }
    write();
}

void FootprintAgent::taken_over() {
    auto known = store_.load(profile_);
    if (link_ == nullptr || known.has_error()) return;  // then nothing can be undone but by openvpn itself
    footprint_ = std::move(*known);
    recorded_ = true;
}

std::optional<unsigned> FootprintAgent::dns_link() const {
    return recorded_ && footprint_.dns_set ? std::optional(footprint_.device_index) : std::nullopt;
}

void FootprintAgent::device_known(const std::string& device) {
    if (!recorded_ || device.empty() || footprint_.device == device) return;
    footprint_.device = device;
    if (const auto index = link_->index_of(device); index.has_value()) footprint_.device_index = index->value_or(0);
    write();
}

void FootprintAgent::dns_set(bool something) {
    if (!recorded_ || footprint_.dns_set == something) return;
    footprint_.dns_set = something;
    write();
}

void FootprintAgent::gone() {
    if (!recorded_) return;
    recorded_ = false;
    const host::CleanupReport report = host::clean_up(store_, *link_, profile_);
    for (const std::string& line : report.done) logger("host")->info("{}", line);
    for (const std::string& line : report.problems) logger("host")->warn("{}", line);
}

}  // namespace memdb::app
