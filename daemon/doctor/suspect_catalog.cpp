#include "doctor/suspect_catalog.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

namespace memdb::doctor {
namespace {

// clang-format off
constexpr SuspectRow kRows[] = {
    {"crl-expired", "the endpoint's certificate revocation list has expired: AWS then refuses every client",
     "`aws ec2 export-client-vpn-client-certificate-revocation-list --client-vpn-endpoint-id {endpoint} --region {region} --query CertificateRevocationList --output text | openssl crl -noout -nextupdate`"},
    {"client-revoked", "this client certificate is on the endpoint's revocation list",
     "`aws ec2 export-client-vpn-client-certificate-revocation-list --client-vpn-endpoint-id {endpoint} --region {region} --query CertificateRevocationList --output text | openssl crl -noout -text`: look for the serial of `memdbctl key show`"},
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

std::vector<std::string_view> labels_of(std::string_view host) {
    std::vector<std::string_view> labels;
    host = host.substr(0, host.rfind(':'));
    while (!host.empty()) {
        const auto dot = host.find('.');
        labels.push_back(host.substr(0, dot));
        host = dot == std::string_view::npos ? std::string_view() : host.substr(dot + 1);
    }
    return labels;
}

/// The label behind `before`; a region has two dashes.
std::string label_after(const std::vector<std::string_view>& labels, std::string_view before) {
    const auto at = std::ranges::find(labels, before);
    if (at == labels.end() || at + 1 == labels.end()) return {};
    return std::ranges::count(*(at + 1), '-') >= 2 ? std::string(*(at + 1)) : std::string();
}

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

AwsNames aws_names_of(const control::ProfileView& profile) {
    AwsNames names;
    if (profile.tunnel && profile.tunnel->endpoint) {
        const auto labels = labels_of(*profile.tunnel->endpoint);
        for (const std::string_view label : labels)
            if (label.starts_with("cvpn-endpoint-")) names.endpoint = label;
        names.region = label_after(labels, "clientvpn");
    }
    if (!profile.clusters.empty()) {
        const auto labels = labels_of(profile.clusters.front().endpoint);
        if (labels.size() > 1 && labels.front() == "clustercfg") names.cluster = labels[1];
        if (names.region.empty()) names.region = label_after(labels, "memorydb");
    }
    return names;
}

std::string decide_text(const SuspectRow& row, const AwsNames& names) {
    std::string text(row.decide);
    replace(text, "{endpoint}", names.endpoint.empty() ? "ENDPOINT" : names.endpoint);
    replace(text, "{region}", names.region.empty() ? "REGION" : names.region);
    replace(text, "{cluster}", names.cluster.empty() ? "CLUSTER" : names.cluster);
    return text;
}

}  // namespace memdb::doctor
