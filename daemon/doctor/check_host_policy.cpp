// This machine and the profile's files.
#include "doctor/check_looks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace memdb::doctor {
namespace {

using enum health::CheckState;
using control::CredentialView;

constexpr int kOldestMajor = 2, kOldestMinor = 5;  // older ones lack management commands that memdbd needs

/// More than that and logins by IAM fail, and certificates are judged by the wrong day.
constexpr Duration kClockTolerance = 60s;

/// "2.6.14" -> {2, 6}. Nothing for what is no version.
std::optional<std::pair<int, int>> version_of(std::string_view text) {
    int major = 0, minor = 0;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, major);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return std::nullopt;
    if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc{}) return std::nullopt;
    return std::pair(major, minor);
}

std::string key_text(const CredentialView& credential) {
    std::string type = credential.key_type.value_or("unknown key");
    std::ranges::transform(type, type.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return credential.key_bits ? fmt::format("{} {}", type, *credential.key_bits) : type;
}

bool has(const std::vector<std::string>& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
}

}  // namespace

std::optional<Look> look_at_openvpn(const Scene& scene) {
    if (!scene.openvpn) return std::nullopt;
    const ProgramSeen& seen = *scene.openvpn;
    if (!seen.trouble.empty()) return Look{fail, fmt::format("{}: {}", seen.path, seen.trouble), "openvpn-missing"};
    const auto version = version_of(seen.version);
    if (version && *version < std::pair(kOldestMajor, kOldestMinor))
        return Look{fail,
                    fmt::format("{} is version {}; memdbd needs {}.{} or newer", seen.path, seen.version, kOldestMajor,
                                kOldestMinor),
                    "openvpn-too-old",
                    "install a newer openvpn: `sudo apt install openvpn`, then `memdbctl reconnect`"};
    return Look{pass, fmt::format("{} {}", seen.path, version ? seen.version : "runs, but does not tell its version")};
}

std::optional<Look> look_at_tun(const Scene& scene) {
    if (!scene.tun) return std::nullopt;
    if (!scene.tun->empty()) return Look{fail, "/dev/net/tun: " + *scene.tun, "tun-device-unavailable"};
    return Look{pass, "/dev/net/tun can be opened"};
}

std::optional<Look> look_at_capability(const Scene& scene) {
    if (!scene.net_admin) return std::nullopt;
    if (!*scene.net_admin) return Look{fail, "memdbd runs without CAP_NET_ADMIN", "no-net-admin"};
    return Look{pass, "memdbd has CAP_NET_ADMIN"};
}

std::optional<Look> look_at_configuration(const Scene& scene) {
    if (!scene.configuration_trouble.empty()) return Look{fail, scene.configuration_trouble, "state-unreadable"};
    std::vector<std::string> clusters;
    for (const auto& cluster : scene.view.clusters) clusters.push_back(cluster.endpoint);
    return Look{pass, fmt::format("{} profile {}: {}", scene.view.kind, scene.view.name, fmt::join(clusters, ", "))};
}

std::optional<Look> look_at_others(const Scene& scene) {
    if (!scene.overlap.empty()) return Look{fail, scene.overlap, "profile-overlap"};
    if (!scene.knows_networks)
        return Look{skip, "what lies behind the tunnel is not known before the first connection"};
    return Look{pass, "no other profile in use leads to these addresses"};
}

std::optional<Look> look_at_certificate(const Scene& scene) {
    if (!scene.credential_trouble.empty()) return Look{fail, scene.credential_trouble, scene.credential_code};
    if (!scene.view.credential) return Look{fail, "there is no usable certificate and key", "client-cert-unusable"};
    const CredentialView& credential = *scene.view.credential;
    const std::string what =
        fmt::format("{}{}, {}", credential.generation > 0 ? fmt::format("generation {}, ", credential.generation) : "",
                    credential.subject, key_text(credential));
    if (credential.state == "expired") return Look{fail, what + ": it has expired", "client-cert-expired"};
    if (credential.state == "not-yet-valid")
        return Look{fail, what + ": it is not valid yet", "client-cert-not-yet-valid"};
    if (credential.state == "unusable") return Look{fail, what + ": it cannot be used", "client-cert-unusable"};
    if (!credential.extended_key_usage.empty() && !has(credential.extended_key_usage, "clientAuth"))
        return Look{fail, what + ": it is not for client use (extended key usage)", "client-cert-unusable"};
    if (credential.key_type != "rsa" || credential.key_bits.value_or(2048) != 2048)
        return Look{warn, what + ": AWS Client VPN documents RSA 2048", "",
                    "if the endpoint refuses it, make another one: `memdbctl rotate`"};
    return Look{pass, fmt::format("{}, {} days left", what, credential.days_left)};
}

std::optional<Look> look_at_chain(const Scene& scene) {
    if (!scene.view.credential || !scene.view.credential->chain) return std::nullopt;
    const auto& chain = *scene.view.credential->chain;
    if (chain.verified) return Look{pass, "issued by " + chain.authority.value_or("a CA of the configuration")};
    return Look{
        pass,
        fmt::format("issued by {}, no CA of the configuration ({}): right only if the endpoint's client CA is another "
                    "than its server's",
                    scene.view.credential->issuer, chain.problem.value_or("no reason known"))};
}

std::optional<Look> look_at_list(const Scene& scene) {
    if (!scene.view.credential || !scene.view.credential->crl)
        return Look{skip,
                    "memdbd was given no list, so only AWS knows the endpoint's: `memdbctl key crl` gives it one"};
    const auto& crl = *scene.view.credential->crl;
    if (crl.revoked) return Look{fail, "this certificate is on the list", "client-cert-unusable"};
    if (crl.days_left && *crl.days_left < 0)
        return Look{fail, "the list given to memdbd has expired", "crl-expired", {}, true};
    return Look{pass, crl.days_left
                          ? fmt::format("{} revoked, this certificate not among them; the list holds for {} days",
                                        crl.entries, *crl.days_left)
                          : fmt::format("{} revoked, this certificate not among them", crl.entries)};
}

std::optional<Look> look_at_clock(const Scene& scene) {
    const std::string kept = !scene.synchronised   ? ""
                             : *scene.synchronised ? "; NTP keeps it right"
                                                   : "; no NTP keeps it right";
    if (!scene.node || !scene.node->clock_ahead) return Look{pass, "no server's date to compare with" + kept};
    const Duration ahead = *scene.node->clock_ahead;
    if (ahead == 0ms) return Look{pass, fmt::format("it agrees with the clock of {}{}", scene.node->node, kept)};
    const std::string text =
        fmt::format("{:.1f} s {} the clock of {}{}", static_cast<double>(std::abs(ahead.count())) / 1000.0,
                    ahead > 0ms ? "ahead of" : "behind", scene.node->node, kept);
    if (std::chrono::abs(ahead) <= kClockTolerance) return Look{pass, text};
    return Look{warn, "this machine's clock is " + text, "",
                "set it right: `sudo timedatectl set-ntp true`; certificates and IAM tokens are judged by it"};
}

std::optional<Look> look_at_agent(const Scene&) { return Look{pass, "nothing is known to be wrong with it"}; }

}  // namespace memdb::doctor
