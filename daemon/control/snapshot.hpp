// The one read model: what `GET /v1/status` shows, as plain values (design §6, schema version 1).
//
// Made by app/snapshot_builder, turned into JSON and back by control/api, shown by client/render. Fields are only ever
// added within schema 1; an empty optional is absent in JSON and means "unknown".
#pragma once

#include "base/time.hpp"
#include "health/finding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::control {

enum class Wanted : std::uint8_t { connected, disconnected };
enum class LayerState : std::uint8_t { ok, failed, unknown, skipped };
enum class NodeState : std::uint8_t { ok, failed, unknown };

struct AgentView {
    std::string version;
    int pid = 0;
    WallTime started_at{};
    std::int64_t uptime_s = 0;
    bool operator==(const AgentView&) const = default;
};

/// What systemd-resolved was, or would have to be, told of the tunnel's device.
struct DnsView {
    std::vector<std::string> servers;    ///< "10.20.0.2", "10.20.0.2:5353"
    std::vector<std::string> domains;    ///< as resolvectl shows them: "~demo.lab.test"; "~." is every name
    bool applied = false;                ///< it took it
    std::optional<std::string> trouble;  ///< why not: one phrase
    bool operator==(const DnsView&) const = default;
};

struct TunnelView {
    std::string phase;  ///< tunnel::to_string(Phase)
    WallTime since{};
    std::optional<std::string> device;    ///< "tun0"
    std::optional<std::string> address;   ///< ours, inside the tunnel
    std::optional<std::string> endpoint;  ///< as the configuration names it: "cvpn-endpoint-….amazonaws.com:443"
    std::optional<std::string> server;    ///< "192.0.2.1:443", "[2001:db8::1]:443"
    std::optional<int> openvpn_pid;
    std::uint64_t attempt = 0;   ///< attempts since the tunnel was last up; 0 while it is up
    std::uint64_t restarts = 0;  ///< since memdbd started; what a person asked for does not count
    std::optional<std::string> last_restart_cause;
    std::optional<std::string> blocked_cause;  ///< a finding code, only in phase "blocked"
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::optional<WallTime> retry_at;
    std::optional<WallTime> session_ends_at;
    std::optional<DnsView> dns{};  ///< while it is up
    bool operator==(const TunnelView&) const = default;
};

struct LayerView {
    health::Layer layer{};
    LayerState state = LayerState::unknown;
    std::optional<WallTime> since;
    std::optional<WallTime> checked_at;
    bool operator==(const LayerView&) const = default;
};

/// Durations of the last complete proof, microseconds; a stage that was not run is absent.
struct StagesView {
    std::optional<std::int64_t> dns, tcp, tls, auth, ping;
    bool operator==(const StagesView&) const = default;
};

struct NodeView {
    std::string name;
    std::optional<std::string> address;
    std::optional<std::string> role;   ///< "primary" or "replica"
    std::optional<std::string> shard;  ///< "1", "2", …: in order of the first slot
    NodeState state = NodeState::unknown;
    std::optional<std::int64_t> ping_us;  ///< the last answered PING
    StagesView stages_us;
    std::optional<WallTime> last_ok_at;
    std::optional<std::string> finding;  ///< code
    bool operator==(const NodeView&) const = default;
};

/// Of a cluster whose user logs in by IAM: what tokens are signed for, and how the last one stands.
struct IamView {
    std::string user;
    std::string cluster;  ///< its name at AWS
    std::string region;
    std::optional<WallTime> token_signed_at;     ///< absent: the agent has had none
    std::optional<WallTime> token_expires_at;    ///< with it; may be past
    std::optional<WallTime> connections_end_at;  ///< of the kept connection that MemoryDB ends first
    bool mints = false;                          ///< the agent signs tokens itself
    bool operator==(const IamView&) const = default;
};

struct ClusterView {
    std::string endpoint;  ///< "clustercfg.demo.lab.memorydb.test:6379"
    health::Verdict verdict = health::Verdict::stopped;
    std::optional<unsigned> slots_covered;  ///< of 16384; absent when not in cluster mode or unknown
    std::vector<NodeView> nodes;
    std::optional<IamView> iam{};
    std::optional<bool> tls{};          ///< as the profile wants it; absent: an agent that does not tell
    std::optional<std::string> user{};  ///< ACL user; absent: no AUTH
    bool private_ca = false;            ///< not the system's certificates are trusted: GET /v1/profiles/P/ca
    bool operator==(const ClusterView&) const = default;
};

/// A certificate that the profile's configuration holds: one of its CAs, or its copy of the server's.
struct CertificateView {
    std::string subject;
    std::string issuer;
    std::string serial;       ///< hex, upper case
    std::string fingerprint;  ///< SHA-256, hex, upper case
    WallTime not_before{};
    WallTime not_after{};
    std::int64_t days_left = 0;
    bool operator==(const CertificateView&) const = default;
};

