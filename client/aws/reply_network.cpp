// Subnets, VPC, route tables, security groups, interfaces: the parts of EC2 that Client VPN goes through.
#include "client/aws/reply_reader.hpp"

#include <algorithm>

namespace memdb::client::aws {

Result<std::vector<Subnet>> parse_subnets(std::string_view json) {
    return read_items<Subnet>(json, "Subnets", [](Fields& f, Subnet& subnet) {
        read_id(f, "SubnetId", subnet.id);
        read_id(f, "VpcId", subnet.vpc);
        read_id(f, "AvailabilityZone", subnet.zone);
        f.read_number("AvailableIpAddressCount", subnet.free_addresses);
        subnet.network = read_network(f, "CidrBlock").value_or(IpNetwork{});
    });
}

Result<Vpc> parse_vpc(std::string_view json) {
    auto all = read_items<Vpc>(json, "Vpcs", [](Fields& f, Vpc& vpc) {
        read_id(f, "VpcId", vpc.id);
        std::string tenancy;
        f.read_optional("InstanceTenancy", tenancy, 32);
        vpc.dedicated = tenancy == "dedicated";
        // The first one is the primary: the resolver is in it.
        if (const auto main = read_network(f, "CidrBlock")) vpc.networks.push_back(*main);
        struct Block {
            std::optional<IpNetwork> network;
            std::string state = "associated";
        };
        std::vector<Block> blocks;
        f.read_list("CidrBlockAssociationSet", blocks, [](Fields& a, Block& block) {
            block.network = read_network(a, "CidrBlock");
            a.read_object("CidrBlockState", [&](Fields& s) { s.read_optional("State", block.state, 64); });
        });
        for (const auto& block : blocks)
            if (block.network && block.state == "associated" &&
                std::find(vpc.networks.begin(), vpc.networks.end(), *block.network) == vpc.networks.end())
                vpc.networks.push_back(*block.network);
    });
    if (all.has_error()) return all.error();
    if (all->size() != 1) return Failure{Errc::malformed, "the answer of aws: one VPC is expected"};
    return std::move(all->front());
}

Result<std::vector<RouteTable>> parse_route_tables(std::string_view json) {
    return read_items<RouteTable>(json, "RouteTables", [](Fields& f, RouteTable& table) {
        struct Place {
            bool main = false;
            std::string subnet;
        };
        std::vector<Place> places;
        f.read_list("Associations", places, [](Fields& a, Place& place) {
            a.read_flag("Main", place.main);
            read_optional_id(a, "SubnetId", place.subnet);
        });
        for (auto& place : places) {
            table.main = table.main || place.main;
            if (!place.subnet.empty()) table.subnets.push_back(std::move(place.subnet));
        }
        struct Row {
            std::optional<IpNetwork> network;
            std::string state;
        };
        std::vector<Row> rows;
        f.read_list(
            "Routes", rows,
            [](Fields& r, Row& row) {
                row.network = read_network(r, "DestinationCidrBlock");
                r.read_optional("State", row.state, 32);
            },
            kReplyItems);
        for (const auto& row : rows) {
            if (!row.network) continue;
            if (row.network->prefix == 0)
                table.has_default = table.has_default || row.state != "blackhole";
            else
                table.destinations.push_back(*row.network);
        }
    });
}

Result<std::vector<Group>> parse_groups(std::string_view json, std::string_view cluster) {
    return read_items<Group>(json, "SecurityGroups", [cluster](Fields& f, Group& group) {
        read_id(f, "GroupId", group.id);
        f.read("GroupName", group.name, 256);
        group.ours = read_tag(f, "Tags", cluster);
    });
}

Result<std::vector<GroupRule>> parse_group_rules(std::string_view json, std::string_view cluster) {
    struct Row {
        GroupRule rule;
        bool egress = false;
        bool other = false;  ///< a prefix list or IPv6: of no concern here
    };
    auto rows = read_items<Row>(json, "SecurityGroupRules", [cluster](Fields& f, Row& row) {
        GroupRule& rule = row.rule;
        read_id(f, "SecurityGroupRuleId", rule.id);
        read_id(f, "GroupId", rule.group);
        f.read_flag("IsEgress", row.egress);
        f.read("IpProtocol", rule.protocol, 32);
        std::optional<int> from, to;
        f.read_number("FromPort", from);
        f.read_number("ToPort", to);
        rule.from = from.value_or(-1);
        rule.to = to.value_or(-1);
        std::string v6;
        f.read_optional("CidrIpv6", v6, 64);
        if (!v6.empty()) rule.network = parse_network(v6);
        if (const auto v4 = read_network(f, "CidrIpv4")) rule.network = v4;
        f.read_object("ReferencedGroupInfo", [&](Fields& r) { read_optional_id(r, "GroupId", rule.source_group); });
        rule.ours = read_tag(f, "Tags", cluster);
        row.other = !rule.network && rule.source_group.empty();
    });
    if (rows.has_error()) return rows.error();
    std::vector<GroupRule> rules;
    for (auto& row : *rows)
        if (!row.egress && !row.other) rules.push_back(std::move(row.rule));
    return rules;
}

Result<std::vector<PublicInterface>> parse_interfaces(std::string_view json) {
    auto all = read_items<PublicInterface>(json, "NetworkInterfaces", [](Fields& f, PublicInterface& one) {
        read_id(f, "NetworkInterfaceId", one.id);
        f.read_object("Association", [&](Fields& a) { a.read_optional("PublicIp", one.address, 64); });
        f.read_object("Attachment", [&](Fields& a) { read_optional_id(a, "InstanceId", one.instance); });
        // Client VPN's own have public addresses, and let nobody in.
        std::string description;
        f.read_optional("Description", description, 512);
        if (description.starts_with("ClientVPN Endpoint resource")) one.address.clear();
        f.read_list("Groups", one.groups, [](Fields& g, std::string& id) { read_id(g, "GroupId", id); });
    });
    if (all.has_error()) return all.error();
    std::erase_if(*all, [](const PublicInterface& one) { return one.address.empty(); });
    return all;
}

}  // namespace memdb::client::aws
