// A profile as it is kept in profiles/P/profile.toml: what `profile import` was told, judged and normalised.
//
// Plain values; profile_parser turns them into text and back. Secrets and certificates lie in files of their own beside
// it (keys/profile_store).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::config {

inline constexpr std::size_t kProfileNameLimit = 32;  ///< bytes; it becomes a folder and part of a socket's name
inline constexpr std::size_t kClusterLimit = 8;       ///< clusters of one profile
inline constexpr std::size_t kRemoteLimit = 16;       ///< addresses of one endpoint
inline constexpr std::uint16_t kRedisPort = 6379;

enum class ProfileKind : std::uint8_t {
    tunnel,  ///< through an AWS Client VPN endpoint
    direct,  ///< no tunnel: memdbd runs inside the VPC or a peered one
};

enum class Transport : std::uint8_t { udp, tcp };
enum class AddressFamily : std::uint8_t { any, ipv4, ipv6 };

/// Where openvpn dials. memdbd resolves the name; openvpn only gets an address.
struct Remote {
    std::string host;  ///< lower case, without "*."; or an address literal without brackets
    std::uint16_t port = 443;
    Transport transport = Transport::udp;
    AddressFamily family = AddressFamily::any;
    bool operator==(const Remote&) const = default;
};

enum class ClusterTls : std::uint8_t { on, off };

/// What an IAM token for a cluster is signed for.
struct IamName {
    std::string cluster;  ///< its name at AWS, not its endpoint
    std::string region;   ///< "eu-central-1"
    bool operator==(const IamName&) const = default;
};

/// One MemoryDB cluster, by its cluster endpoint.
struct Cluster {
    std::string host;  ///< lower case; or an address literal without brackets
    std::uint16_t port = kRedisPort;
    ClusterTls tls = ClusterTls::on;
    std::string user;              ///< ACL user; empty: no AUTH. Its password is the profile's, in a file of its own
    std::optional<IamName> iam{};  ///< with TLS and a user only: a pushed token is its password, never stored
    bool operator==(const Cluster&) const = default;
};

struct Profile {
    std::string name;
    ProfileKind kind = ProfileKind::tunnel;
    std::vector<Remote> remotes;    ///< kind tunnel: 1 … kRemoteLimit, in the order to try; else none
    bool random_hostname = false;   ///< put a label of our own in front of a remote's name before resolving it
    std::vector<Cluster> clusters;  ///< 1 … kClusterLimit
    bool has_password = false;      ///< profiles/P/cluster-password must exist
    bool has_cluster_ca = false;    ///< profiles/P/cluster-ca.pem must exist; else the system's trust is used
    /// Grows with each `profile set` and names the files of the password and the CA: "cluster-password.3". 0: as
    /// imported, without a number. So one rename of profile.toml puts all of a change in force.
    std::uint32_t revision = 0;
    std::string signer;            ///< who signs new keys, such as "pki:/home/me/pki"; empty: nobody was named
    std::uint32_t signer_uid = 0;  ///< who named the signer
    bool revoke_old = false;       ///< signer "pki:…": once a rotation is confirmed, the old certificate is revoked
    std::uint32_t revoke_old_uid = 0;  ///< who wants that: another one than the signer's, perhaps
    bool operator==(const Profile&) const = default;
};

std::string_view to_string(ProfileKind kind) noexcept;

/// "udp", "udp4", "tcp6", …: what openvpn's `proto` is called.
std::string_view to_string(Transport transport, AddressFamily family) noexcept;

/// "HOST:PORT", with brackets round an IPv6 literal.
std::string endpoint_text(std::string_view host, std::uint16_t port);

}  // namespace memdb::config
