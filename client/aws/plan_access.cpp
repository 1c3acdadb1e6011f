// Authorization rules and routes: where clients may go, and what is pushed to them.
#include "client/aws/draft.hpp"

#include <algorithm>
#include <set>

namespace memdb::client::aws {
namespace {

const IpNetwork kEverywhere{};

bool is_in_vpc(const Draft& draft, const IpNetwork& network) {
    const auto& own = draft.inventory.vpc.networks;
    return std::any_of(own.begin(), own.end(), [&](const IpNetwork& one) {
        return one.prefix <= network.prefix && contains(one, network.address);
    });
}

struct Wanted {
    IpNetwork network;
    std::string why;
};

void want_nodes(Draft& draft, std::vector<Wanted>& wanted) {
    for (const auto& node : draft.inventory.node_addresses) {
        if (!node.address || node.address->is_v6) {
            draft.refuse("the node " + node.name +
                         " has no IPv4 address that this machine can find out: say --allow with its subnet instead");
            continue;
        }
        wanted.push_back({network_of(*node.address, 32), node.name});
    }
    draft.note("AWS gives a node that it replaces another address",
               "apply again then: new rules are added, old ones go");
}

std::vector<Wanted> wanted_rules(Draft& draft) {
    std::vector<Wanted> wanted;
    switch (draft.wish.allow) {
        case Allow::vpc:
            for (const auto& network : draft.inventory.vpc.networks) wanted.push_back({network, "the VPC"});
            break;
        case Allow::networks:
            for (const auto& network : draft.wish.networks) wanted.push_back({network, "--allow"});
            break;
        case Allow::nodes: want_nodes(draft, wanted); break;
    }
    if (const auto resolver = resolver_of(draft.inventory.vpc); resolver && draft.wish.allow != Allow::vpc)
        wanted.push_back({*resolver, "the VPC's DNS resolver"});
    if (draft.wish.internet) wanted.push_back({kEverywhere, "--internet"});
    return wanted;
}

void plan_rule(Draft& draft, const Wanted& wanted) {
    const auto& endpoint = draft.inventory.endpoint;
    StepState state = endpoint && endpoint->state != "deleting" ? StepState::todo : StepState::later;
    std::string why = wanted.why;
    if (endpoint) {
        for (const auto& rule : endpoint->rules) {
            if (rule.network != wanted.network || !rule.everyone) continue;
            if (rule.state == "active") {
                state = StepState::done;
                why += ", is active";
            } else if (rule.state == "authorizing" || rule.state == "revoking") {
                state = StepState::waiting;
                why = "is " + rule.state;
            } else {
                draft.refuse("the authorization rule for " + to_string(rule.network) + " is " + rule.state +
                             (rule.message.empty() ? "" : " (" + rule.message + ")") +
                             ": remove it with aws ec2 revoke-client-vpn-ingress --client-vpn-endpoint-id " +
                             endpoint->id + " --target-network-cidr " + to_string(rule.network) +
                             " --revoke-all-groups, then apply again");
            }
        }
    }
    draft.add(Action::authorize, state, "authorization rule for " + to_string(wanted.network) + ", every client", why)
        .network = to_string(wanted.network);
}

void plan_route(Draft& draft, const IpNetwork& network, const Subnet& subnet, const std::string& why) {
    const auto& endpoint = draft.inventory.endpoint;
    const Association* association = association_of(draft.inventory, subnet.id);
    StepState state = association != nullptr && association->state == "associated" ? StepState::todo : StepState::later;
    std::string reason = why;
    for (const auto& route : endpoint ? endpoint->routes : std::vector<VpnRoute>{}) {
        if (route.network != network || route.subnet != subnet.id) continue;
        if (route.state == "active") {
            state = StepState::done;
            reason = "is active";
        } else if (route.state == "creating" || route.state == "deleting") {
            state = StepState::waiting;
            reason = "is " + route.state;
        } else {
            draft.refuse("the route to " + to_string(network) + " through " + subnet.id + " is " + route.state +
                         (route.message.empty() ? "" : " (" + route.message + ")") +
                         ": remove it with aws ec2 delete-client-vpn-route --client-vpn-endpoint-id " + endpoint->id +
                         " --destination-cidr-block " + to_string(network) + " --target-vpc-subnet-id " + subnet.id +
                         ", then apply again");
        }
    }
    Step& step =
        draft.add(Action::create_route, state, "route to " + to_string(network) + " through " + subnet.id, reason);
    step.network = to_string(network);
    step.target = subnet.id;
}

bool has_default_route(const Inventory& inventory, const Subnet& subnet) {
    for (const auto& table : inventory.route_tables)
        if (std::find(table.subnets.begin(), table.subnets.end(), subnet.id) != table.subnets.end())
            return table.has_default;
    return std::any_of(inventory.route_tables.begin(), inventory.route_tables.end(),
                       [](const RouteTable& table) { return table.main && table.has_default; });
}

}  // namespace

void plan_authorization(Draft& draft) {
    const auto wanted = wanted_rules(draft);
    for (const auto& one : wanted) plan_rule(draft, one);
    const auto& endpoint = draft.inventory.endpoint;
    if (!endpoint) return;
    for (const auto& rule : endpoint->rules) {
        const bool is_wanted =
            std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& one) { return one.network == rule.network; });
        if (is_wanted) continue;
        const std::string text = "authorization rule for " + to_string(rule.network);
        if (rule.description != kDescription) {
            draft.warn("the endpoint has one more " + text + ", made by somebody else", "it is left as it is");
            continue;
        }
        Step& step = draft.add(Action::revoke_rule, rule.state == "revoking" ? StepState::waiting : StepState::todo,
                               "revoke the " + text, "not asked for any more");
        step.network = to_string(rule.network);
    }
}

