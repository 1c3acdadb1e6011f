// plan_apply: the order of the steps; security groups, certificates, the profile.
#include "client/aws/draft.hpp"
#include "client/aws/network_choice.hpp"
#include "keys/certificate.hpp"

#include <algorithm>

namespace memdb::client::aws {
namespace {

std::string port_text(const Inventory& inventory) { return "TCP port " + std::to_string(inventory.cluster.port); }

/// "server", or "server-20261126" when that name is taken by a certificate that ends.
std::string next_file(const std::optional<LocalCertificate>& there, const std::string& name, WallTime now) {
    if (!there) return name;
    std::string day = keys::date_text(now);
    std::erase(day, '-');
    return name + "-" + day;
}

bool is_fresh(const std::optional<LocalCertificate>& one, WallTime now) {
    return one && one->not_after - now > kRenewBefore;
}

void plan_authority(Draft& draft) {
    const bool there = draft.local.has_authority;
    draft.add(
        Action::make_authority, there ? StepState::done : StepState::todo,
        "certificate authority in " + draft.wish.pki_folder,
        there ? "is there" : "easy-rsa; its key stays in private/ca.key, mode 0600: who has it can let anybody in");
}

void plan_server(Draft& draft) {
    const auto& server = draft.local.server;
    const auto& imported = draft.inventory.certificate;
    const auto& serials = draft.local.serials;
    if (imported && draft.inventory.endpoint &&
        std::find(serials.begin(), serials.end(), imported->serial) == serials.end())
        draft.refuse("the endpoint's certificate in ACM (serial " + imported->serial + ") was not made by the PKI in " +
                     draft.wish.pki_folder + ": say where its CA is with --pki DIR");
    const bool fresh = is_fresh(server, draft.now);
    Step& step = draft.add(Action::make_server,
                           fresh                       ? StepState::done
                           : draft.local.has_authority ? StepState::todo
                                                       : StepState::later,
                           "server certificate " + draft.wish.server_name,
                           fresh    ? "until " + keys::date_text(server->not_after)
                           : server ? "the one there ends on " + keys::date_text(server->not_after)
                                    : "the endpoint proves with it who it is");
    step.target = next_file(server, draft.wish.server_name, draft.now);
    const bool is_imported = fresh && imported && imported->serial == server->serial;
    draft.add(imported ? Action::reimport_certificate : Action::import_certificate,
              is_imported ? StepState::done
              : fresh     ? StepState::todo
                          : StepState::later,
              std::string(imported ? "server certificate into the same ARN in ACM" : "server certificate into ACM"),
              is_imported ? imported->arn
              : imported  ? "serial " + imported->serial + " is there, which is not the one in force"
                          : "leaf, key and chain; Client VPN takes it from there");
}

void plan_client(Draft& draft) {
    const auto& profile = draft.local.profile;
    if (profile && draft.inventory.endpoint && is_profile_of(*profile, *draft.inventory.endpoint)) {
        draft.add(Action::make_client, StepState::done, "client certificate",
                  "the profile " + draft.wish.profile + " has one");
        return;
    }
    const auto& client = draft.local.client;
    const bool fresh = is_fresh(client, draft.now);
    Step& step = draft.add(Action::make_client,
                           fresh                       ? StepState::done
                           : draft.local.has_authority ? StepState::todo
                                                       : StepState::later,
                           "client certificate " + draft.wish.client_name,
                           fresh    ? "until " + keys::date_text(client->not_after)
                           : client ? "the one there ends on " + keys::date_text(client->not_after)
                                    : "who has its key is let in");
    step.target = next_file(client, draft.wish.client_name, draft.now);
}

}  // namespace

void plan_groups(Draft& draft) {
    const Inventory& inventory = draft.inventory;
    const std::string name = "memdbd-vpn-" + draft.wish.cluster;
    const Group* own = own_group(inventory);
    for (const Group& group : inventory.groups)
        if (own == nullptr && group.name == name)
            draft.refuse("a security group " + name + " is there, " + group.id + ", but without the tag " +
                         std::string(kTag) + ": if it is for this, run aws ec2 create-tags --resources " + group.id +
                         " --tags Key=" + std::string(kTag) + ",Value=" + draft.wish.cluster);
    draft
        .add(Action::create_group, own != nullptr ? StepState::done : StepState::todo,
             "security group for the VPN, " + (own != nullptr ? group_text(inventory, own->id) : name),
             own != nullptr ? "carries the tag" : "one of its own, not the VPC's default group")
        .target = name;
    const auto rule = std::find_if(inventory.rules.begin(), inventory.rules.end(), [&](const GroupRule& one) {
        return own != nullptr && one.source_group == own->id && lets_port_in(inventory, one);
    });
    const bool there = rule != inventory.rules.end();
    const std::string group = there ? rule->group : cluster_group(inventory);
    if (group.empty()) draft.refuse("the cluster " + draft.wish.cluster + " has no security group");
    draft
        .add(Action::allow_group,
             there            ? StepState::done
             : own != nullptr ? StepState::todo
                              : StepState::later,
             "inbound rule on the cluster's group " + group_text(inventory, group) + ": " + port_text(inventory) +
                 " from the VPN's group",
             there ? rule->id : "not from the clients' range: AWS translates their addresses")
        .target = group;
}

void plan_certificates(Draft& draft) {
    plan_authority(draft);
    plan_server(draft);
    plan_client(draft);
}

void plan_connection(Draft& draft, bool ready) {
    const auto& profile = draft.local.profile;
    StepState state = profile && ready ? StepState::todo : StepState::later;
    std::string why = "reachable means that PONG came back";
    if (profile && (profile->reachable || profile->degraded)) {
        state = StepState::done;
        why = profile->reachable ? "is reachable" : "is degraded: memdbctl status " + draft.wish.profile + " says why";
    }
    draft.add(Action::connect, state, "connect, and PING every node", why);
}

void plan_profile(Draft& draft) {
    const auto& profile = draft.local.profile;
    const auto& endpoint = draft.inventory.endpoint;
    const bool ready = is_finished(draft.plan);
    const StepState next = ready ? StepState::todo : StepState::later;
    if (!draft.wish.bundle.empty()) {
        const auto& bundle = draft.local.bundle;
        const bool own = bundle && endpoint && *bundle == plain_name(*endpoint);
        if (bundle && !own)
            draft.refuse(draft.wish.bundle + " is there already, and is not for this endpoint: choose another file");
        draft.add(Action::write_bundle, own ? StepState::done : next,
                  "client configuration with certificate and key into " + draft.wish.bundle,
                  own ? "is there" : "mode 0600, for memdbctl profile import or openvpn");
        return;
    }
    if (profile && profile->endpoint.empty())
        draft.refuse("the profile " + draft.wish.profile + " is a direct one: choose another name with --profile");
    else if (profile && !(endpoint && is_profile_of(*profile, *endpoint)))
        draft.refuse("the profile " + draft.wish.profile + " is for another endpoint (" + profile->endpoint +
                     "): memdbctl profile remove " + draft.wish.profile + ", or choose another name with --profile");
    const std::string cluster = draft.inventory.cluster.host + ":" + std::to_string(draft.inventory.cluster.port);
    const bool has_cluster =
        profile && std::find(profile->clusters.begin(), profile->clusters.end(), cluster) != profile->clusters.end();
    if (profile && !has_cluster)
        draft.refuse("the profile " + draft.wish.profile + " does not have the cluster " + cluster +
                     ": add it to its list with memdbctl profile set " + draft.wish.profile +
                     " --cluster, or choose another name with --profile");
    draft.add(Action::import_profile, profile ? StepState::done : next,
              "client configuration exported and imported into memdbd as " + draft.wish.profile,
              profile ? "is there" : "with the client certificate and its key");
    plan_connection(draft, ready);
}

Plan plan_apply(const Wish& wish, const Inventory& inventory, const LocalState& local, WallTime now) {
    Draft draft{wish, inventory, local, now};
    if (inventory.cluster.host.empty())
        draft.refuse("the cluster " + wish.cluster + " has no endpoint yet (it is " + inventory.cluster.status +
                     "): try again when it is available");
    plan_groups(draft);
    plan_certificates(draft);
    plan_endpoint(draft);
    plan_crl(draft);
    plan_associations(draft);
    plan_authorization(draft);
    plan_routes(draft);
    plan_profile(draft);
    remark_cluster(draft);
    remark_groups(draft);
    remark_endpoint(draft);
    for (const auto& sentence : inventory.unknown) draft.note(sentence);
    return std::move(draft.plan);
}

Plan plan_direct(const Wish& wish, const std::string& source, const Inventory& inventory) {
    const LocalState nothing;
    Draft draft{wish, inventory, nothing, {}};
    const auto network = parse_network(source);
    const auto rule = std::find_if(inventory.rules.begin(), inventory.rules.end(), [&](const GroupRule& one) {
        return lets_port_in(inventory, one) && (network ? one.network == network : one.source_group == source);
    });
    const bool there = rule != inventory.rules.end();
    const std::string group = there ? rule->group : cluster_group(inventory);
    if (group.empty()) draft.refuse("the cluster " + wish.cluster + " has no security group");
    Step& step = draft.add(Action::allow_source, there ? StepState::done : StepState::todo,
                           "inbound rule on the cluster's group " + group_text(inventory, group) + ": " +
                               port_text(inventory) + " from " + source,
                           there ? rule->id : "for instances in the same VPC, or a peered one");
    if (network && network->prefix == 0)
        draft.warn("--source " + source +
                       " lets everything in: the cluster has no public address, but whatever else "
                       "gets its group is open to everybody",
                   "name the security group of the instances instead");
    step.target = group;
    step.network = network ? to_string(*network) : std::string();
    if (!network) step.settings = {source};
    remark_cluster(draft);
    remark_groups(draft);
    for (const auto& sentence : inventory.unknown) draft.note(sentence);
    return std::move(draft.plan);
}

}  // namespace memdb::client::aws
