#include "tunnel/failure_cause_map.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace memdb::tunnel {
namespace {

/// The first that knows `data-ciphers`; nobody maintains older ones any more.
constexpr std::pair kOldest{2, 5};

/// A line tells `cause` when it holds `text` and, unless empty, `also` and not `unless`.
struct Rule {
    std::string_view text, also, unless;
    Cause cause;
};

// The first that fits decides, so the more exact stand above the more general.
// clang-format off
constexpr Rule kRules[] = {
    // Before the hold: the command line, the configuration and its files.
    {"Options error: --cert fails with", "", "", Cause::client_cert_unusable},
    {"Options error: --key fails with", "", "", Cause::client_cert_unusable},
    // What the server pushes and openvpn does not know is skipped by openvpn (facts B.3: AWS pushes a bare auth-token).
    {"Options error:", "", "[PUSH-OPTIONS]", Cause::config_refused},
    {"Maximum option line length", "", "", Cause::config_refused},

    // The device.
    {"Cannot ioctl TUNSETIFF", "Operation not permitted", "", Cause::no_net_admin},
    {"Cannot open TUN/TAP dev", "", "", Cause::tun_device_unavailable},
    {"Cannot ioctl TUNSETIFF", "", "", Cause::tun_device_unavailable},
    {"Cannot allocate TUN/TAP dev dynamically", "", "", Cause::tun_device_unavailable},

    // Our own certificate and key.
    {"key values mismatch", "", "", Cause::client_key_mismatch},
    {"Private key does not match the certificate", "", "", Cause::client_key_mismatch},
    {"Your certificate has expired!", "", "", Cause::client_cert_expired},
    {"Your certificate is not yet valid!", "", "", Cause::client_cert_not_yet_valid},
    {"Cannot load certificate file", "", "", Cause::client_cert_unusable},
    {"Cannot load inline certificate file", "", "", Cause::client_cert_unusable},
    {"Cannot load private key file", "", "", Cause::client_cert_unusable},
    {"private key password verification failed", "", "", Cause::client_cert_unusable},
    {"can't ask for 'Enter Private Key Password:'", "", "", Cause::client_cert_unusable},
    {"ca md too weak", "", "", Cause::client_cert_unusable},
    {"ee key too small", "", "", Cause::client_cert_unusable},

    // The server's certificate.
    {"VERIFY ERROR:", "certificate has expired", "", Cause::server_cert_expired},
    {"VERIFY ERROR:", "certificate is not yet valid", "", Cause::server_cert_expired},
    {"VERIFY ERROR:", "", "CRL", Cause::server_cert_untrusted},
    {"VERIFY X509NAME ERROR:", "", "", Cause::server_name_mismatch},
    {"VERIFY EKU ERROR", "", "", Cause::server_cert_untrusted},
    {"VERIFY KU ERROR", "", "", Cause::server_cert_untrusted},

    // The server's answer. AUTH_FAILED,TEMP asks for another try.
    {"AUTH_FAILED", "", "AUTH_FAILED,TEMP", Cause::auth_failed},
    {"SIGTERM[soft,auth-failure]", "", "", Cause::auth_failed},

    // The network. Not every "Network is unreachable" is ours: routes through the tunnel fail with it too.
    {"Network unreachable, restarting", "", "", Cause::network_offline},
    {"write UDP", "Network is unreachable", "", Cause::network_offline},
    {"TCP: connect to", "Network is unreachable", "", Cause::network_offline},

    // Nothing came back, or somebody on the way says so.
    {"TLS key negotiation failed to occur within", "", "", Cause::endpoint_silent},
    {"read UDP", "Connection refused", "", Cause::endpoint_silent},
    {"read UDP", "No route to host", "", Cause::endpoint_silent},
    {"TCP: connect to", "failed:", "", Cause::endpoint_silent},
};
// clang-format on

/// The two numbers behind `text`, as "2.4"; nothing when there are none.
std::optional<std::pair<int, int>> version_at(std::string_view text) {
    int major = 0, minor = 0;
    const char* const end = text.data() + text.size();
    const auto [dot, error] = std::from_chars(text.data(), end, major);
    if (error != std::errc{} || dot == end || *dot != '.') return std::nullopt;
    if (std::from_chars(dot + 1, end, minor).ec != std::errc{}) return std::nullopt;
    return std::pair{major, minor};
}

/// openvpn's version, where a line tells it: "OpenVPN 2.6.14 x86_64-…" at its start, and behind an option that it does
/// not know, "…: data-ciphers (2.4.7)".
std::optional<std::pair<int, int>> version_in(std::string_view line) {
    constexpr std::string_view banner = "OpenVPN ", unknown = "Options error: Unrecognized option";
    if (line.starts_with(banner)) return version_at(line.substr(banner.size()));
    const auto bracket = line.rfind('(');
    // What a server pushes may end in any bracket.
    if (line.find("[PUSH-OPTIONS]") != std::string_view::npos) return std::nullopt;
    if (line.find(unknown) == std::string_view::npos || bracket == std::string_view::npos) return std::nullopt;
    return version_at(line.substr(bracket + 1));
}

/// "2026-11-23 15:44:01 ", which openvpn puts in front where it prints.
std::string_view without_time(std::string_view line) {
    constexpr std::size_t length = 20;
    const bool dated = line.size() > length && line[4] == '-' && line[13] == ':' && line[length - 1] == ' ';
    return dated ? line.substr(length) : line;
}

}  // namespace

Cause cause_of_log(std::string_view line) noexcept {
    const auto has = [&](std::string_view text) { return line.find(text) != std::string_view::npos; };
    // Behind VERIFY stands the subject of a certificate that nobody trusts yet: only VERIFY's own rules may read it.
    const bool verify = has("VERIFY ");
    // The echo of our own commands and of state lines says nothing new, and quotes text of the peer.
    if (!verify && has("MANAGEMENT:")) return Cause::none;
    // So does what the server pushes: it could name anything.
    if (!verify && has("PUSH: Received control message:")) return Cause::none;
    if (const auto version = verify ? std::nullopt : version_in(without_time(line)); version && *version < kOldest)
        return Cause::openvpn_too_old;
    for (const Rule& rule : kRules)
        if (verify == rule.text.starts_with("VERIFY ") && has(rule.text) && has(rule.also) &&
            (rule.unless.empty() || !has(rule.unless)))
            return rule.cause;
    return Cause::none;
}

Cause cause_of_spawn(Errc code) noexcept {
    const bool missing = code == Errc::not_found || code == Errc::not_permitted;
    return missing ? Cause::openvpn_missing : Cause::openvpn_crashed;  // the rest (no memory, no process) may pass
}

}  // namespace memdb::tunnel
