#include "client/aws/draft.hpp"

#include "client/aws/network_choice.hpp"

#include <algorithm>

namespace memdb::client::aws {

const Group* own_group(const Inventory& inventory) noexcept {
    const auto found =
        std::find_if(inventory.groups.begin(), inventory.groups.end(), [](const Group& group) { return group.ours; });
    return found == inventory.groups.end() ? nullptr : &*found;
}

const Group* find_group(const Inventory& inventory, std::string_view id) noexcept {
    const auto found = std::find_if(inventory.groups.begin(), inventory.groups.end(),
                                    [&](const Group& group) { return group.id == id; });
    return found == inventory.groups.end() ? nullptr : &*found;
}

std::string group_text(const Inventory& inventory, const std::string& id) {
    const Group* group = find_group(inventory, id);
    return group == nullptr ? id : id + " (" + group->name + ")";
}

std::string cluster_group(const Inventory& inventory) {
    const auto& ids = inventory.cluster.groups;
    for (const auto& id : ids)
        if (const Group* group = find_group(inventory, id); group != nullptr && group->name != "default") return id;
    return ids.empty() ? std::string() : ids.front();
}

bool lets_port_in(const Inventory& inventory, const GroupRule& rule) noexcept {
    const auto& ids = inventory.cluster.groups;
    if (std::find(ids.begin(), ids.end(), rule.group) == ids.end()) return false;
    if (rule.protocol == "-1") return true;
    const int port = inventory.cluster.port;
    return (rule.protocol == "tcp" || rule.protocol == "6") && (rule.from < 0 || rule.from <= port) &&
           (rule.to < 0 || rule.to >= port);
}

std::optional<IpNetwork> resolver_of(const Vpc& vpc) noexcept {
    if (vpc.networks.empty()) return std::nullopt;
    IpAddress address = vpc.networks.front().address;
    address.bytes[3] = static_cast<std::uint8_t>(address.bytes[3] + 2);
    return network_of(address, 32);
}

const Association* association_of(const Inventory& inventory, std::string_view subnet) noexcept {
    if (!inventory.endpoint) return nullptr;
    for (const auto& one : inventory.endpoint->associations)
        if (one.subnet == subnet) return &one;
    return nullptr;
}

std::vector<const Subnet*> chosen_subnets(const Inventory& inventory) {
    std::vector<const Subnet*> chosen;
    const auto in_zone = [&](const std::string& zone) {
        return std::any_of(chosen.begin(), chosen.end(), [&](const Subnet* one) { return one->zone == zone; });
    };
    for (const Subnet& subnet : inventory.subnets)
        if (association_of(inventory, subnet.id) != nullptr && !in_zone(subnet.zone)) chosen.push_back(&subnet);
    for (const Subnet& subnet : inventory.subnets)
        if (!in_zone(subnet.zone) && subnet.network.prefix <= kSubnetPrefix && subnet.free_addresses >= kFreeAddresses)
            chosen.push_back(&subnet);
    std::sort(chosen.begin(), chosen.end());  // in the order of the subnet group
    return chosen;
}

std::string plain_name(const Endpoint& endpoint) {
    std::string_view name = endpoint.dns_name;
    if (name.starts_with("*.")) name.remove_prefix(2);
    return std::string(name);
}

bool is_profile_of(const LocalProfile& profile, const Endpoint& endpoint) {
    const std::string name = plain_name(endpoint);
    // Without the port: that can be changed, and is put right.
    return !name.empty() && profile.endpoint.starts_with(name + ":");
}

std::vector<TakenNetwork> taken_networks(const Inventory& inventory, const LocalState& local) {
    std::vector<TakenNetwork> taken;
    for (const auto& network : inventory.vpc.networks) taken.push_back({network, "the VPC"});
    for (const auto& table : inventory.route_tables)
        for (const auto& network : table.destinations) taken.push_back({network, "a route of the VPC"});
    for (const auto& network : local.networks) taken.push_back({network, "a network of this laptop"});
    return taken;
}

bool is_remote(Action action) noexcept {
    return !is_one_of(action, {Action::make_authority, Action::import_crl, Action::make_server, Action::make_client,
                               Action::import_profile, Action::write_bundle, Action::connect, Action::remove_profile});
}

bool is_removal(Action action) noexcept {
    return is_one_of(
        action, {Action::revoke_rule, Action::delete_route, Action::remove_profile, Action::disassociate,
                 Action::delete_endpoint, Action::delete_certificate, Action::revoke_group_rule, Action::delete_group});
}

std::string_view to_string(StepState state) noexcept {
    switch (state) {
        case StepState::done: return "done";
        case StepState::todo: return "todo";
        case StepState::waiting: return "waiting";
        case StepState::later: return "later";
    }
    return "?";
}

std::string_view to_string(Action action) noexcept {
    switch (action) {
        case Action::create_group: return "create-group";
        case Action::allow_group: return "allow-group";
        case Action::allow_source: return "allow-source";
        case Action::make_authority: return "make-authority";
        case Action::make_server: return "make-server";
        case Action::make_client: return "make-client";
        case Action::import_certificate: return "import-certificate";
        case Action::reimport_certificate: return "reimport-certificate";
        case Action::create_log_group: return "create-log-group";
        case Action::create_endpoint: return "create-endpoint";
        case Action::import_crl: return "import-crl";
        case Action::modify_endpoint: return "modify-endpoint";
        case Action::associate: return "associate";
        case Action::apply_groups: return "apply-groups";
        case Action::authorize: return "authorize";
        case Action::revoke_rule: return "revoke-rule";
        case Action::create_route: return "create-route";
        case Action::delete_route: return "delete-route";
        case Action::import_profile: return "import-profile";
        case Action::write_bundle: return "write-bundle";
        case Action::connect: return "connect";
        case Action::remove_profile: return "remove-profile";
        case Action::disassociate: return "disassociate";
        case Action::delete_endpoint: return "delete-endpoint";
        case Action::delete_certificate: return "delete-certificate";
        case Action::revoke_group_rule: return "revoke-group-rule";
        case Action::delete_group: return "delete-group";
    }
    return "?";
}

}  // namespace memdb::client::aws
