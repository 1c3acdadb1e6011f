// ImportRequest as JSON:
// {"name","kind","config","config_name","cert","key","clusters":[{"endpoint","user","tls","auth",
// "iam_cluster","iam_region"}],"password","ca"}, and ProfileChange. Everything it allocates for JSON is wiped when
// released, because the key and the password are in it.
#include "control/api.hpp"
#include "control/api_fields.hpp"
#include "control/api_secrets.hpp"

namespace memdb::control {
namespace {

std::string_view word_of(config::ProfileKind kind) noexcept {
    switch (kind) {
        case config::ProfileKind::tunnel: return "tunnel";
        case config::ProfileKind::direct: return "direct";
    }
    return "?";
}

std::optional<config::ProfileKind> parse_kind(std::string_view word) noexcept {
    if (word == "tunnel") return config::ProfileKind::tunnel;
    if (word == "direct") return config::ProfileKind::direct;
    return std::nullopt;
}

std::optional<config::ClusterTls> parse_tls(std::string_view word) noexcept {
    if (word == "on") return config::ClusterTls::on;
    if (word == "off") return config::ClusterTls::off;
    return std::nullopt;
}

std::string_view word_of(config::UserAuth auth) noexcept {
    switch (auth) {
        case config::UserAuth::password: return "password";
        case config::UserAuth::iam: return "iam";
    }
    return "?";
}

std::optional<config::UserAuth> parse_auth(std::string_view word) noexcept {
    if (word == "password") return config::UserAuth::password;
    if (word == "iam") return config::UserAuth::iam;
    return std::nullopt;
}

void read(Fields& f, config::ClusterRequest& cluster) {
    f.only({"endpoint", "user", "tls", "auth", "iam_cluster", "iam_region"});
    f.read("endpoint", cluster.endpoint, 512);
    f.read_optional("user", cluster.user, 512);
    if (f.has("tls")) f.read_word("tls", cluster.tls, parse_tls);
    auto auth = config::UserAuth::password;
    if (f.has("auth")) f.read_word("auth", auth, parse_auth);
    cluster.iam = auth == config::UserAuth::iam;
    f.read_optional("iam_cluster", cluster.iam_cluster, 512);
    f.read_optional("iam_region", cluster.iam_region, 512);
}

void put_text(json::object& object, std::string_view key, const std::string& text) {
    if (!text.empty()) object[key] = text;
}

}  // namespace

std::string to_json(const config::ImportRequest& request) {
    WipingMemory memory;
    const json::storage_ptr storage(&memory);
    json::object object(storage);
    object["name"] = request.name;
    object["kind"] = word_of(request.kind);
    put_text(object, "config", request.ovpn_text);
    put_text(object, "config_name", request.ovpn_name);
    put_text(object, "cert", request.cert_pem);
    put_text(object, "key", request.key_pem.reveal());
    json::array clusters(storage);
    for (const auto& cluster : request.clusters) {
        json::object item{{"endpoint", cluster.endpoint}};
        put_text(item, "user", cluster.user);
        if (cluster.tls == config::ClusterTls::off) item["tls"] = "off";
        if (cluster.iam) item["auth"] = word_of(config::UserAuth::iam);
        put_text(item, "iam_cluster", cluster.iam_cluster);
        put_text(item, "iam_region", cluster.iam_region);
        clusters.emplace_back(std::move(item));
    }
    object["clusters"] = std::move(clusters);
    put_text(object, "password", request.password.reveal());
    put_text(object, "ca", request.cluster_ca_pem);

    return wiping_serialize(object, request.ovpn_text.size() + request.ovpn_name.size() + request.cert_pem.size() +
                                        request.key_pem.reveal().size() + request.password.reveal().size() +
                                        request.cluster_ca_pem.size() + 1800 * (request.clusters.size() + 1));
}

std::string to_json(const config::ProfileChange& change) {
    WipingMemory memory;
    const json::storage_ptr storage(&memory);
    json::object object(storage);
    std::size_t size = 4096;
    if (change.clusters) {
        json::array clusters(storage);
        for (const auto& cluster : *change.clusters) {
            json::object item{{"endpoint", cluster.endpoint}};
            if (cluster.tls) item["tls"] = *cluster.tls == config::ClusterTls::on ? "on" : "off";
            clusters.emplace_back(std::move(item));
            size += cluster.endpoint.size() + 100;
        }
        object["clusters"] = std::move(clusters);
    }
    const auto put = [&](std::string_view key, const std::string& text) {
        object[key] = text;
        size += text.size();
    };
    if (change.user) put("user", *change.user);
    if (change.auth) put("auth", std::string(word_of(*change.auth)));
    if (change.iam_cluster) put("iam_cluster", *change.iam_cluster);
    if (change.iam_region) put("iam_region", *change.iam_region);
    if (change.password) put("password", change.password->reveal());
    if (change.cluster_ca_pem) put("ca", *change.cluster_ca_pem);
    if (change.signer) put("signer", *change.signer);
    if (change.revoke_old) object["revoke_old"] = *change.revoke_old;
    return wiping_serialize(object, size);
}

Result<config::ImportRequest> parse_import_request(std::string_view text) {
    WipingMemory memory;
    return parse_whole<config::ImportRequest>(
        text, kBodyLimit,
        [](Fields& top, config::ImportRequest& request) {
            top.only({"name", "kind", "config", "config_name", "cert", "key", "clusters", "password", "ca"});
            top.read("name", request.name, 256);
            if (top.has("kind")) top.read_word("kind", request.kind, parse_kind);
            top.read_optional("config", request.ovpn_text, kBodyLimit);
            top.read_optional("config_name", request.ovpn_name, 1024);
            top.read_optional("cert", request.cert_pem, kBodyLimit);
            read_secret(top, "key", request.key_pem);
            top.read_list(
                "clusters", request.clusters, [](Fields& f, config::ClusterRequest& cluster) { read(f, cluster); }, 64);
            read_secret(top, "password", request.password);
            top.read_optional("ca", request.cluster_ca_pem, kBodyLimit);
        },
        &memory);
}

Result<config::ProfileChange> parse_profile_change(std::string_view text) {
    WipingMemory memory;
    return parse_whole<config::ProfileChange>(
        text, kBodyLimit,
        [](Fields& top, config::ProfileChange& change) {
            top.only(
                {"clusters", "user", "auth", "iam_cluster", "iam_region", "password", "ca", "signer", "revoke_old"});
            if (top.has("clusters")) {
                top.read_list(
                    "clusters", change.clusters.emplace(),
                    [](Fields& f, config::ClusterChange& cluster) {
                        f.only({"endpoint", "tls"});
                        f.read("endpoint", cluster.endpoint, 512);
                        if (f.has("tls")) f.read_word("tls", cluster.tls.emplace(), parse_tls);
                    },
                    64);
            }
            if (top.has("user")) top.read("user", change.user.emplace(), 512);
            if (top.has("auth")) top.read_word("auth", change.auth.emplace(), parse_auth);
            if (top.has("iam_cluster")) top.read("iam_cluster", change.iam_cluster.emplace(), 512);
            if (top.has("iam_region")) top.read("iam_region", change.iam_region.emplace(), 512);
            if (top.has("password")) read_secret(top, "password", change.password.emplace());
            if (top.has("ca")) top.read("ca", change.cluster_ca_pem.emplace(), kBodyLimit);
            if (top.has("signer")) top.read("signer", change.signer.emplace(), 1024);
            if (top.has("revoke_old")) top.read_bool("revoke_old", change.revoke_old.emplace());
        },
        &memory);
}

}  // namespace memdb::control
