#include "client/aws/absorb.hpp"

#include "base/error.hpp"
#include "client/aws/draft.hpp"
#include "client/aws/replies.hpp"

#include <algorithm>

namespace memdb::client::aws {
namespace {

Result<void> made_endpoint(Inventory& inventory, const Step& step, const Wish& wish, std::string_view reply) {
    auto id = parse_made(reply, "ClientVpnEndpointId");
    if (id.has_error()) return id.error();
    Endpoint endpoint;
    endpoint.id = std::move(*id);
    endpoint.state = "pending-associate";
    endpoint.vpc = inventory.vpc.id;
    endpoint.client_network = parse_network(step.network);
    endpoint.server_certificate = endpoint.client_root = inventory.certificate ? inventory.certificate->arn : "";
    endpoint.transport = "udp";
    endpoint.port = 443;
    endpoint.split_tunnel = true;
    endpoint.session_hours = wish.session_hours.value_or(24);
    endpoint.log_group = wish.log_group;
    endpoint.ours = true;
    if (const Group* own = own_group(inventory)) endpoint.groups = {own->id};
    inventory.endpoint = std::move(endpoint);
    return boost::system::in_place_value;
}

Result<void> made_certificate(Inventory& inventory, const Wish& wish, const LocalState& local, std::string_view reply) {
    auto arn = parse_made(reply, "CertificateArn");
    if (arn.has_error()) return arn.error();
    inventory.certificate = ServerCertificate{std::move(*arn), wish.server_name};
    if (local.server) {
        inventory.certificate->serial = local.server->serial;
        inventory.certificate->not_after = local.server->not_after;
    }
    return boost::system::in_place_value;
}

void made_rule(Inventory& inventory, const Step& step) {
    GroupRule rule{"new", step.target, "tcp", inventory.cluster.port, inventory.cluster.port, {}, {}, true};
    if (step.action == Action::allow_group) {
        if (const Group* own = own_group(inventory)) rule.source_group = own->id;
    } else if (!step.settings.empty()) {
        rule.source_group = step.settings.front();
    } else {
        rule.network = parse_network(step.network);
    }
    inventory.rules.push_back(std::move(rule));
}

void set_rule(Endpoint& endpoint, const std::string& network, const std::string& state) {
    for (auto& rule : endpoint.rules)
        if (to_string(rule.network) == network) {
            rule.state = state;
            return;
        }
    endpoint.rules.push_back(
        {parse_network(network).value_or(IpNetwork{}), state, {}, std::string(kDescription), true});
}

void set_route(Endpoint& endpoint, const Step& step, const std::string& state) {
    for (auto& route : endpoint.routes)
        if (to_string(route.network) == step.network && route.subnet == step.target) {
            route.state = state;
            return;
        }
    endpoint.routes.push_back({parse_network(step.network).value_or(IpNetwork{}),
                               step.target,
                               state,
                               {},
                               "add-route",
                               std::string(kDescription)});
}

Result<void> made_association(Endpoint& endpoint, const Step& step, std::string_view reply) {
    auto id = parse_made(reply, "AssociationId");
    if (id.has_error()) return id.error();
    endpoint.associations.push_back({std::move(*id), step.target, "associating", {}});
    return boost::system::in_place_value;
}

void leave_association(Endpoint& endpoint, const Step& step) {
    for (auto& one : endpoint.associations)
        if (one.id == step.target) one.state = "disassociating";
}

/// Of what belongs to the endpoint.
Result<void> absorb_endpoint(Endpoint& endpoint, const Step& step, std::string_view reply) {
    if (step.action == Action::associate) return made_association(endpoint, step, reply);
    if (step.action == Action::disassociate) leave_association(endpoint, step);
    if (step.action == Action::authorize) set_rule(endpoint, step.network, "authorizing");
    if (step.action == Action::revoke_rule) set_rule(endpoint, step.network, "revoking");
    if (step.action == Action::create_route) set_route(endpoint, step, "creating");
    if (step.action == Action::delete_route) set_route(endpoint, step, "deleting");
    if (step.action == Action::delete_endpoint) endpoint.state = "deleting";
    return boost::system::in_place_value;
}

void drop_certificate(Inventory& inventory, const std::string& arn) {
    if (inventory.certificate && inventory.certificate->arn == arn) inventory.certificate.reset();
    std::erase_if(inventory.more_certificates, [&](const ServerCertificate& one) { return one.arn == arn; });
}

Result<void> made_group(Inventory& inventory, const Step& step, std::string_view reply) {
    auto id = parse_made(reply, "GroupId");
    if (id.has_error()) return id.error();
    inventory.groups.push_back({std::move(*id), step.target, true});
    return boost::system::in_place_value;
}

}  // namespace

Result<void> absorb(Inventory& inventory, const Step& step, const Wish& wish, const LocalState& local,
                    std::string_view reply) {
    if (step.action == Action::create_group) return made_group(inventory, step, reply);
    if (step.action == Action::create_endpoint) return made_endpoint(inventory, step, wish, reply);
    if (is_one_of(step.action, {Action::import_certificate, Action::reimport_certificate}))
        return made_certificate(inventory, wish, local, reply);
    if (is_one_of(step.action, {Action::allow_group, Action::allow_source})) made_rule(inventory, step);
    if (step.action == Action::create_log_group) inventory.log_group_exists = true;
    if (step.action == Action::delete_certificate) drop_certificate(inventory, step.target);
    if (step.action == Action::revoke_group_rule)
        std::erase_if(inventory.rules, [&](const GroupRule& rule) { return rule.id == step.target; });
    if (step.action == Action::delete_group)
        std::erase_if(inventory.groups, [&](const Group& group) { return group.id == step.target; });
    if (inventory.endpoint) return absorb_endpoint(*inventory.endpoint, step, reply);
    return boost::system::in_place_value;
}

bool wants_refresh(Action action) noexcept {
    return action == Action::create_endpoint || action == Action::modify_endpoint || action == Action::apply_groups;
}

}  // namespace memdb::client::aws
