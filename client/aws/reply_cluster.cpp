// MemoryDB, ACM, CloudWatch Logs, and what a call that makes something answers.
#include "client/aws/reply_reader.hpp"
#include "keys/certificate.hpp"

#include <algorithm>

namespace memdb::client::aws {
namespace {

struct Shard {
    std::vector<Node> nodes;
};

void read_node(Fields& f, Node& node) {
    read_id(f, "Name", node.name);
    f.read_object("Endpoint", [&](Fields& e) { read_optional_id(e, "Address", node.host); });
}

void read_cluster(Fields& f, Cluster& cluster) {
    read_id(f, "Name", cluster.name);
    read_id(f, "ARN", cluster.arn);
    f.read("Status", cluster.status, 64);
    f.read_object("ClusterEndpoint", [&](Fields& e) {
        read_optional_id(e, "Address", cluster.host);
        e.read_number("Port", cluster.port);
    });
    f.read_flag("TLSEnabled", cluster.tls);
    f.read_optional("ACLName", cluster.acl, 256);
    read_optional_id(f, "SubnetGroupName", cluster.subnet_group);
    f.read_list("SecurityGroups", cluster.groups,
                [](Fields& g, std::string& id) { read_id(g, "SecurityGroupId", id); });
    std::vector<Shard> shards;
    f.read_list("Shards", shards, [](Fields& s, Shard& shard) { s.read_list("Nodes", shard.nodes, read_node); });
    for (auto& shard : shards)
        for (auto& node : shard.nodes) cluster.nodes.push_back(std::move(node));
}

}  // namespace

Result<Cluster> parse_cluster(std::string_view json) {
    auto all = read_items<Cluster>(json, "Clusters", read_cluster);
    if (all.has_error()) return all.error();
    if (all->size() != 1) return Failure{Errc::malformed, "the answer of aws: one cluster is expected"};
    return std::move(all->front());
}

Result<std::vector<std::string>> parse_subnet_group(std::string_view json) {
    struct Entry {
        std::vector<std::string> subnets;
    };
    auto all = read_items<Entry>(json, "SubnetGroups", [](Fields& f, Entry& entry) {
        f.read_list("Subnets", entry.subnets, [](Fields& s, std::string& id) { read_id(s, "Identifier", id); });
    });
    if (all.has_error()) return all.error();
    if (all->size() != 1) return Failure{Errc::malformed, "the answer of aws: one subnet group is expected"};
    return std::move(all->front().subnets);
}

Result<std::vector<ServerCertificate>> parse_certificates(std::string_view json) {
    return read_items<ServerCertificate>(json, "CertificateSummaryList", [](Fields& f, ServerCertificate& one) {
        read_id(f, "CertificateArn", one.arn);
        f.read_optional("DomainName", one.domain, 300);
    });
}

Result<bool> is_tagged(std::string_view json, std::string_view cluster) {
    bool tagged = false;
    const auto done = read_reply(json, [&](Fields& f) { tagged = read_tag(f, "Tags", cluster); });
    if (done.has_error()) return done.error();
    return tagged;
}

Result<ServerCertificate> parse_certificate(std::string_view json, std::string_view arn) {
    std::string pem;
    const auto done = read_reply(json, [&](Fields& f) { f.read("Certificate", pem); });
    if (done.has_error()) return done.error();
    const auto certificates = keys::read_certificates(pem, "the certificate in ACM");
    if (certificates.has_error()) return certificates.error();
    const auto& info = certificates->front().info;
    return ServerCertificate{std::string(arn), info.common_name, info.serial, info.not_after};
}

Result<bool> has_log_group(std::string_view json, std::string_view name) {
    const auto names = read_items<std::string>(json, "logGroups",
                                               [](Fields& f, std::string& one) { f.read("logGroupName", one, 512); });
    if (names.has_error()) return names.error();
    return std::find(names->begin(), names->end(), name) != names->end();
}

Result<std::vector<std::string>> parse_log_messages(std::string_view json) {
    return read_items<std::string>(json, "events", [](Fields& f, std::string& one) { f.read("message", one, 65536); });
}

std::string log_line(std::string_view record) {
    // Every value is a text, "NA" where there is none.
    std::string type, status, reason, time, name, address;
    const auto done = read_reply(record, [&](Fields& f) {
        f.read("connection-log-type", type, 64);
        f.read_optional("connection-attempt-status", status, 64);
        f.read_optional("connection-attempt-failure-reason", reason, 512);
        f.read_optional("connection-start-time", time, 64);
        f.read_optional("common-name", name, 256);
        f.read_optional("device-ip", address, 64);
    });
    if (done.has_error()) return {};
    std::string line = time + " " + name + " from " + address + ": " + type;
    if (!status.empty() && status != "NA") line += " " + status;
    if (!reason.empty() && reason != "NA") line += " (" + reason + ")";
    return line;
}

Result<std::string> parse_made(std::string_view json, std::string_view member) {
    std::string made;
    const auto done = read_reply(json, [&](Fields& f) { read_id(f, member, made); });
    if (done.has_error()) return done.error();
    return made;
}

}  // namespace memdb::client::aws
