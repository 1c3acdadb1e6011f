// A profile's DNS: what the system's resolver is told of its tunnel, and what follows for the probes.
#include "app/profile_agent.hpp"

#include <algorithm>

namespace memdb::app {
namespace {

using control::Wanted;

/// Whether the probe waits for, or got, an answer that may be another one now.
bool hangs_on_names(const reach::ProbeState* probe) {
    if (probe->phase == reach::ProbePhase::resolving) return true;
    return probe->blame && probe->blame->layer == health::Layer::dns;
}

}  // namespace

std::vector<std::string> ProfileAgent::cluster_hosts() const {
    std::vector<std::string> hosts;
    for (const config::Cluster& cluster : profile_.profile.clusters) hosts.push_back(cluster.host);
    return hosts;
}

void ProfileAgent::start_dns() {
    if (around_.resolved == nullptr) return;
    DnsAgent::Hooks hooks{[this] { around_.changed(); }, [this] { names_changed(); }};
    if (footprint_) hooks.touches = [this](bool something) { footprint_->dns_set(something); };
    dns_ = std::make_unique<DnsAgent>(around_.io, *around_.resolved, around_.routes, around_.settings.dns,
                                      profile_.profile.name, cluster_hosts(), std::move(hooks));
}

void ProfileAgent::follow_dns() {
    if (dns_) dns_->follow(tunnel_->state(), wanted_ == Wanted::connected);
}

void ProfileAgent::resolved_changed() {
    if (dns_) dns_->service_changed();
}

/// What the LAN's resolver said of them, or still keeps us waiting for, counts no more.
void ProfileAgent::names_changed() {
    if (!probing_) return;
    for (ClusterAtWork& each : clusters_)
        if (std::ranges::any_of(each.runner->probes(), hangs_on_names)) each.runner->path_changed();
}

}  // namespace memdb::app
