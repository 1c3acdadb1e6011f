// `profile set` put in force while the profile works: see change().
#include "app/profile_agent.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace memdb::app {

void ProfileAgent::change(const config::ProfileContents& contents) {
    stored_password_ = contents.password;
    const Secret<>& next = named_ ? password_ : stored_password_;
    const bool other_password = next.reveal() != password_.reveal();
    const bool other_trust = contents.cluster_ca_pem != ca_pem_;
    const bool other_clusters = contents.profile.clusters != profile_.profile.clusters;
    profile_.profile = contents.profile;
    if (other_password) password_ = next;
    ca_pem_ = contents.cluster_ca_pem;

    renew_clusters(other_trust ? Renewed::all : other_password ? Renewed::of_users : Renewed::others);
    if (vpc_names_ && other_clusters) {
        vpc_names_ = std::make_unique<VpcNameAgent>(around_.resolver, profile_.profile.clusters, around_.changed);
        vpc_names_->follow(tunnel_->state());
    }
    if (dns_ && other_clusters) {
        dns_->use_hosts(cluster_hosts());
        dns_->look_again(tunnel_->state(), wanted_ == control::Wanted::connected);
    }
    around_.changed();
}

void ProfileAgent::renew_clusters(Renewed which) {
    std::vector<ClusterAtWork> before = std::exchange(clusters_, {});
    const auto stays = [&](const ClusterAtWork& one) {
        const bool has_login = !one.cluster.user.empty() && !one.cluster.iam;
        return which != Renewed::all && !(which == Renewed::of_users && has_login) &&
               std::ranges::find(profile_.profile.clusters, one.cluster) != profile_.profile.clusters.end();
    };
    std::erase_if(before, std::not_fn(stays));  // first: the attempts that they queue for would hold the new ones up
    for (const config::Cluster& cluster : profile_.profile.clusters) {
        const auto known = std::ranges::find(before, cluster, &ClusterAtWork::cluster);
        if (known != before.end()) {
            clusters_.push_back(std::move(*known));
            before.erase(known);
            continue;
        }
        clusters_.push_back(put_to_work(cluster));
        if (probing_) clusters_.back().runner->start();
    }
}

}  // namespace memdb::app
