// An account as the planner sees it, and what AWS makes of each step: enough to play plans to their end without AWS.
#pragma once

#include "client/aws/absorb.hpp"
#include "client/aws/calls.hpp"
#include "client/aws/planner.hpp"

#include <string>

namespace memdb::tests {

using namespace client::aws;

inline const WallTime kToday{std::chrono::sys_days{std::chrono::year{2026} / 11 / 26}.time_since_epoch()};

inline IpNetwork net(std::string_view text) { return parse_network(text).value(); }

inline Inventory bare_account() {
    Inventory account;
    account.region = "us-east-1";
    account.account = "123456789012";
    account.cluster = {"demo",         "arn:aws:memorydb:us-east-1:123456789012:cluster/demo",
                       "available",    "clustercfg.demo.lab.memorydb.test",
                       6379,           true,
                       "demo-acl",     "demo-subnets",
                       {"sg-cluster"}, {{"demo-0001-001", "demo-0001-001.demo.lab.memorydb.test"}}};
    account.vpc = {"vpc-1", {net("10.20.0.0/16")}};
    account.subnets = {{"subnet-a", "vpc-1", "us-east-1a", net("10.20.1.0/24"), 249},
                       {"subnet-b", "vpc-1", "us-east-1b", net("10.20.2.0/24"), 249}};
    account.route_tables = {{true, {}, {net("10.20.0.0/16")}, true}};
    account.groups = {{"sg-default", "default"}, {"sg-cluster", "memorydb-demo"}};
    return account;
}

inline Wish plain_wish() {
    Wish wish;
    wish.cluster = wish.profile = "demo";
    wish.server_name = "demo.vpn.internal";
    wish.client_name = "laptop";
    wish.pki_folder = "/home/me/pki";
    return wish;
}

inline Wish full_wish() {
    Wish wish = plain_wish();
    wish.internet = true;
    wish.log_group = "/vpn/demo";
    wish.session_hours = 8;
    return wish;
}

inline LocalState fresh_laptop() {
    LocalState local;
    local.agent_runs = true;
    local.networks = {net("192.168.1.0/24")};
    return local;
}

/// The laptop after a step on it.
inline void do_local(LocalState& local, const Step& step, const Wish& wish, const Inventory& account) {
    const WallTime until = kToday + std::chrono::days(825);
    const std::string serial = "S" + std::to_string(local.serials.size() + 1);
    if (step.action == Action::make_authority) local.has_authority = true;
    if (step.action == Action::make_server) local.server = LocalCertificate{step.target, serial, until};
    if (step.action == Action::make_client) local.client = LocalCertificate{step.target, serial, until};
    if (is_one_of(step.action, {Action::make_server, Action::make_client})) local.serials.push_back(serial);
    if (step.action == Action::import_profile)
        local.profile = LocalProfile{account.endpoint->dns_name.substr(2) + ":443", {account.cluster.host + ":6379"}};
    if (step.action == Action::write_bundle) local.bundle = account.endpoint->dns_name.substr(2);
    if (step.action == Action::connect) local.profile->reachable = true;
    if (step.action == Action::remove_profile) local.profile.reset();
    (void)wish;
}

/// What describe would show after modify_endpoint and apply_groups.
inline void do_settings(Endpoint& endpoint, const Step& step) {
    if (step.action == Action::apply_groups) endpoint.groups = step.settings;
    if (step.action != Action::modify_endpoint) return;
    for (std::size_t i = 0; i < step.settings.size(); ++i) {
        const std::string& word = step.settings[i];
        const std::string value = i + 1 < step.settings.size() ? step.settings[i + 1] : "";
        if (word == "--split-tunnel") endpoint.split_tunnel = true;
        if (word == "--vpn-port") endpoint.port = 443;
        if (word == "--session-timeout-hours") endpoint.session_hours = static_cast<unsigned>(std::stoul(value));
        if (word == "--server-certificate-arn") endpoint.server_certificate = value;
        if (word == "--connection-log-options") endpoint.log_group = value.substr(value.rfind('=') + 1);
    }
}

inline std::string reply_to(const Step& step) {
    if (step.action == Action::create_group) return R"({"GroupId":"sg-vpn"})";
    if (is_one_of(step.action, {Action::import_certificate, Action::reimport_certificate}))
        return R"({"CertificateArn":"arn:aws:acm:us-east-1:123456789012:certificate/1"})";
    if (step.action == Action::create_endpoint) return R"({"ClientVpnEndpointId":"cvpn-endpoint-1"})";
    if (step.action == Action::associate) return R"({"AssociationId":"cvpn-assoc-)" + step.target + "\"}";
    return "{}";
}

/// AWS does a step that was ordered.
inline void do_remote(Inventory& account, const LocalState& local, const Step& step, const Wish& wish) {
    const auto done = absorb(account, step, wish, local, reply_to(step));
    if (done.has_error()) throw std::runtime_error(done.error().message);
    if (!account.endpoint) return;
    if (step.action == Action::create_endpoint)
        account.endpoint->dns_name = "*.cvpn-endpoint-1.prod.clientvpn.lab.test";
    do_settings(*account.endpoint, step);
}

/// Time passes: whatever AWS is at, it has done.
inline void settle(Inventory& account) {
    if (!account.endpoint) return;
    Endpoint& endpoint = *account.endpoint;
    std::erase_if(endpoint.associations, [](const Association& one) { return one.state == "disassociating"; });
    std::erase_if(endpoint.rules, [](const AuthorizationRule& one) { return one.state == "revoking"; });
    std::erase_if(endpoint.routes, [](const VpnRoute& one) { return one.state == "deleting"; });
    for (auto& one : endpoint.associations) {
        if (one.state != "associating") continue;
        one.state = "associated";
        endpoint.routes.push_back({net("10.20.0.0/16"), one.subnet, "active", "", "associate", ""});
    }
    for (auto& one : endpoint.rules)
        if (one.state == "authorizing") one.state = "active";
    for (auto& one : endpoint.routes)
        if (one.state == "creating") one.state = "active";
    if (endpoint.state == "pending-associate" && !endpoint.associations.empty()) endpoint.state = "available";
    if (endpoint.state != "deleting") return;
    account.endpoint.reset();
    if (account.more.empty()) return;
    account.endpoint = account.more.front();
    account.more.erase(account.more.begin());
}

}  // namespace memdb::tests
