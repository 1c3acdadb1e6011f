#include "client/doctor/aws_suspects.hpp"

#include "client/aws/draft.hpp"
#include "config/iam_policy.hpp"
#include "keys/certificate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace memdb::client {
namespace {

using aws::Endpoint;
using aws::GroupRule;

AwsSuspect no(std::string_view name, std::string evidence) { return {name, Suspicion::no, std::move(evidence), {}}; }
AwsSuspect unknown(std::string_view name, std::string why) { return {name, Suspicion::unknown, std::move(why), {}}; }
AwsSuspect yes(std::string_view name, std::string evidence, std::string action) {
    return {name, Suspicion::yes, std::move(evidence), std::move(action)};
}

const Endpoint* endpoint_of(const AwsFacts& facts) {
    return facts.account.endpoint ? &*facts.account.endpoint : nullptr;
}

constexpr std::string_view kNoEndpoint = "the endpoint could not be asked";
constexpr std::string_view kNoCluster = "the cluster's networks could not be asked";

/// Whether every address of `inner` is one of `outer`.
bool covers(const IpNetwork& outer, const IpNetwork& inner) {
    return outer.prefix <= inner.prefix && contains(outer, inner.address);
}

template <class T>
std::string one_of_many(const std::vector<T>& all, std::string_view one, std::string_view many) {
    return std::to_string(all.size()) + " " + std::string(all.size() == 1 ? one : many);
}

AwsSuspect crl_expired(const AwsFacts& facts, WallTime now) {
    constexpr std::string_view name = "crl-expired";
    const Endpoint* const endpoint = endpoint_of(facts);
    if (endpoint == nullptr) return unknown(name, std::string(kNoEndpoint));
    if (endpoint->crl_is_unknown) return unknown(name, "the endpoint's revocation list could not be read");
    if (!endpoint->crl) return no(name, "the endpoint has no revocation list");
    const auto until = endpoint->crl->next_update;
    if (!until) return no(name, "the endpoint's revocation list has no end");
    const std::string date = keys::date_text(*until);
    if (*until > now) return no(name, "the endpoint's revocation list holds until " + date);
    return yes(name, "the endpoint's revocation list ended on " + date + ": every new connection is refused",
               "memdbctl pki crl --publish " + endpoint->id);
}

AwsSuspect client_revoked(const AwsFacts& facts, std::string_view serial) {
    constexpr std::string_view name = "client-revoked";
    if (serial.empty()) return unknown(name, "the client certificate's serial number is not known");
    if (!facts.revoked) return unknown(name, "the endpoint's revocation list could not be read");
    const bool listed = std::ranges::find(*facts.revoked, serial) != facts.revoked->end();
    const std::string of = "of " + one_of_many(*facts.revoked, "revoked certificate", "revoked certificates");
    if (!listed) return no(name, "serial " + std::string(serial) + " is none " + of + " on the endpoint");
    return yes(name, "serial " + std::string(serial) + " is on the endpoint's revocation list", "memdbctl rotate");
}

AwsSuspect server_cert_expired(const AwsFacts& facts, WallTime now) {
    constexpr std::string_view name = "server-cert-expired";
    if (!facts.account.certificate) return unknown(name, "the endpoint's server certificate could not be asked");
    const auto& certificate = *facts.account.certificate;
    const std::string date = keys::date_text(certificate.not_after);
    if (certificate.not_after > now) return no(name, "the server certificate holds until " + date);
    return yes(name, "the server certificate " + certificate.arn + " ended on " + date,
               "aws acm import-certificate --certificate-arn " + certificate.arn +
                   " --certificate fileb://server.crt --private-key fileb://server.key --certificate-chain "
                   "fileb://ca.crt");
}

AwsSuspect endpoint_not_available(const AwsFacts& facts) {
    constexpr std::string_view name = "endpoint-not-available";
    if (!facts.endpoint_known) return unknown(name, std::string(kNoEndpoint));
    const Endpoint* const endpoint = endpoint_of(facts);
    if (endpoint == nullptr)
        return yes(name, "AWS has no such endpoint in this account and region",
                   "aws ec2 describe-client-vpn-endpoints");
    if (endpoint->state == "available") return no(name, endpoint->id + " is available");
    return yes(name,
               endpoint->id + " is " + endpoint->state + (endpoint->message.empty() ? "" : ": " + endpoint->message),
               "aws ec2 describe-client-vpn-endpoints --client-vpn-endpoint-ids " + endpoint->id);
}

AwsSuspect association_missing(const AwsFacts& facts) {
    constexpr std::string_view name = "association-missing";
    const Endpoint* const endpoint = endpoint_of(facts);
    if (endpoint == nullptr || !facts.associations_known) return unknown(name, std::string(kNoEndpoint));
    const auto ready = std::ranges::count(endpoint->associations, "associated", &aws::Association::state);
    const auto& all = endpoint->associations;
    if (ready > 0)
        return no(name, std::to_string(ready) + " of " +
                            one_of_many(all, "target network is associated", "target networks are associated"));
    const auto& subnets = facts.account.subnets;
    return yes(name, all.empty() ? "the endpoint has no target network" : "its target network is " + all.front().state,
               "aws ec2 associate-client-vpn-target-network --client-vpn-endpoint-id " + endpoint->id +
                   " --subnet-id " + (subnets.empty() ? "subnet-…" : subnets.front().id));
}

std::string authorizations_of(const Endpoint& endpoint) {
    return "aws ec2 describe-client-vpn-authorization-rules --client-vpn-endpoint-id " + endpoint.id;
}

AwsSuspect authorization_missing(const AwsFacts& facts) {
    constexpr std::string_view name = "authorization-rule-missing";
    const Endpoint* const endpoint = endpoint_of(facts);
    if (endpoint == nullptr || !facts.authorizations_known) return unknown(name, std::string(kNoEndpoint));
    if (!facts.cluster_known) return unknown(name, std::string(kNoCluster));
    std::vector<std::string> shut;      // no rule names them
    std::vector<std::string> pending;   // what is said of the rules that do
    std::vector<std::string> commands;  // a rule names one network
    for (const auto& subnet : facts.account.subnets) {
        // A rule for one group of a directory lets nobody in who comes with a certificate. Rules for single nodes may
        // be meant: they count for their subnet.
        const bool let = std::ranges::any_of(endpoint->rules, [&](const aws::AuthorizationRule& rule) {
            return rule.everyone && rule.state == "active" && overlaps(rule.network, subnet.network);
        });
        if (let) continue;
        const auto rule = std::ranges::find_if(
            endpoint->rules, [&](const auto& each) { return overlaps(each.network, subnet.network); });
        if (rule == endpoint->rules.end())
            shut.push_back(to_string(subnet.network));
        else if (const std::string said = fmt::format("the rule for {} is {}", to_string(rule->network),
                                                      rule->everyone ? rule->state : "for a group of a directory only");
                 std::ranges::find(pending, said) == pending.end())
            pending.push_back(said);
        // AWS refuses a second rule for the same network.
        if (rule == endpoint->rules.end() || !rule->everyone || rule->network != subnet.network)
            commands.push_back(
                fmt::format("aws ec2 authorize-client-vpn-ingress --client-vpn-endpoint-id {} "
                            "--target-network-cidr {} --authorize-all-groups",
                            endpoint->id, to_string(subnet.network)));
    }
    if (shut.empty() && pending.empty()) return no(name, "every subnet of the cluster has an authorization rule");
    if (!shut.empty())
        pending.insert(pending.begin(),
                       fmt::format("no rule lets anybody into {} of the cluster", fmt::join(shut, ", ")));
    if (commands.empty()) commands.push_back(authorizations_of(*endpoint));
    return yes(name, fmt::format("{}", fmt::join(pending, "; ")), fmt::format("{}", fmt::join(commands, " && ")));
}

AwsSuspect route_missing(const AwsFacts& facts) {
    constexpr std::string_view name = "route-missing";
    const Endpoint* const endpoint = endpoint_of(facts);
    if (endpoint == nullptr || !facts.routes_known || !facts.associations_known)
        return unknown(name, std::string(kNoEndpoint));
    if (!facts.cluster_known) return unknown(name, std::string(kNoCluster));
    // AWS spreads clients over the target networks: a route that one of them lacks looks like a fault that comes and
    // goes.
    for (const auto& association : endpoint->associations)
        for (const auto& subnet : facts.account.subnets) {
            if (association.state != "associated") continue;
            const bool there = std::ranges::any_of(endpoint->routes, [&](const aws::VpnRoute& route) {
                return route.state == "active" && route.subnet == association.subnet &&
                       covers(route.network, subnet.network);
            });
            if (there) continue;
            return yes(name, "through " + association.subnet + " no active route leads to " + to_string(subnet.network),
                       "aws ec2 create-client-vpn-route --client-vpn-endpoint-id " + endpoint->id +
                           " --destination-cidr-block " + to_string(subnet.network) + " --target-vpc-subnet-id " +
                           association.subnet);
        }
    return no(name, "every target network has a route to every subnet of the cluster");
}

/// Whether the rule lets in what leaves the endpoint: by its group, or by the addresses of its target networks.
bool lets_endpoint_in(const AwsFacts& facts, const GroupRule& rule) {
    if (!aws::lets_port_in(facts.account, rule)) return false;
    const auto& groups = facts.account.endpoint->groups;
    if (!rule.source_group.empty()) return std::ranges::find(groups, rule.source_group) != groups.end();
    return rule.network && !facts.target_subnets.empty() &&
           std::ranges::all_of(facts.target_subnets,
                               [&](const aws::Subnet& subnet) { return covers(*rule.network, subnet.network); });
}

AwsSuspect security_group_closed(const AwsFacts& facts) {
    constexpr std::string_view name = "security-group-closed";
    const Endpoint* const endpoint = endpoint_of(facts);
    if (endpoint == nullptr) return unknown(name, std::string(kNoEndpoint));
    if (!facts.cluster_known || !facts.rules_known)
        return unknown(name, "the rules of the cluster's security groups could not be asked");
    for (const auto& rule : facts.account.rules)
        if (lets_endpoint_in(facts, rule))
            return no(name, "the rule " + rule.id + " of " + rule.group + " lets the endpoint in");
    if (endpoint->groups.empty())
        return unknown(name, "the endpoint's security groups are not known, and no rule names its target networks");
    const std::string port = std::to_string(facts.account.cluster.port);
    return yes(name, "no rule of the cluster's groups lets " + endpoint->groups.front() + " in on TCP " + port,
               "aws ec2 authorize-security-group-ingress --group-id " + aws::cluster_group(facts.account) +
                   " --protocol tcp --port " + port + " --source-group " + endpoint->groups.front());
}

AwsSuspect allows_vpn_range(const AwsFacts& facts) {
    constexpr std::string_view name = "security-group-allows-vpn-range";
    const Endpoint* const endpoint = endpoint_of(facts);
    if (endpoint == nullptr) return unknown(name, std::string(kNoEndpoint));
    if (!facts.cluster_known || !facts.rules_known)
        return unknown(name, "the rules of the cluster's security groups could not be asked");
    if (!endpoint->client_network) return unknown(name, "the endpoint's client range is not known");
    for (const auto& rule : facts.account.rules) {
        if (!rule.network || rule.network->prefix == 0 || !aws::lets_port_in(facts.account, rule)) continue;
        if (!overlaps(*rule.network, *endpoint->client_network) || lets_endpoint_in(facts, rule)) continue;
        return yes(
            name,
            "the rule " + rule.id + " lets in " + to_string(*rule.network) +
                ", the VPN's client range: without effect, AWS translates clients' addresses",
            "aws ec2 revoke-security-group-ingress --group-id " + rule.group + " --security-group-rule-ids " + rule.id);
    }
    return no(name, "no rule names the VPN's client range " + to_string(*endpoint->client_network));
}

}  // namespace

std::vector<AwsSuspect> aws_suspects(const AwsFacts& facts, std::string_view serial, WallTime now) {
    return {crl_expired(facts, now),       client_revoked(facts, serial), server_cert_expired(facts, now),
            endpoint_not_available(facts), association_missing(facts),    authorization_missing(facts),
            route_missing(facts),          security_group_closed(facts),  allows_vpn_range(facts)};
}

std::string_view to_string(Suspicion state) noexcept {
    switch (state) {
        case Suspicion::no: return "no";
        case Suspicion::yes: return "yes";
        case Suspicion::unknown: return "unknown";
    }
    return "?";
}

}  // namespace memdb::client
