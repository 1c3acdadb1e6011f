// What the document warns of, and what would fail or surprise later.
#include "client/aws/draft.hpp"
#include "client/aws/network_choice.hpp"
#include "keys/certificate.hpp"

#include <algorithm>

namespace memdb::client::aws {
namespace {

constexpr auto kCrlWarning = std::chrono::days(14);

bool is_everywhere(const IpNetwork& network) { return network.prefix == 0; }

std::string names_of(const std::vector<PublicInterface>& interfaces, const std::string& group) {
    std::string names;
    for (const auto& one : interfaces) {
        if (std::find(one.groups.begin(), one.groups.end(), group) == one.groups.end()) continue;
        names +=
            (names.empty() ? "" : ", ") + (one.instance.empty() ? one.id : one.instance) + " (" + one.address + ")";
    }
    return names;
}

void remark_group(Draft& draft, const std::string& id) {
    const Inventory& inventory = draft.inventory;
    const std::string text = group_text(inventory, id);
    const Group* group = find_group(inventory, id);
    const bool is_default = group != nullptr && group->name == "default";
    const std::string publics = names_of(inventory.interfaces, id);
    if (is_default)
        draft.warn(
            "the cluster is in the VPC's default security group, " + text +
                ", which everything without a group of its own shares",
            "make a group for MemoryDB and put the cluster into it: aws memorydb update-cluster --cluster-name " +
                draft.wish.cluster + " --security-group-ids sg-…");
    for (const auto& rule : inventory.rules) {
        if (rule.group != id || !rule.network || !is_everywhere(*rule.network) || !lets_port_in(inventory, rule))
            continue;
        draft.warn(
            "the group " + text + " is open to " + to_string(*rule.network) + " (" + rule.id + ")" +
                (publics.empty() ? ": the cluster has no public address, but whatever else gets this group has it open"
                                 : ", and shared with public addresses, which are open to everybody: " + publics),
            "let only groups in: aws ec2 revoke-security-group-ingress --group-id " + id +
                " --security-group-rule-ids " + rule.id);
    }
    if (!publics.empty())
        draft.warn("the group " + text + " is shared by what has public addresses: " + publics,
                   "give MemoryDB a group of its own");
}

/// A rule that looks right and lets nobody in.
void remark_translated(Draft& draft, const IpNetwork& clients) {
    for (const auto& rule : draft.inventory.rules) {
        if (!rule.network || is_everywhere(*rule.network) || !lets_port_in(draft.inventory, rule)) continue;
        const bool within_vpc = std::any_of(draft.inventory.vpc.networks.begin(), draft.inventory.vpc.networks.end(),
                                            [&](const IpNetwork& one) { return overlaps(one, *rule.network); });
        if (!overlaps(*rule.network, clients) || within_vpc) continue;
        draft.warn("the rule " + rule.id + " of " + group_text(draft.inventory, rule.group) + " lets in " +
                       to_string(*rule.network) +
                       ", the VPN's client range: it has no effect, AWS translates clients' addresses to the "
                       "endpoint's in the VPC",
                   "the rule from the VPN's group does it; remove this one: aws ec2 revoke-security-group-ingress "
                   "--group-id " +
                       rule.group + " --security-group-rule-ids " + rule.id);
    }
}

}  // namespace

void remark_cluster(Draft& draft) {
    const Cluster& cluster = draft.inventory.cluster;
    if (cluster.status != "available" && !cluster.status.empty())
        draft.note("the cluster " + cluster.name + " is " + cluster.status);
    if (!cluster.tls)
        draft.warn("the cluster " + cluster.name + " has no TLS: the profile is degraded at best",
                   "TLS cannot be switched on later: make a new cluster from a snapshot");
    if (cluster.acl == "open-access")
        draft.warn("the cluster's ACL is open-access: who reaches it needs no password",
                   "give it an ACL with users: aws memorydb update-cluster --cluster-name " + cluster.name +
                       " --acl-name NAME");
}

void remark_groups(Draft& draft) {
    for (const auto& id : draft.inventory.cluster.groups) remark_group(draft, id);
    std::optional<IpNetwork> clients = draft.wish.client_network;
    if (draft.inventory.endpoint && draft.inventory.endpoint->client_network)
        clients = draft.inventory.endpoint->client_network;
    if (clients) remark_translated(draft, *clients);
    for (const auto& other : draft.inventory.others)
        if (other.vpc == draft.inventory.vpc.id && other.client_network)
            remark_translated(draft, *other.client_network);
}

void remark_endpoint(Draft& draft) {
    const auto& endpoint = draft.inventory.endpoint;
    for (const auto& other : draft.inventory.others)
        if (!endpoint && other.vpc == draft.inventory.vpc.id)
            draft.warn(
                "the VPC has an endpoint that was not made by memdbctl: " + other.id,
                "it is left alone; to connect through it instead: memdbctl profile import with its configuration");
    for (const auto& network : draft.local.networks)
        for (const auto& own : draft.inventory.vpc.networks)
            if (overlaps(network, own))
                draft.warn("this laptop is in " + to_string(network) + ", which overlaps the VPC's " + to_string(own) +
                               ": from here some nodes may not be reachable",
                           "use another network, or number one of the two anew");
    if (!endpoint) return;
    if (endpoint->client_network)
        for (const auto& network : draft.local.networks)
            if (overlaps(network, *endpoint->client_network))
                draft.warn("this laptop is in " + to_string(network) + ", which overlaps the endpoint's client range " +
                               to_string(*endpoint->client_network),
                           "use another network; the range of an endpoint cannot be changed");
    const auto& crl = endpoint->crl;
    if (crl && crl->next_update && *crl->next_update - draft.now < kCrlWarning)
        draft.warn(*crl->next_update <= draft.now
                       ? "the endpoint's revocation list ended on " + keys::date_text(*crl->next_update) +
                             ": every new connection is refused"
                       : "the endpoint's revocation list ends on " + keys::date_text(*crl->next_update) +
                             ": then every new connection is refused",
                   "memdbctl aws crl --cluster " + draft.wish.cluster);
}

}  // namespace memdb::client::aws
