#include "config/import_policy.hpp"

#include "config/endpoint_parser.hpp"
#include "config/iam_policy.hpp"
#include "config/ovpn_lexer.hpp"
#include "config/ovpn_policy.hpp"
#include "config/password_policy.hpp"
#include "config/wiped_directives.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace memdb::config {
namespace {

Failure bad(std::string message) { return {Errc::bad_input, std::move(message)}; }

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// What a token for the cluster is signed for; nothing when its user has a password, or is none.
Result<std::optional<IamName>> judge_iam(const ClusterRequest& wanted, const Endpoint& endpoint) {
    if (!wanted.iam) {
        if (wanted.iam_cluster.empty() && wanted.iam_region.empty()) return std::optional<IamName>{};
        return bad("a cluster's name and region for IAM without IAM: give --iam, too");
    }
    if (wanted.user.empty()) return bad("IAM needs a user: give it with --user");
    if (wanted.tls == ClusterTls::off) return bad("IAM needs TLS: MemoryDB takes no token without it");
    auto name = judge_iam_name(endpoint.host, wanted.iam_cluster, wanted.iam_region);
    if (!name) return name.error();
    return std::optional<IamName>(*std::move(name));
}

Result<void> judge_clusters(const ImportRequest& request, Profile& profile) {
    if (request.clusters.empty()) return bad("no cluster: give its endpoint with --cluster HOST[:PORT]");
    if (request.clusters.size() > kClusterLimit) {
        return bad(fmt::format("{} clusters, at most {} are allowed", request.clusters.size(), kClusterLimit));
    }
    for (const ClusterRequest& wanted : request.clusters) {
        auto endpoint = parse_endpoint(wanted.endpoint, kRedisPort);
        if (!endpoint) return std::move(endpoint.error()).during("cluster");
        if (!wanted.user.empty()) {
            if (const auto user = check_user(wanted.user); !user) return user.error();
        }
        auto iam = judge_iam(wanted, *endpoint);
        if (!iam) return iam.error();
        Cluster cluster{endpoint->host, endpoint->port, wanted.tls, wanted.user, *std::move(iam)};
        const bool again = std::any_of(profile.clusters.begin(), profile.clusters.end(), [&](const Cluster& other) {
            return other.host == cluster.host && other.port == cluster.port;
        });
        if (again) return bad(fmt::format("cluster {} is given twice", endpoint_text(cluster.host, cluster.port)));
        const bool same_name = std::any_of(profile.clusters.begin(), profile.clusters.end(), [&](const Cluster& other) {
            return cluster.iam && other.iam == cluster.iam;
        });
        if (same_name)
            return bad(
                fmt::format("two clusters cannot both be {} of {}: give --iam-cluster to a profile with one "
                            "cluster only",
                            cluster.iam->cluster, cluster.iam->region));
        profile.clusters.push_back(std::move(cluster));
    }
    return {};
}

Result<void> judge_password(const ImportRequest& request, Profile& profile) {
    const std::string& password = request.password.reveal();
    const auto by_password = [](const ClusterRequest& cluster) { return !cluster.user.empty() && !cluster.iam; };
    const auto by_iam = [](const ClusterRequest& cluster) { return cluster.iam; };
    const bool user = std::any_of(request.clusters.begin(), request.clusters.end(), by_password);
    const bool iam = std::any_of(request.clusters.begin(), request.clusters.end(), by_iam);
    if (!user && iam && !password.empty())
        return bad("IAM and a password exclude each other: leave --iam or --password-file away");
    if (user && password.empty() && !request.password_is_named)
        return bad(
            "a user without a password: give it with --password-file, or name a file in memdbd.toml ([passwords])");
    if (!user && !password.empty()) return bad("a password without a user: give it with --user");
    if (const auto good = check_password(password); !good) return good.error();
    profile.has_password = !password.empty();
    return {};
}

Result<void> judge_cluster_ca(const ImportRequest& request, JudgedImport& judged) {
    if (request.cluster_ca_pem.empty()) return {};
    const auto authorities = keys::read_certificates(request.cluster_ca_pem, "the cluster's CA");
    if (!authorities) return authorities.error();
    for (const keys::Certificate& authority : *authorities) judged.cluster_ca_pem += authority.pem;
    judged.profile.has_cluster_ca = true;
    return {};
}

Result<void> judge_tunnel(const ImportRequest& request, WallTime now, JudgedImport& judged) {
    const std::string file = request.ovpn_name.empty() ? "the configuration" : request.ovpn_name;
    if (is_blank(request.ovpn_text)) return bad(fmt::format("{} is empty", file));
    auto lexed = lex_ovpn(request.ovpn_text, file);
    if (!lexed) return lexed.error();
    const WipedDirectives directives(*std::move(lexed));

    if (request.cert_pem.empty() != request.key_pem.empty()) {
        return bad(request.cert_pem.empty()
                       ? "a key without its certificate, or the certificate is empty: give both with --cert and --key"
                       : "a certificate without its key, or the key is empty: give both with --cert and --key");
    }
    const CredentialSource source = request.cert_pem.empty() ? CredentialSource::inside : CredentialSource::given;
    auto config = judge_ovpn(directives.list, file, source);
    if (!config) return config.error();

    const bool inside = source == CredentialSource::inside;
    auto credential = keys::check_client_credential(inside ? config->cert_pem : request.cert_pem,
                                                    inside ? config->key_pem : request.key_pem, now);
    if (!credential) return credential.error();

    judged.client_ovpn = emit_ovpn(*config);
    judged.profile.remotes = std::move(config->remotes);
    judged.profile.random_hostname = config->random_hostname;
    judged.warnings = std::move(config->warnings);
    judged.warnings.insert(judged.warnings.end(), credential->warnings.begin(), credential->warnings.end());
    judged.credential = *std::move(credential);
    return {};
}

Result<void> judge_direct(const ImportRequest& request) {
    if (request.ovpn_text.empty() && request.cert_pem.empty() && request.key_pem.empty()) return {};
    return bad("a direct profile has no tunnel: leave the configuration, the certificate and the key away");
}

}  // namespace

Result<JudgedImport> judge_access(const ImportRequest& request) {
    JudgedImport judged;
    if (const auto clusters = judge_clusters(request, judged.profile); !clusters) return clusters.error();
    if (const auto password = judge_password(request, judged.profile); !password) return password.error();
    if (const auto authority = judge_cluster_ca(request, judged); !authority) return authority.error();
    judged.password = request.password;
    return judged;
}

Result<JudgedImport> judge_import(const ImportRequest& request, WallTime now) {
    if (const auto name = check_profile_name(request.name); !name) return name.error();
    auto access = judge_access(request);
    if (!access) return access.error();
    JudgedImport judged = *std::move(access);
    judged.profile.name = request.name;
    judged.profile.kind = request.kind;
    const auto kind = request.kind == ProfileKind::direct ? judge_direct(request) : judge_tunnel(request, now, judged);
    if (!kind) return kind.error();

    for (const Cluster& cluster : judged.profile.clusters) {
        if (cluster.tls == ClusterTls::on) continue;
        judged.warnings.push_back(fmt::format("cluster {} without TLS is degraded at best, never reachable",
                                              endpoint_text(cluster.host, cluster.port)));
    }
    return judged;
}

}  // namespace memdb::config
