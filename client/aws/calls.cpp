#include "client/aws/calls.hpp"

#include "client/aws/draft.hpp"

#include <boost/json.hpp>

namespace memdb::client::aws {
namespace {

namespace json = boost::json;

/// --tag-specifications, as JSON: a name with a comma in it stays one.
std::string tag_words(std::string_view resource, const Wish& wish) {
    json::array tags{{{"Key", kTag}, {"Value", wish.cluster}}};
    if (resource != "security-group-rule") tags.push_back({{"Key", "Name"}, {"Value", "memdbd-vpn-" + wish.cluster}});
    return json::serialize(json::array{{{"ResourceType", resource}, {"Tags", tags}}});
}

Words group_words(const Step& step, const Wish& wish, const Inventory& inventory) {
    return {"ec2",
            "create-security-group",
            "--group-name",
            step.target,
            "--description",
            "Client VPN endpoint of the MemoryDB cluster " + wish.cluster,
            "--vpc-id",
            inventory.vpc.id,
            "--tag-specifications",
            tag_words("security-group", wish)};
}

Words ingress_words(const Step& step, const Wish& wish, const Inventory& inventory, const std::string& group) {
    json::object rule{{"IpProtocol", "tcp"}, {"FromPort", inventory.cluster.port}, {"ToPort", inventory.cluster.port}};
    const std::string text = "memdbctl aws: " + wish.cluster;
    if (!group.empty())
        rule["UserIdGroupPairs"] = json::array{{{"GroupId", group}, {"Description", text}}};
    else if (parse_network(step.network).value_or(IpNetwork{}).address.is_v6)
        rule["Ipv6Ranges"] = json::array{{{"CidrIpv6", step.network}, {"Description", text}}};
    else
        rule["IpRanges"] = json::array{{{"CidrIp", step.network}, {"Description", text}}};
    return {"ec2",
            "authorize-security-group-ingress",
            "--group-id",
            step.target,
            "--ip-permissions",
            json::serialize(json::array{rule}),
            "--tag-specifications",
            tag_words("security-group-rule", wish)};
}

Words certificate_words(const Step& step, const Wish& wish, const Inventory& inventory, const CertificateFiles& files) {
    Words words = {"acm",           "import-certificate",   "--certificate",       "fileb://" + files.certificate,
                   "--private-key", "fileb://" + files.key, "--certificate-chain", "fileb://" + files.chain};
    if (step.action == Action::reimport_certificate)
        words.insert(words.end(), {"--certificate-arn", inventory.certificate->arn});
    else
        words.insert(words.end(), {"--tags", json::serialize(json::array{{{"Key", kTag}, {"Value", wish.cluster}}})});
    return words;
}

Words endpoint_words(const Step& step, const Wish& wish, const Inventory& inventory) {
    const Group* own = own_group(inventory);
    if (own == nullptr || !inventory.certificate) return {};
    const auto& arn = inventory.certificate->arn;
    Words words = {"ec2", "create-client-vpn-endpoint", "--client-cidr-block", step.network, "--server-certificate-arn",
                   arn, "--authentication-options",
                   json::serialize(json::array{{{"Type", "certificate-authentication"},
                                                {"MutualAuthentication", {{"ClientRootCertificateChainArn", arn}}}}}),
                   "--connection-log-options",
                   wish.log_group.empty()
                       ? "{\"Enabled\":false}"
                       : json::serialize(json::object{{"Enabled", true}, {"CloudwatchLogGroup", wish.log_group}}),
                   "--transport-protocol", "udp", "--vpn-port", "443", "--split-tunnel", "--vpc-id", inventory.vpc.id,
                   "--security-group-ids", own->id, "--session-timeout-hours",
                   std::to_string(wish.session_hours.value_or(24)), "--description", "memdbctl aws: " + wish.cluster,
                   // No --client-token of our own: for a day it would give back an endpoint that was deleted meanwhile.
                   // Two of them are not made either when an answer is lost: the next run looks for the tag first.
                   "--tag-specifications", tag_words("client-vpn-endpoint", wish)};
    if (const auto resolver = resolver_of(inventory.vpc))
        words.insert(words.end(), {"--dns-servers", to_string(resolver->address)});
    return words;
}

Words on_endpoint(std::string call, const Inventory& inventory, Words more = {}) {
    if (!inventory.endpoint) return {};
    Words words = {"ec2", std::move(call), "--client-vpn-endpoint-id", inventory.endpoint->id};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

Words apply_groups_words(const Step& step, const Inventory& inventory) {
    Words more = {"--vpc-id", inventory.vpc.id, "--security-group-ids"};
    more.insert(more.end(), step.settings.begin(), step.settings.end());
    return on_endpoint("apply-security-groups-to-client-vpn-target-network", inventory, more);
}

/// What changes an endpoint that is there.
Words part_words(const Step& step, const Inventory& inventory) {
    const auto with = [&](std::string call, Words more) {
        return on_endpoint(std::move(call), inventory, std::move(more));
    };
    const std::string note(kDescription);
    if (step.action == Action::modify_endpoint) return with("modify-client-vpn-endpoint", step.settings);
    if (step.action == Action::apply_groups) return apply_groups_words(step, inventory);
    if (step.action == Action::associate)
        return with("associate-client-vpn-target-network", {"--subnet-id", step.target});
    if (step.action == Action::disassociate)
        return with("disassociate-client-vpn-target-network", {"--association-id", step.target});
    if (step.action == Action::authorize)
        return with("authorize-client-vpn-ingress",
                    {"--target-network-cidr", step.network, "--authorize-all-groups", "--description", note});
    if (step.action == Action::revoke_rule)
        return with("revoke-client-vpn-ingress", {"--target-network-cidr", step.network, "--revoke-all-groups"});
    const Words route = {"--destination-cidr-block", step.network, "--target-vpc-subnet-id", step.target};
    if (step.action == Action::delete_route) return with("delete-client-vpn-route", route);
    if (step.action == Action::create_route)
        return with("create-client-vpn-route", {route[0], route[1], route[2], route[3], "--description", note});
    if (step.action == Action::delete_endpoint) return with("delete-client-vpn-endpoint", {});
    return {};
}

Words filtered(std::string call, const std::string& filter, const std::vector<std::string>& values) {
    std::string list;
    for (const auto& value : values) list += (list.empty() ? "" : ",") + value;
    return {"ec2", std::move(call), "--filters", "Name=" + filter + ",Values=" + list};
}

}  // namespace

Words step_words(const Step& step, const Wish& wish, const Inventory& inventory, const CertificateFiles& files) {
    const Action action = step.action;
    if (action == Action::create_group) return group_words(step, wish, inventory);
    if (action == Action::allow_group) {
        const Group* own = own_group(inventory);
        return own == nullptr ? Words{} : ingress_words(step, wish, inventory, own->id);
    }
    if (action == Action::allow_source)
        return ingress_words(step, wish, inventory, step.settings.empty() ? "" : step.settings.front());
    if (is_one_of(action, {Action::import_certificate, Action::reimport_certificate}))
        return certificate_words(step, wish, inventory, files);
    if (action == Action::create_log_group) {
        const json::object tags{{kTag, wish.cluster}};
        return {"logs", "create-log-group", "--log-group-name", step.target, "--tags", json::serialize(tags)};
    }
    if (action == Action::create_endpoint) return endpoint_words(step, wish, inventory);
    if (action == Action::delete_certificate) return {"acm", "delete-certificate", "--certificate-arn", step.target};
    if (action == Action::delete_group) return {"ec2", "delete-security-group", "--group-id", step.target};
    if (action == Action::revoke_group_rule)
        return {"ec2",
                "revoke-security-group-ingress",
                "--group-id",
                step.settings.front(),
                "--security-group-rule-ids",
                step.target};
    return part_words(step, inventory);
}

bool has_dry_run(Action action) noexcept {
    return is_remote(action) && !is_one_of(action, {Action::import_certificate, Action::reimport_certificate,
                                                    Action::create_log_group, Action::delete_certificate});
}

Words describe_cluster_words(const std::string& cluster) {
    return {"memorydb", "describe-clusters", "--cluster-name", cluster, "--show-shard-details"};
}
Words describe_subnet_group_words(const std::string& name) {
    return {"memorydb", "describe-subnet-groups", "--subnet-group-name", name};
}
Words describe_subnets_words(const std::vector<std::string>& ids) {
    Words words = {"ec2", "describe-subnets", "--subnet-ids"};
    words.insert(words.end(), ids.begin(), ids.end());
    return words;
}
Words describe_vpc_words(const std::string& id) { return {"ec2", "describe-vpcs", "--vpc-ids", id}; }
Words describe_route_tables_words(const std::string& vpc) { return filtered("describe-route-tables", "vpc-id", {vpc}); }
Words describe_groups_words(const std::string& vpc) { return filtered("describe-security-groups", "vpc-id", {vpc}); }
Words describe_rules_words(const std::vector<std::string>& groups) {
    return filtered("describe-security-group-rules", "group-id", groups);
}
Words describe_interfaces_words(const std::vector<std::string>& groups) {
    return filtered("describe-network-interfaces", "group-id", groups);
}
Words tagged_groups_words(const std::string& cluster) {
    return filtered("describe-security-groups", "tag:" + std::string(kTag), {cluster});
}
Words tagged_rules_words(const std::string& cluster) {
    return filtered("describe-security-group-rules", "tag:" + std::string(kTag), {cluster});
}
Words describe_endpoints_words() { return {"ec2", "describe-client-vpn-endpoints"}; }
Words describe_endpoint_words(const std::string& id) {
    return {"ec2", "describe-client-vpn-endpoints", "--client-vpn-endpoint-ids", id};
}
Words describe_endpoint_part_words(const std::string& what, const std::string& id) {
    return {"ec2", "describe-client-vpn-" + what, "--client-vpn-endpoint-id", id};
}
Words export_crl_words(const std::string& id) {
    return {"ec2", "export-client-vpn-client-certificate-revocation-list", "--client-vpn-endpoint-id", id};
}
Words import_crl_words(const std::string& id, const std::string& file) {
    return {"ec2",
            "import-client-vpn-client-certificate-revocation-list",
            "--client-vpn-endpoint-id",
            id,
            "--certificate-revocation-list",
            "file://" + file};
}
Words export_configuration_words(const std::string& id) {
    return {"ec2", "export-client-vpn-client-configuration", "--client-vpn-endpoint-id", id};
}
Words terminate_words(const std::string& id, const std::string& connection) {
    return {"ec2", "terminate-client-vpn-connections", "--client-vpn-endpoint-id", id, "--connection-id", connection};
}
Words list_certificates_words() { return {"acm", "list-certificates"}; }
Words certificate_tags_words(const std::string& arn) {
    return {"acm", "list-tags-for-certificate", "--certificate-arn", arn};
}
Words get_certificate_words(const std::string& arn) { return {"acm", "get-certificate", "--certificate-arn", arn}; }
Words log_groups_words(const std::string& name) {
    return {"logs", "describe-log-groups", "--log-group-name-prefix", name};
}
Words log_events_words(const std::string& group, WallTime since) {
    return {"logs",
            "filter-log-events",
            "--log-group-name",
            group,
            "--start-time",
            std::to_string(since.time_since_epoch().count()),
            "--max-items",
            "1000"};
}

}  // namespace memdb::client::aws
