// The endpoint itself and its target networks.
#include "client/aws/draft.hpp"
#include "client/aws/network_choice.hpp"

#include <algorithm>

namespace memdb::client::aws {
namespace {

constexpr std::size_t kEndpointQuota = 5;  // of a region, by default

void plan_log_group(Draft& draft) {
    const auto& name = draft.wish.log_group;
    if (name.empty()) return;
    const bool there = draft.inventory.log_group_exists;
    draft
        .add(Action::create_log_group, there ? StepState::done : StepState::todo, "log group " + name,
             there ? "is there" : "for the log of connections")
        .target = name;
}

void plan_new_endpoint(Draft& draft) {
    const auto taken = taken_networks(draft.inventory, draft.local);
    auto network = draft.wish.client_network;
    if (network) {
        if (const std::string fault = judge_client_network(*network, taken); !fault.empty())
            draft.refuse("--client-cidr: " + fault);
    } else {
        network = choose_client_network(taken);
        if (!network) draft.refuse("no range for the clients is free: choose one with --client-cidr");
    }
    if (draft.inventory.others.size() >= kEndpointQuota)
        draft.warn("the region has " + std::to_string(draft.inventory.others.size()) +
                       " Client VPN endpoints already, which is the default quota",
                   "ask AWS for more in the Service Quotas console if the next step is refused");
    const bool ready = own_group(draft.inventory) != nullptr && draft.inventory.certificate;
    Step& step = draft.add(Action::create_endpoint, ready ? StepState::todo : StepState::later,
                           "Client VPN endpoint: mutual certificates, UDP 443, split tunnel, clients in " +
                               (network ? to_string(*network) : "?"),
                           "none carries the tag " + std::string(kTag) + "=" + draft.wish.cluster);
    if (network) step.network = to_string(*network);
}

/// The words that make the endpoint what is wished, and what for.
void plan_changes(Draft& draft, const Endpoint& endpoint) {
    std::vector<std::string> words;
    std::string why;
    const auto change = [&](std::vector<std::string> more, const std::string& reason) {
        words.insert(words.end(), more.begin(), more.end());
        why += (why.empty() ? "" : ", ") + reason;
    };
    if (!endpoint.split_tunnel) change({"--split-tunnel"}, "all traffic of the laptop goes through it");
    if (endpoint.port != 443) change({"--vpn-port", "443"}, "port " + std::to_string(endpoint.port));
    if (draft.wish.session_hours && *draft.wish.session_hours != endpoint.session_hours)
        change({"--session-timeout-hours", std::to_string(*draft.wish.session_hours)},
               "sessions last " + std::to_string(endpoint.session_hours) + " h");
    if (!draft.wish.log_group.empty() && draft.wish.log_group != endpoint.log_group)
        change({"--connection-log-options", "Enabled=true,CloudwatchLogGroup=" + draft.wish.log_group},
               "connections are not logged there");
    const auto& certificate = draft.inventory.certificate;
    if (certificate && certificate->arn != endpoint.server_certificate)
        change({"--server-certificate-arn", certificate->arn}, "it has another server certificate");
    const bool done = words.empty();
    const bool loggable = draft.wish.log_group.empty() || draft.inventory.log_group_exists;
    Step& step = draft.add(done ? Action::create_endpoint : Action::modify_endpoint,
                           done       ? StepState::done
                           : loggable ? StepState::todo
                                      : StepState::later,
                           (done ? "Client VPN endpoint " : "settings of the Client VPN endpoint ") + endpoint.id,
                           done ? endpoint.state : why);
    step.settings = std::move(words);
}

void check_endpoint(Draft& draft, const Endpoint& endpoint) {
    if (endpoint.client_root.empty())
        draft.refuse("the endpoint " + endpoint.id +
                     " does not authenticate by mutual certificates, which cannot be changed: memdbctl aws destroy "
                     "--cluster " +
                     draft.wish.cluster + ", then apply");
    const auto& certificate = draft.inventory.certificate;
    if (!certificate)
        draft.refuse("the endpoint " + endpoint.id +
                     " carries the tag, but its server certificate does not: it was not "
                     "made by memdbctl aws, and its clients would be lost; connect through it with memdbctl profile "
                     "import, and take the tag off: aws ec2 delete-tags --resources " +
                     endpoint.id + " --tags Key=" + std::string(kTag));
    else if (!endpoint.client_root.empty() && endpoint.client_root != certificate->arn)
        draft.refuse("the endpoint " + endpoint.id + " lets in clients of another authority (" + endpoint.client_root +
                     "), which cannot be changed: connect through it with memdbctl profile import");
    if (endpoint.transport != "udp")
        draft.refuse("the endpoint " + endpoint.id + " is for " + endpoint.transport +
                     ", which cannot be changed: memdbctl aws destroy --cluster " + draft.wish.cluster +
                     ", then apply");
    if (draft.wish.client_network && endpoint.client_network && draft.wish.client_network != endpoint.client_network)
        draft.refuse("the endpoint " + endpoint.id + " gives its clients " + to_string(*endpoint.client_network) +
                     ", which cannot be changed: leave --client-cidr out, or memdbctl aws destroy --cluster " +
                     draft.wish.cluster + " first");
    if (!endpoint.vpc.empty() && endpoint.vpc != draft.inventory.vpc.id)
        draft.refuse("the endpoint " + endpoint.id + " is in the VPC " + endpoint.vpc + ", the cluster in " +
                     draft.inventory.vpc.id + ": memdbctl aws destroy --cluster " + draft.wish.cluster +
                     ", then apply");
}

void plan_association(Draft& draft, const Subnet& subnet) {
    const auto& endpoint = draft.inventory.endpoint;
    const Association* there = association_of(draft.inventory, subnet.id);
    const std::string what =
        "target network " + subnet.id + " (" + to_string(subnet.network) + ", " + subnet.zone + ")";
    StepState state = endpoint && endpoint->state != "deleting" ? StepState::todo : StepState::later;
    std::string why = "the way into this zone; takes AWS 10 to 30 minutes";
    if (there != nullptr && there->state == "associated") {
        state = StepState::done;
        why = there->id;
    } else if (there != nullptr && (there->state == "associating" || there->state == "disassociating")) {
        state = StepState::waiting;
        why = "is " + there->state;
    } else if (there != nullptr) {
        draft.refuse("the association of " + subnet.id + " is " + there->state +
                     (there->message.empty() ? "" : " (" + there->message + ")") +
                     ": remove it with aws ec2 disassociate-client-vpn-target-network --client-vpn-endpoint-id " +
                     endpoint->id + " --association-id " + there->id + ", then apply again");
    }
    draft.add(Action::associate, state, what, why).target = subnet.id;
}

void plan_endpoint_groups(Draft& draft) {
    const auto& endpoint = draft.inventory.endpoint;
    if (!endpoint) return;  // it is made with the group
    const Group* own = own_group(draft.inventory);
    const bool done = own != nullptr &&
                      std::find(endpoint->groups.begin(), endpoint->groups.end(), own->id) != endpoint->groups.end();
    const bool associated = std::any_of(endpoint->associations.begin(), endpoint->associations.end(),
                                        [](const Association& one) { return one.state == "associated"; });
    Step& step = draft.add(Action::apply_groups,
                           done                           ? StepState::done
                           : own != nullptr && associated ? StepState::todo
                                                          : StepState::later,
                           "the VPN's security group on the target networks",
                           // cppcheck-suppress nullPointerRedundantCheck  // `done` only where there is one
                           done ? own->id : "they have the VPC's default group, or others");
    for (const auto& id : endpoint->groups)
        if (const Group* group = find_group(draft.inventory, id); group == nullptr || group->name != "default")
            step.settings.push_back(id);
    if (own != nullptr && !done) step.settings.push_back(own->id);
}

}  // namespace

void plan_endpoint(Draft& draft) {
    plan_log_group(draft);
    const auto& endpoint = draft.inventory.endpoint;
    if (!draft.inventory.more.empty() && draft.inventory.more.front().state != "deleting")
        draft.refuse("two endpoints carry the tag " + std::string(kTag) + "=" + draft.wish.cluster + ", " +
                     endpoint->id + " and " + draft.inventory.more.front().id +
                     ": take it from the one that is not meant, with aws ec2 delete-tags --resources ID --tags Key=" +
                     std::string(kTag));
    if (!endpoint) {
        plan_new_endpoint(draft);
    } else if (endpoint->state == "deleting") {
        draft.add(Action::create_endpoint, StepState::waiting, "Client VPN endpoint",
                  "the one before, " + endpoint->id + ", is being deleted");
    } else {
        check_endpoint(draft, *endpoint);
        plan_changes(draft, *endpoint);
    }
}

/// Before anybody can connect: an endpoint without the list lets everybody in whom the PKI has revoked.
void plan_crl(Draft& draft) {
    const auto& endpoint = draft.inventory.endpoint;
    const std::size_t revoked = draft.local.revoked;
    if (revoked == 0 || (endpoint && endpoint->crl_is_unknown)) return;
    const std::size_t there = endpoint && endpoint->crl ? endpoint->crl->entries : 0;
    const bool usable = endpoint && endpoint->state != "deleting";
    draft.add(Action::import_crl,
              there >= revoked ? StepState::done
              : usable         ? StepState::todo
                               : StepState::later,
              "revocation list of the PKI into the endpoint",
              there >= revoked ? std::to_string(there) + " revoked"
                               : std::to_string(revoked) + " revoked by the PKI, " + std::to_string(there) +
                                     " known to the endpoint");
}

void plan_associations(Draft& draft) {
    if (draft.inventory.vpc.dedicated)
        draft.refuse("the VPC " + draft.inventory.vpc.id +
                     " has dedicated tenancy, where Client VPN cannot go: reach it from a peered VPC");
    const auto chosen = chosen_subnets(draft.inventory);
    if (chosen.empty())
        draft.refuse(
            "no subnet of the cluster can take the endpoint: one of /27 or larger with 20 free addresses is "
            "needed; free some, or add one to its subnet group " +
            draft.inventory.cluster.subnet_group);
    for (const Subnet* subnet : chosen) plan_association(draft, *subnet);
    for (const Subnet& subnet : draft.inventory.subnets) {
        const bool is_covered =
            std::any_of(chosen.begin(), chosen.end(), [&](const Subnet* one) { return one->zone == subnet.zone; });
        if (is_covered) continue;
        draft.warn("the subnet " + subnet.id + " (" + to_string(subnet.network) + ", " + subnet.zone + ") has " +
                       (subnet.network.prefix > kSubnetPrefix
                            ? "less than the /27 that Client VPN needs"
                            : std::to_string(subnet.free_addresses) + " free addresses, Client VPN needs 20"),
                   "its zone is reached through the others, at their price for traffic between zones");
    }
    for (const auto& one :
         draft.inventory.endpoint ? draft.inventory.endpoint->associations : std::vector<Association>{})
        if (std::none_of(chosen.begin(), chosen.end(), [&](const Subnet* subnet) { return subnet->id == one.subnet; }))
            draft.warn("the endpoint has one more target network, " + one.subnet + ", which costs like the others",
                       "aws ec2 disassociate-client-vpn-target-network --client-vpn-endpoint-id " +
                           draft.inventory.endpoint->id + " --association-id " + one.id);
    plan_endpoint_groups(draft);
}

}  // namespace memdb::client::aws
