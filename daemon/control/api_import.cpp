// ImportRequest as JSON: {"name","kind","config","config_name","cert","key","clusters":[{"endpoint","user","tls"}],
// "password","ca"}. Everything it allocates for JSON is wiped when released, because the key and the password are in
// it.
#include "control/api.hpp"
#include "control/api_fields.hpp"

#include <new>

namespace memdb::control {
namespace {

/// Overwrites memory before giving it back.
class WipingMemory final : public json::memory_resource {
    void* do_allocate(std::size_t size, std::size_t) override {
        return ::operator new(size);
    }  // JSON needs no more alignment
    void do_deallocate(void* at, std::size_t size, std::size_t) override {
        volatile char* bytes = static_cast<char*>(at);
        for (std::size_t i = 0; i < size; ++i) bytes[i] = '\0';
        ::operator delete(at);
    }
    bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }
};

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

void read(Fields& f, config::ClusterRequest& cluster) {
    f.only({"endpoint", "user", "tls"});
    f.read("endpoint", cluster.endpoint, 512);
    f.read_optional("user", cluster.user, 512);
    if (f.has("tls")) f.read_word("tls", cluster.tls, parse_tls);
}

/// A text straight into a Secret, without a copy left behind.
void read_secret(Fields& f, std::string_view key, Secret<>& out) {
    std::string text;
    f.read_optional(key, text, kBodyLimit);
    out = Secret<>(std::move(text));
    wipe(text);  // a short text is copied, not moved
}

/// @param size  of all texts in it: every byte may become \u00XX, and the text must not move and leave a copy behind.
std::string serialize(const json::object& object, std::size_t size) {
    std::string text;
    text.reserve(6 * size);
    json::serializer serializer;
    serializer.reset(&object);
    char piece[4096];
    while (!serializer.done()) {
        const auto part = serializer.read(piece, sizeof piece);
        text.append(part.data(), part.size());
    }
    volatile char* wiped = piece;
    for (std::size_t i = 0; i < sizeof piece; ++i) wiped[i] = '\0';
    return text;
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
        clusters.emplace_back(std::move(item));
    }
    object["clusters"] = std::move(clusters);
    put_text(object, "password", request.password.reveal());
    put_text(object, "ca", request.cluster_ca_pem);

    return serialize(object, request.ovpn_text.size() + request.ovpn_name.size() + request.cert_pem.size() +
                                 request.key_pem.reveal().size() + request.password.reveal().size() +
                                 request.cluster_ca_pem.size() + 700 * (request.clusters.size() + 1));
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
    if (change.password) put("password", change.password->reveal());
    if (change.cluster_ca_pem) put("ca", *change.cluster_ca_pem);
    if (change.signer) put("signer", *change.signer);
    if (change.revoke_old) object["revoke_old"] = *change.revoke_old;
    return serialize(object, size);
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
            top.only({"clusters", "user", "password", "ca", "signer", "revoke_old"});
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
            if (top.has("password")) read_secret(top, "password", change.password.emplace());
            if (top.has("ca")) top.read("ca", change.cluster_ca_pem.emplace(), kBodyLimit);
            if (top.has("signer")) top.read("signer", change.signer.emplace(), 1024);
            if (top.has("revoke_old")) top.read_bool("revoke_old", change.revoke_old.emplace());
        },
        &memory);
}

}  // namespace memdb::control