/// Whether the client certificate was issued by a CA of the configuration. Not so is no fault: AWS lets the clients'
/// CA be another one than the server's.
struct ChainView {
    bool verified = false;
    std::optional<std::string> authority;  ///< subject of the CA it ends at; only when verified
    std::optional<std::string> problem;    ///< one phrase; only when not verified
    bool operator==(const ChainView&) const = default;
};

struct RevocationView {
    WallTime at{};
    std::string reason;  ///< "keyCompromise", …; "unspecified"
    bool operator==(const RevocationView&) const = default;
};

/// The certificate revocation list that the agent was handed.
struct CrlView {
    std::string issuer;
    WallTime last_update{};
    std::optional<WallTime> next_update;
    std::optional<std::int64_t> days_left;  ///< until next_update
    std::uint64_t entries = 0;
    bool verified = false;                  ///< signed by a CA of the configuration
    std::optional<RevocationView> revoked;  ///< this profile's certificate is on it
    bool operator==(const CrlView&) const = default;
};

struct CredentialView {
    unsigned generation = 0;
    std::string subject;
    std::string issuer;
    std::string serial;  ///< hex, upper case
    WallTime not_before{};
    WallTime not_after{};
    std::int64_t days_left = 0;
    std::optional<WallTime> ca_not_after;
    std::string state;                    ///< "valid", "expiring", "expired", "not-yet-valid", "unusable"
    std::optional<std::string> key_type;  ///< "rsa", "ec", "other"
    std::optional<int> key_bits;
    std::vector<std::string> key_usage;           ///< "digitalSignature", …; empty: the certificate does not say
    std::vector<std::string> extended_key_usage;  ///< "clientAuth", …, or an OID
    std::optional<std::string> fingerprint;       ///< SHA-256, hex, upper case
    std::optional<ChainView> chain;
    std::vector<CertificateView> authorities;  ///< of the configuration's <ca>
    std::optional<CertificateView> server;     ///< a server's certificate in the same block
    std::optional<CrlView> crl;
    std::optional<unsigned> previous_generation;  ///< what `key rollback` would go back to
    std::optional<WallTime> rotate_at;            ///< when rotation is due; absent: it is never asked for
    bool operator==(const CredentialView&) const = default;
};

/// Something that a rotation has done.
struct RotationStep {
    std::string step;  ///< "requested", "checked", "proven", "switched", "confirmed", "reverted", "failed"
    WallTime at{};
    std::int64_t after_ms = 0;  ///< since the step before; 0 for the first
    bool operator==(const RotationStep&) const = default;
};

/// A new key on its way into force, or how the last one ended.
struct RotationView {
    std::string phase;  ///< keys::to_string(RotationPhase)
    unsigned generation = 0;
    std::optional<unsigned> from;  ///< in force before
    std::string common_name;
    std::optional<std::string> reason;
    WallTime started_at{};
    std::vector<RotationStep> steps;
    std::optional<std::string> message;  ///< why it failed or went back, or what it waits for: one sentence
    bool operator==(const RotationView&) const = default;
};

struct ProfileView {
    std::string name;
    std::string kind;  ///< "tunnel" or "direct"
    health::Verdict verdict = health::Verdict::stopped;
    WallTime since{};  ///< of the verdict
    Wanted wanted = Wanted::disconnected;
    std::optional<TunnelView> tunnel;  ///< absent for a direct profile
    std::vector<LayerView> layers;     ///< all ten, in order
    std::vector<ClusterView> clusters;
    std::optional<CredentialView> credential;
    std::vector<health::Finding> findings;  ///< visible ones, root cause first
    std::optional<RotationView> rotation;
    std::optional<std::string> signer;            ///< "manual", "pki:DIR", "acm-pca:ARN", "command:PROGRAM"
    std::optional<std::uint32_t> signer_uid;      ///< who set it: nobody else may run it unseen
    std::optional<bool> revoke_old;               ///< with a signer pki: whether a rotation revokes the old certificate
    std::optional<std::uint32_t> revoke_old_uid;  ///< who wants that: with nobody else's rights
    bool operator==(const ProfileView&) const = default;
};

struct Snapshot {
    int schema = 1;
    AgentView agent;
    std::vector<ProfileView> profiles;      ///< by name
    std::vector<health::Finding> findings;  ///< about the agent itself (layer "agent")
    bool operator==(const Snapshot&) const = default;
};

std::string_view to_string(Wanted wanted) noexcept;
std::string_view to_string(LayerState state) noexcept;
std::string_view to_string(NodeState state) noexcept;

/// The inverse of to_string; nothing for a word that this version does not know.
std::optional<Wanted> parse_wanted(std::string_view word) noexcept;
std::optional<LayerState> parse_layer_state(std::string_view word) noexcept;
std::optional<NodeState> parse_node_state(std::string_view word) noexcept;

/// The profile of that name, or null. Ownership stays with the snapshot.
const ProfileView* find_profile(const Snapshot& snapshot, std::string_view name) noexcept;

}  // namespace memdb::control