void plan_routes(Draft& draft) {
    std::vector<std::pair<IpNetwork, std::string>> wanted;
    if (draft.wish.internet) wanted.emplace_back(kEverywhere, "--internet");
    for (const auto& network : draft.wish.networks)
        if (!is_in_vpc(draft, network)) wanted.emplace_back(network, "outside the VPC's own networks");
    const auto& endpoint = draft.inventory.endpoint;
    const auto is_wanted = [&](const IpNetwork& network) {
        return std::any_of(wanted.begin(), wanted.end(), [&](const auto& one) { return one.first == network; });
    };
    const std::vector<VpnRoute> routes = endpoint ? endpoint->routes : std::vector<VpnRoute>{};
    const auto counts = [](const VpnRoute& route) { return route.origin != "associate" && route.state != "deleting"; };
    // Somebody else's first: with one of theirs, ours of the same network are wanted, too.
    for (const auto& route : routes)
        if (counts(route) && route.description != kDescription && !is_wanted(route.network) &&
            route.network != kEverywhere)  // never without --internet
            wanted.emplace_back(route.network, "the same route through every subnet: names lead to any of them");
    for (const auto& route : routes) {
        if (!counts(route) || route.description != kDescription || is_wanted(route.network)) continue;
        Step& step = draft.add(Action::delete_route, StepState::todo,
                               "delete the route to " + to_string(route.network) + " through " + route.subnet,
                               "not asked for any more");
        step.network = to_string(route.network);
        step.target = route.subnet;
    }
    for (const auto& [network, why] : wanted)
        for (const Subnet* subnet : chosen_subnets(draft.inventory)) {
            plan_route(draft, network, *subnet, why);
            if (network == kEverywhere && !has_default_route(draft.inventory, *subnet))
                draft.warn("the subnet " + subnet->id + " has no way to the internet: its route table has no 0.0.0.0/0",
                           "give it one, to a NAT or internet gateway");
        }
}

}  // namespace memdb::client::aws
