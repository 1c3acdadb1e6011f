#include "doctor/suspect_catalog.hpp"

#include "config/iam_policy.hpp"

#include <algorithm>
#include <cassert>

namespace memdb::doctor {
namespace {

// clang-format off
constexpr SuspectRow kRows[] = {
    {"crl-expired", "the endpoint's certificate revocation list has expired: AWS then refuses every client",
     "`aws ec2 export-client-vpn-client-certificate-revocation-list --client-vpn-endpoint-id {endpoint} --region {region} --query CertificateRevocationList --output text | openssl crl -noout -nextupdate`"},
    {"client-revoked", "this client certificate is on the endpoint's revocation list",
     "`aws ec2 export-client-vpn-client-certificate-revocation-list --client-vpn-endpoint-id {endpoint} --region {region} --query CertificateRevocationList --output text | openssl crl -noout -text`, and see whether it has the serial that memdbctl key show names"},
    {"client-ca-wrong", "the endpoint's client CA is not the one that issued this certificate",
     "`aws ec2 describe-client-vpn-endpoints --client-vpn-endpoint-ids {endpoint} --region {region} --query 'ClientVpnEndpoints[].AuthenticationOptions'`, then `aws acm describe-certificate` for that ARN"},
    {"server-cert-expired", "the endpoint's server certificate has expired",
     "`aws ec2 describe-client-vpn-endpoints --client-vpn-endpoint-ids {endpoint} --region {region} --query 'ClientVpnEndpoints[].ServerCertificateArn'`, then `aws acm describe-certificate` for that ARN"},
    {"large-packets-lost", "a link on the way loses the handshake's large packets",
     "the same laptop in another network, for instance a telephone's"},
    {"port-blocked", "this network does not let the endpoint's port out",
     "the same laptop in another network, for instance a telephone's; in the office ask for UDP 443 (or the endpoint's own port)"},
    {"endpoint-not-available", "the Client VPN endpoint was deleted, or has no target network",
     "`aws ec2 describe-client-vpn-endpoints --client-vpn-endpoint-ids {endpoint} --region {region} --query 'ClientVpnEndpoints[].Status'`"},
    {"authorization-rule-missing", "no authorization rule of the endpoint allows the cluster's network",
     "`aws ec2 describe-client-vpn-authorization-rules --client-vpn-endpoint-id {endpoint} --region {region}`"},
    {"association-missing", "the endpoint is associated with no subnet of the cluster's VPC",
     "`aws ec2 describe-client-vpn-target-networks --client-vpn-endpoint-id {endpoint} --region {region}`"},
    {"route-missing", "the endpoint's route table has no route to the cluster's subnets, or not for each associated subnet",
     "`aws ec2 describe-client-vpn-routes --client-vpn-endpoint-id {endpoint} --region {region}`"},
    {"security-group-closed", "the cluster's security group lets nobody in on its port",
     "`memdbctl aws plan --cluster {cluster} --region {region}` shows the missing rule"},
    {"security-group-allows-vpn-range", "the cluster's security group allows the VPN's client range instead of the endpoint's group: AWS translates addresses",
     "`memdbctl aws plan --cluster {cluster} --region {region}` shows the missing rule"},
    {"cluster-down", "the cluster itself is down, or is being replaced",
     "`aws memorydb describe-clusters --cluster-name {cluster} --region {region} --query 'Clusters[].Status'`"},
};
// clang-format on

std::string_view without_port(std::string_view host) { return host.substr(0, host.find(':')); }

void replace(std::string& text, std::string_view hole, const std::string& with) {
    for (auto at = text.find(hole); at != std::string::npos; at = text.find(hole, at + with.size()))
        text.replace(at, hole.size(), with);
}

}  // namespace

std::span<const SuspectRow> suspect_catalog() noexcept { return kRows; }

const SuspectRow& suspect_row(std::string_view cause) noexcept {
    const auto* const at = std::ranges::find(kRows, cause, &SuspectRow::cause);
    assert(at != std::end(kRows));
    return *at;
}

AwsNames aws_names_of(std::string_view endpoint, std::string_view cluster) {
    AwsNames names;
    endpoint = without_port(endpoint);
    const auto at = endpoint.find("cvpn-endpoint-");
    if (at == 0 || (at != std::string_view::npos && endpoint[at - 1] == '.')) {
        const std::string_view id = endpoint.substr(at, endpoint.find('.', at) - at);
        const std::string_view rest = endpoint.substr(std::min(at + id.size(), endpoint.size()));
        constexpr std::string_view middle = ".prod.clientvpn.";
        const bool plain = id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
        if (plain) names.endpoint_id = id;
        if (plain && rest.starts_with(middle)) {
            const auto region = rest.substr(middle.size(), rest.find('.', middle.size()) - middle.size());
            if (config::is_region(region) && rest.substr(middle.size() + region.size()).starts_with(".amazonaws.com"))
                names.region = region;
        }
    }
    if (const auto named = config::iam_name_of(without_port(cluster))) {
        names.cluster = named->cluster;
        if (names.region.empty()) names.region = named->region;
    }
    return names;
}

AwsNames aws_names_of(const control::ProfileView& profile) {
    const bool has_endpoint = profile.tunnel && profile.tunnel->endpoint;
    return aws_names_of(has_endpoint ? std::string_view(*profile.tunnel->endpoint) : std::string_view(),
                        profile.clusters.empty() ? std::string_view() : profile.clusters.front().endpoint);
}

std::string decide_text(const SuspectRow& row, const AwsNames& names) {
    std::string text(row.decide);
    replace(text, "{endpoint}", names.endpoint_id.empty() ? "ENDPOINT" : names.endpoint_id);
    replace(text, "{region}", names.region.empty() ? "REGION" : names.region);
    replace(text, "{cluster}", names.cluster.empty() ? "CLUSTER" : names.cluster);
    return text;
}

}  // namespace memdb::doctor
