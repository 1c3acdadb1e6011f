#include "config/profile_parser.hpp"

#include "config/change_policy.hpp"
#include "config/endpoint_parser.hpp"
#include "config/iam_policy.hpp"
#include "config/toml_document.hpp"
#include "config/visible_text.hpp"

#include <fmt/format.h>

namespace memdb::config {
namespace {

constexpr std::int64_t kSchema = 1;
constexpr std::int64_t kRevisionLimit = 4'000'000'000;

/// Takes keys out of one table; what is left at the end is unknown.
class TableReader {
  public:
    TableReader(const toml::table& table, std::string prefix, TomlProblems& problems)
        : table_(table), prefix_(std::move(prefix)), problems_(problems) {}

    /// The node of a required key; its absence is a problem.
    const toml::node* take(std::string_view key) {
        taken_.push_back(key);
        const toml::node* node = table_.get(key);
        if (node == nullptr) problems_.add(line_of(table_), path(key), "is missing");
        return node;
    }

    std::string text(std::string_view key) {
        const toml::node* node = take(key);
        return node == nullptr ? std::string{} : read_text(*node, path(key), problems_).value_or(std::string{});
    }

    bool boolean(std::string_view key) {
        const toml::node* node = take(key);
        return node != nullptr && read_bool(*node, path(key), problems_).value_or(false);
    }

    std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max) {
        const toml::node* node = take(key);
        return node == nullptr ? min : read_integer(*node, path(key), min, max, problems_).value_or(min);
    }

    void problem(std::string_view key, std::string_view reason) {
        const toml::node* node = table_.get(key);
        problems_.add(node == nullptr ? line_of(table_) : line_of(*node), path(key), reason);
    }

    /// Reports keys that nobody took.
    void finish() {
        for (const auto& [word, node] : table_) {
            bool known = false;
            for (const std::string_view key : taken_) known = known || key == word.str();
            if (!known) problems_.add(word.source().begin.line, path(word.str()), "unknown key");
        }
    }

    /// Keys that may be absent, such as the list of remotes of a direct profile.
    const toml::node* take_optional(std::string_view key) {
        taken_.push_back(key);
        return table_.get(key);
    }

  private:
    [[nodiscard]] std::string path(std::string_view key) const { return prefix_ + std::string(key); }

    const toml::table& table_;
    std::string prefix_;
    TomlProblems& problems_;
    std::vector<std::string_view> taken_;
};

std::string read_host(TableReader& reader) {
    std::string text = reader.text("host");
    const auto host = parse_host(text);
    if (!text.empty() && !host) reader.problem("host", host.error().message);
    if (host && *host != text) reader.problem("host", "is not in its normal form");
    return text;
}

Remote read_remote(const toml::table& table, TomlProblems& problems) {
    TableReader reader(table, "remote.", problems);
    Remote remote;
    remote.host = read_host(reader);
    remote.port = static_cast<std::uint16_t>(reader.integer("port", 1, 65535));
    const std::string proto = reader.text("proto");
    if (const auto protocol = parse_protocol(proto)) {
        remote.transport = protocol->transport;
        remote.family = protocol->family;
    } else if (!proto.empty()) {
        reader.problem("proto", "must be udp, udp4, udp6, tcp, tcp4 or tcp6");
    }
    reader.finish();
    return remote;
}

/// Keys of a cluster whose user logs in by IAM; others have none of them.
void read_iam(TableReader& reader, Cluster& cluster) {
    if (reader.take_optional("auth") == nullptr) return;
    if (reader.text("auth") != "iam") reader.problem("auth", "must be iam");
    const IamName name{reader.text("iam_cluster"), reader.text("iam_region")};
    if (!is_cluster_name(name.cluster)) reader.problem("iam_cluster", "is no cluster's name");
    if (!is_region(name.region)) reader.problem("iam_region", "is no region");
    if (cluster.user.empty()) reader.problem("user", "must not be empty with auth = \"iam\"");
    if (cluster.tls == ClusterTls::off) reader.problem("tls", "must be on with auth = \"iam\"");
    cluster.iam = name;
}

Cluster read_cluster(const toml::table& table, TomlProblems& problems) {
    TableReader reader(table, "cluster.", problems);
    Cluster cluster;
    cluster.host = read_host(reader);
    cluster.port = static_cast<std::uint16_t>(reader.integer("port", 1, 65535));
    const std::string tls = reader.text("tls");
    if (!tls.empty() && tls != "on" && tls != "off") reader.problem("tls", "must be on or off");
    cluster.tls = tls == "off" ? ClusterTls::off : ClusterTls::on;
    cluster.user = reader.text("user");
    if (!cluster.user.empty()) {
        if (const auto user = check_user(cluster.user); !user) reader.problem("user", user.error().message);
    }
    read_iam(reader, cluster);
    reader.finish();
    return cluster;
}

/// Reads the array of tables `key`; nothing when it is absent.
template <class T>
std::vector<T> read_list(TableReader& reader, std::string_view key, std::size_t limit, TomlProblems& problems,
                         T (*read_one)(const toml::table&, TomlProblems&)) {
    std::vector<T> list;
    const toml::node* node = reader.take_optional(key);
    if (node == nullptr) return list;
    const toml::array* array = node->as_array();
    if (array == nullptr) {
        reader.problem(key, fmt::format("must be tables, is {}", kind_of(*node)));
        return list;
    }
    if (array->size() > limit) {
        reader.problem(key, fmt::format("at most {} are allowed, there are {}", limit, array->size()));
        return list;
    }
    for (const toml::node& item : *array) {
        if (const toml::table* table = item.as_table()) {
            list.push_back(read_one(*table, problems));
        } else {
            reader.problem(key, fmt::format("must be tables, has {}", kind_of(item)));
        }
    }
    return list;
}

}  // namespace

