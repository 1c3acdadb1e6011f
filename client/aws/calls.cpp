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

std::string token_of(const std::string& group, std::string network) {
    for (char& c : network)
        if (c == '/') c = '-';
    return "memdbd-" + group + "-" + network;
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
                   "--tag-specifications", tag_words("client-vpn-endpoint", wish),
                   // Not two of them when the answer is lost: EC2 gives the same one for the same token. The group is
                   // another one after every destroy, and so is the token.
                   "--client-token", token_of(own->id, step.network)};
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

Words modify_words(const Step& step, const Inventory& inventory) {
    return on_endpoint("modify-client-vpn-endpoint", inventory, step.settings);
}

Words apply_groups_words(const Step& step, const Inventory& inventory) {
    Words more = {"--vpc-id", inventory.vpc.id, "--security-group-ids"};
    more.insert(more.end(), step.settings.begin(), step.settings.end());
    return on_endpoint("apply-security-groups-to-client-vpn-target-network", inventory, more);
}

Words filtered(std::string call, const std::string& filter, const std::vector<std::string>& values) {
    std::string list;
    for (const auto& value : values) list += (list.empty() ? "" : ",") + value;
    return {"ec2", std::move(call), "--filters", "Name=" + filter + ",Values=" + list};
}

}  // namespace

Words step_words(const Step& step, const Wish& wish, const Inventory& inventory, const CertificateFiles& files) {
    const Group* own = own_group(inventory);
    switch (step.action) {
        case Action::create_group:
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
        case Action::allow_group: return own == nullptr ? Words{} : ingress_words(step, wish, inventory, own->id);
        case Action::allow_source:
            return ingress_words(step, wish, inventory, step.settings.empty() ? "" : step.settings.front());
        case Action::import_certificate:
        case Action::reimport_certificate: return certificate_words(step, wish, inventory, files);
        case Action::create_log_group:
            return {"logs",      "create-log-group", "--log-group-name",
                    step.target, "--tags",           json::serialize(json::object{{kTag, wish.cluster}})};
        case Action::create_endpoint: return endpoint_words(step, wish, inventory);
        case Action::modify_endpoint: return modify_words(step, inventory);
        case Action::associate:
            return on_endpoint("associate-client-vpn-target-network", inventory, {"--subnet-id", step.target});
        case Action::apply_groups: return apply_groups_words(step, inventory);
        case Action::authorize:
            return on_endpoint("authorize-client-vpn-ingress", inventory,
                               {"--target-network-cidr", step.network, "--authorize-all-groups", "--description",
                                std::string(kDescription)});
        case Action::revoke_rule:
            return on_endpoint("revoke-client-vpn-ingress", inventory,
                               {"--target-network-cidr", step.network, "--revoke-all-groups"});
        case Action::create_route:
            return on_endpoint("create-client-vpn-route", inventory,
                               {"--destination-cidr-block", step.network, "--target-vpc-subnet-id", step.target,
                                "--description", std::string(kDescription)});
        case Action::delete_route:
            return on_endpoint("delete-client-vpn-route", inventory,
                               {"--destination-cidr-block", step.network, "--target-vpc-subnet-id", step.target});
        case Action::disassociate:
            return on_endpoint("disassociate-client-vpn-target-network", inventory, {"--association-id", step.target});
        case Action::delete_endpoint: return on_endpoint("delete-client-vpn-endpoint", inventory);
        case Action::delete_certificate: return {"acm", "delete-certificate", "--certificate-arn", step.target};
        case Action::revoke_group_rule:
            return {"ec2",
                    "revoke-security-group-ingress",
                    "--group-id",
                    step.settings.front(),
                    "--security-group-rule-ids",
                    step.target};
        case Action::delete_group: return {"ec2", "delete-security-group", "--group-id", step.target};
        case Action::make_authority:
        case Action::make_server:
        case Action::make_client:
        case Action::import_profile:
        case Action::write_bundle:
        case Action::connect:
        case Action::remove_profile: break;
    }
    return {};
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
