#include "client/exec_plan.hpp"

#include "health/finding_catalog.hpp"

#include <algorithm>

namespace memdb::client {
namespace {

using control::ClusterView;
using control::ProfileView;
using health::Verdict;

bool is_literal(std::string_view host) {
    return host.find(':') != std::string_view::npos || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string url_of(const ExecTarget& target) {
    const std::string host = target.host.find(':') == std::string::npos ? target.host : "[" + target.host + "]";
    const std::string user = target.user.empty() ? "" : percent_encode(target.user) + "@";
    return (target.tls ? "rediss://" : "redis://") + user + host + ":" + target.port;
}

bool takes_our_options(const std::string& program) {
    const std::string name = program.substr(program.rfind('/') + 1);
    return name == "redis-cli" || name == "valkey-cli";
}

}  // namespace

Outcome<const ClusterView*> choose_cluster(const ProfileView& profile, std::string_view named) {
    std::string names;
    for (const ClusterView& cluster : profile.clusters) {
        const std::string_view host = std::string_view(cluster.endpoint).substr(0, cluster.endpoint.rfind(':'));
        if (!named.empty() && (cluster.endpoint == named || host == named)) return &cluster;
        names += (names.empty() ? "" : ", ") + cluster.endpoint;
    }
    if (!named.empty())
        return Problem{Exit::failed, profile.name + " has no cluster " + std::string(named) + ": there is " + names};
    if (profile.clusters.size() == 1) return &profile.clusters.front();
    return Problem{Exit::usage, "which cluster of " + profile.name + "? Choose with --cluster: there is " + names};
}

Readiness readiness_of(const ProfileView& profile, const ClusterView& cluster) {
    if (cluster.verdict == Verdict::reachable) return Readiness::ready;
    if (cluster.verdict == Verdict::degraded)
        return std::ranges::none_of(profile.findings, health::breaks_the_way) ? Readiness::ready : Readiness::settling;
    return profile.tunnel && profile.tunnel->phase == "blocked" ? Readiness::futile : Readiness::waiting;
}

ExecTarget exec_target(const ClusterView& cluster) {
    const std::size_t colon = cluster.endpoint.rfind(':');
    ExecTarget target;
    target.host = cluster.endpoint.substr(0, colon);
    target.port = colon == std::string::npos ? "6379" : cluster.endpoint.substr(colon + 1);
    if (target.host.starts_with('[') && target.host.ends_with(']'))
        target.host = target.host.substr(1, target.host.size() - 2);
    target.tls = cluster.tls.value_or(true);
    target.user = cluster.user.value_or("");
    return target;
}

Variables exec_environment(const ExecTarget& target) {
    const auto unless_empty = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
    return {{"REDIS_URL", url_of(target)},
            {"MEMDB_HOST", target.host},
            {"MEMDB_PORT", target.port},
            {"MEMDB_USER", unless_empty(target.user)},
            {"MEMDB_CA", unless_empty(target.ca_path)}};
}

std::vector<std::string> exec_arguments(std::vector<std::string> command, const ExecTarget& target) {
    if (command.empty() || !takes_our_options(command.front())) return command;
    std::vector<std::string> ours = {"-h", target.host, "-p", target.port};
    if (target.tls) ours.emplace_back("--tls");
    if (target.tls && !is_literal(target.host)) ours.insert(ours.end(), {"--sni", target.host});
    if (target.tls && !target.ca_path.empty()) ours.insert(ours.end(), {"--cacert", target.ca_path});
    if (!target.user.empty()) ours.insert(ours.end(), {"--user", target.user});
    ours.emplace_back("-c");
    command.insert(command.begin() + 1, ours.begin(), ours.end());
    return command;
}

}  // namespace memdb::client