std::optional<Protocol> parse_protocol(std::string_view word) noexcept {
    using enum Transport;
    using enum AddressFamily;
    struct Row {
        std::string_view word;
        Protocol protocol;
    };
    static constexpr Row rows[] = {
        {"udp", {udp, any}},        {"udp4", {udp, ipv4}},        {"udp6", {udp, ipv6}},
        {"tcp", {tcp, any}},        {"tcp4", {tcp, ipv4}},        {"tcp6", {tcp, ipv6}},
        {"tcp-client", {tcp, any}}, {"tcp4-client", {tcp, ipv4}}, {"tcp6-client", {tcp, ipv6}},
    };
    for (const Row& row : rows) {
        if (row.word == word) return row.protocol;
    }
    return std::nullopt;
}

std::string_view to_string(ProfileKind kind) noexcept {
    switch (kind) {
        case ProfileKind::tunnel: return "tunnel";
        case ProfileKind::direct: return "direct";
    }
    return "?";
}

std::string_view to_string(Transport transport, AddressFamily family) noexcept {
    const bool tcp = transport == Transport::tcp;
    switch (family) {
        case AddressFamily::any: return tcp ? "tcp" : "udp";
        case AddressFamily::ipv4: return tcp ? "tcp4" : "udp4";
        case AddressFamily::ipv6: return tcp ? "tcp6" : "udp6";
    }
    return "?";
}

Result<Profile> parse_profile(std::string_view text, std::string_view file_name) {
    const auto document = parse_toml(text, file_name, kProfileSizeLimit);
    if (!document) return document.error();

    TomlProblems problems{file_name};
    TableReader reader(*document, "", problems);
    Profile profile;
    reader.integer("schema", kSchema, kSchema);
    profile.name = reader.text("name");
    if (const auto name = check_profile_name(profile.name); !name) reader.problem("name", name.error().message);
    const std::string kind = reader.text("kind");
    if (kind != "tunnel" && kind != "direct") reader.problem("kind", "must be tunnel or direct");
    profile.kind = kind == "direct" ? ProfileKind::direct : ProfileKind::tunnel;
    profile.random_hostname = reader.boolean("random_hostname");
    profile.has_password = reader.boolean("has_password");
    profile.has_cluster_ca = reader.boolean("has_cluster_ca");
    if (reader.take_optional("revision") != nullptr)
        profile.revision = static_cast<std::uint32_t>(reader.integer("revision", 0, kRevisionLimit));
    if (reader.take_optional("signer") != nullptr) {
        profile.signer = reader.text("signer");
        if (const auto good = check_signer(profile.signer); !good) reader.problem("signer", good.error().message);
        profile.signer_uid = static_cast<std::uint32_t>(reader.integer("signer_uid", 0, 0xffffffff));
    }
    if (reader.take_optional("revoke_old") != nullptr) {
        profile.revoke_old = reader.boolean("revoke_old");
        profile.revoke_old_uid = static_cast<std::uint32_t>(reader.integer("revoke_old_uid", 0, 0xffffffff));
        if (!profile.revoke_old || !can_revoke(profile.signer))
            reader.problem("revoke_old", "must be true, beside a signer pki:/DIR");
    }
    profile.remotes = read_list(reader, "remote", kRemoteLimit, problems, read_remote);
    profile.clusters = read_list(reader, "cluster", kClusterLimit, problems, read_cluster);
    reader.finish();

    if (profile.kind == ProfileKind::tunnel && profile.remotes.empty()) reader.problem("remote", "is missing");
    if (profile.kind == ProfileKind::direct && !profile.remotes.empty()) {
        reader.problem("remote", "a direct profile has none");
    }
    if (profile.clusters.empty()) reader.problem("cluster", "is missing");
    if (!problems.empty()) return problems.failure();
    return profile;
}

// Every text in a profile was checked against a set without quote, backslash and control characters, so that none needs
// escaping here.
std::string write_profile(const Profile& profile) {
    std::string text = fmt::format(
        "# Written by memdbd; change it with `memdbctl profile`.\n"
        "schema = {}\nname = \"{}\"\nkind = \"{}\"\nrandom_hostname = {}\nhas_password = {}\nhas_cluster_ca = {}\n",
        kSchema, profile.name, to_string(profile.kind), profile.random_hostname, profile.has_password,
        profile.has_cluster_ca);
    if (profile.revision != 0) text += fmt::format("revision = {}\n", profile.revision);
    if (!profile.signer.empty())
        text += fmt::format("signer = \"{}\"\nsigner_uid = {}\n", profile.signer, profile.signer_uid);
    if (profile.revoke_old) text += fmt::format("revoke_old = true\nrevoke_old_uid = {}\n", profile.revoke_old_uid);
    for (const Remote& remote : profile.remotes) {
        text += fmt::format("\n[[remote]]\nhost = \"{}\"\nport = {}\nproto = \"{}\"\n", remote.host, remote.port,
                            to_string(remote.transport, remote.family));
    }
    for (const Cluster& cluster : profile.clusters) {
        text += fmt::format("\n[[cluster]]\nhost = \"{}\"\nport = {}\ntls = \"{}\"\nuser = \"{}\"\n", cluster.host,
                            cluster.port, cluster.tls == ClusterTls::on ? "on" : "off", cluster.user);
        if (cluster.iam)
            text += fmt::format("auth = \"iam\"\niam_cluster = \"{}\"\niam_region = \"{}\"\n", cluster.iam->cluster,
                                cluster.iam->region);
    }
    return text;
}

}  // namespace memdb::config
