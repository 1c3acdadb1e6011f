#include "config/ovpn_catalog.hpp"

namespace memdb::config {
namespace {

using enum Treatment;

constexpr std::string_view kLogin =
    "the endpoint wants a user to log in; memdbd supports mutual certificates only, so that it can reconnect by itself";
constexpr std::string_view kProgram = "it runs a program";
constexpr std::string_view kCode = "it loads code";
constexpr std::string_view kWrites = "it writes a file";
constexpr std::string_view kReads = "it reads a file; memdbd opens no file that a configuration names";
constexpr std::string_view kProcess = "it changes the process, which is memdbd's to do";
constexpr std::string_view kTricks = "it changes how the rest is read";
constexpr std::string_view kManagement = "memdbd alone controls openvpn";
constexpr std::string_view kRoutes = "addresses, routes and DNS come from the endpoint";
constexpr std::string_view kDetour = "it sends the tunnel another way";
constexpr std::string_view kWeak = "it weakens the encryption";
constexpr std::string_view kServer = "it belongs to a server";
constexpr std::string_view kTlsKey = "AWS Client VPN does not use it";
constexpr std::string_view kOwnRetries = "memdbd owns the retries";
constexpr std::string_view kPushed = "the endpoint decides it";
constexpr std::string_view kOwnLog = "memdbd sets what openvpn logs";
constexpr std::string_view kWindows = "it is for Windows";
constexpr std::string_view kDefault = "not needed";
constexpr std::string_view kPushOnly = "only an endpoint may push it";
constexpr std::string_view kCommand = "it is a command of openvpn, no setting";
constexpr std::string_view kPkcs12 =
    "it reads a file; make PEM of it with `openssl pkcs12 -in FILE -nodes -out client.pem`, give that with --cert";
constexpr std::string_view kUsage = "write remote-cert-tls server instead";

// clang-format off
constexpr DirectiveRule kRules[] = {
    {"client", implied, ""}, {"pull", implied, ""}, {"tls-client", implied, ""}, {"nobind", implied, ""},
    {"persist-key", implied, ""}, {"persist-tun", implied, ""}, {"resolv-retry", implied, ""}, {"verb", implied, ""},

    {"dev", read, ""}, {"dev-type", read, ""}, {"proto", read, ""}, {"remote", read, ""}, {"port", read, ""}, {"rport", read, ""},
    {"remote-random-hostname", read, ""}, {"remote-cert-tls", read, ""}, {"verify-x509-name", read, ""}, {"cipher", read, ""},
    {"data-ciphers", read, ""}, {"auth", read, ""}, {"tls-version-min", read, ""}, {"reneg-sec", read, ""}, {"mssfix", read, ""},
    {"ca", read, ""}, {"cert", read, ""}, {"key", read, ""},

    {"mute", ignored, kOwnLog}, {"mute-replay-warnings", ignored, kOwnLog},
    {"connect-retry", ignored, kOwnRetries}, {"connect-retry-max", ignored, kOwnRetries}, {"connect-timeout", ignored, kOwnRetries},
    {"server-poll-timeout", ignored, kOwnRetries}, {"remote-random", ignored, kOwnRetries}, {"hand-window", ignored, kOwnRetries},
    {"ping", ignored, kPushed}, {"ping-restart", ignored, kPushed}, {"keepalive", ignored, kPushed}, {"topology", ignored, kPushed},
    {"persist-remote-ip", ignored, kOwnRetries}, {"explicit-exit-notify", ignored, kDefault}, {"auth-nocache", ignored, kDefault},
    {"float", ignored, kDefault}, {"sndbuf", ignored, kDefault}, {"rcvbuf", ignored, kDefault}, {"fast-io", ignored, kDefault},
    {"block-outside-dns", ignored, kWindows}, {"register-dns", ignored, kWindows}, {"route-method", ignored, kWindows},

    {"auth-federate", refused, kLogin}, {"auth-user-pass", refused, kLogin}, {"static-challenge", refused, kLogin},
    {"auth-retry", refused, kLogin},

    {"script-security", refused, kProgram}, {"up*", refused, kProgram}, {"down*", refused, kProgram},
    {"route-up", refused, kProgram}, {"route-pre-down", refused, kProgram}, {"ipchange", refused, kProgram},
    {"tls-verify", refused, kProgram}, {"auth-user-pass-verify", refused, kProgram}, {"client-connect", refused, kProgram},
    {"client-disconnect", refused, kProgram}, {"client-crresponse", refused, kProgram}, {"learn-address", refused, kProgram},
    {"tls-crypt-v2-verify", refused, kProgram}, {"iproute", refused, kProgram}, {"dns-updown", refused, kProgram},

    {"plugin", refused, kCode}, {"providers", refused, kCode}, {"engine", refused, kCode}, {"pkcs11-*", refused, kCode},

    {"log", refused, kWrites}, {"log-append", refused, kWrites}, {"status*", refused, kWrites}, {"writepid", refused, kWrites},
    {"replay-persist", refused, kWrites}, {"tls-export-cert", refused, kWrites}, {"ifconfig-pool*", refused, kWrites},
    {"memstats", refused, kWrites}, {"genkey", refused, kWrites}, {"tmp-dir", refused, kWrites},
    {"keying-material-exporter", refused, kWrites},

    {"cd", refused, kProcess}, {"chroot", refused, kProcess}, {"daemon", refused, kProcess}, {"syslog", refused, kProcess},
    {"nice", refused, kProcess}, {"mlock", refused, kProcess}, {"user", refused, kProcess}, {"group", refused, kProcess},
    {"setcon", refused, kProcess}, {"mktun", refused, kProcess}, {"rmtun", refused, kProcess}, {"dev-node", refused, kProcess},
    {"machine-readable-output", refused, kProcess},

    {"config", refused, kTricks}, {"setenv*", refused, kTricks}, {"ignore-unknown-option", refused, kTricks},
    {"connection", refused, kTricks}, {"pull-filter", refused, kTricks},

    {"management*", refused, kManagement}, {"remap-usr1", refused, kManagement}, {"echo", refused, kManagement},

    {"askpass", refused, kReads}, {"http-proxy-user-pass", refused, kReads}, {"capath", refused, kReads},
    {"crl-verify", refused, kReads}, {"pkcs12", refused, kPkcs12}, {"client-config-dir", refused, kReads},
    {"secret", refused, kReads}, {"extra-certs", refused, kReads},
    {"tls-auth", refused, kTlsKey}, {"tls-crypt*", refused, kTlsKey},

    {"socks-proxy*", refused, kDetour}, {"http-proxy*", refused, kDetour}, {"mark", refused, kDetour}, {"bind*", refused, kDetour},
    {"local", refused, kDetour}, {"lport", refused, kDetour}, {"lladdr", refused, kDetour}, {"port-share", refused, kDetour},
    {"route*", refused, kRoutes}, {"redirect-*", refused, kRoutes}, {"ifconfig*", refused, kRoutes}, {"client-nat", refused, kRoutes},
    {"dhcp-option", refused, kRoutes}, {"dns", refused, kRoutes}, {"block-ipv6", refused, kRoutes},

    {"tls-cert-profile", refused, kWeak}, {"tls-cipher*", refused, kWeak}, {"tls-groups", refused, kWeak}, {"compress", refused, kWeak}, {"comp-lzo", refused, kWeak},
    {"allow-*", refused, kWeak}, {"ns-cert-type", refused, kWeak}, {"compat-mode", refused, kWeak},
    {"data-ciphers-fallback", refused, kWeak}, {"ncp-disable", refused, kWeak}, {"no-replay", refused, kWeak},
    {"x509-username-field", refused, kWeak}, {"verify-hash", refused, kWeak}, {"peer-fingerprint", refused, kWeak},

    {"mode", refused, kServer}, {"server*", refused, kServer}, {"tls-server", refused, kServer}, {"push*", refused, kServer},
    {"duplicate-cn", refused, kServer}, {"dh", refused, kServer},

    {"inactive", ignored, kOwnRetries}, {"ping-exit", ignored, kOwnRetries}, {"ping-timer-rem", ignored, kOwnRetries},
    {"session-timeout", ignored, kOwnRetries}, {"single-session", ignored, kOwnRetries}, {"tls-exit", ignored, kOwnRetries},
    {"tls-timeout", ignored, kOwnRetries}, {"tran-window", ignored, kOwnRetries}, {"preresolve", ignored, kOwnRetries},
    {"persist-local-ip", ignored, kOwnRetries},
    {"replay-window", ignored, kDefault}, {"reneg-bytes", ignored, kDefault}, {"reneg-pkts", ignored, kDefault},
    {"passtos", ignored, kDefault}, {"mtu-disc", ignored, kDefault}, {"mtu-test", ignored, kDefault}, {"txqueuelen", ignored, kDefault},
    {"tcp-nodelay", ignored, kDefault}, {"socket-flags", ignored, kDefault}, {"shaper", ignored, kDefault},
    {"bcast-buffers", ignored, kDefault}, {"max-routes", ignored, kDefault}, {"disable-occ", ignored, kDefault},
    {"tun-ipv6", ignored, kDefault}, {"disable-dco", ignored, kDefault}, {"x509-track", ignored, kDefault},
    {"tun-mtu", ignored, kPushed}, {"tun-mtu-extra", ignored, kPushed}, {"tun-mtu-max", ignored, kPushed}, {"link-mtu", ignored, kPushed},
    {"udp-mtu", ignored, kPushed}, {"max-packet-size", ignored, kPushed},
    {"errors-to-stderr", ignored, kOwnLog}, {"suppress-timestamps", ignored, kOwnLog},
    {"auth-token", refused, kLogin}, {"auth-token-user", refused, kLogin},
    {"tls-version-max", refused, kWeak}, {"ecdh-curve", refused, kWeak}, {"prng", refused, kWeak}, {"comp-noadapt", refused, kWeak},
    {"ncp-ciphers", refused, kWeak}, {"opt-verify", refused, kWeak},
    {"remote-cert-eku", refused, kUsage}, {"remote-cert-ku", refused, kUsage},
    {"fragment", refused, kTlsKey}, {"mtu-dynamic", refused, kTlsKey}, {"key-direction", refused, kTlsKey},
    {"proto-force", refused, kDetour}, {"ip-remote-hint", refused, kDetour}, {"multihome", refused, kDetour},
    {"key-derivation", refused, kPushOnly}, {"peer-id", refused, kPushOnly}, {"protocol-flags", refused, kPushOnly},
    {"force-tls-key-material-export", refused, kPushOnly},
    {"show-*", refused, kCommand}, {"help", refused, kCommand}, {"version", refused, kCommand}, {"test-crypto", refused, kCommand},
    {"gremlin", refused, kTricks}, {"compat-names", refused, kTricks}, {"no-name-remapping", refused, kTricks}, {"disable", refused, kTricks},
    {"parameter", refused, kManagement},
    {"msg-channel", refused, kProcess},
    {"auth-gen-token*", refused, kServer}, {"auth-user-pass-optional", refused, kServer}, {"ccd-exclusive", refused, kServer},
    {"client-cert-not-required", refused, kServer}, {"client-to-client", refused, kServer}, {"connect-freq*", refused, kServer},
    {"hash-size", refused, kServer}, {"iroute*", refused, kServer}, {"max-clients", refused, kServer},
    {"max-routes-per-client", refused, kServer}, {"stale-routes-check", refused, kServer}, {"tcp-queue-limit", refused, kServer},
    {"username-as-common-name", refused, kServer}, {"verify-client-cert", refused, kServer}, {"vlan-*", refused, kServer},
};
// clang-format on

constexpr DirectiveRule kUnknown = {"*", refused, "it is not on the list of what memdbd accepts"};

constexpr bool covers(std::string_view pattern, std::string_view name) {
    if (!pattern.ends_with('*')) return pattern == name;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

// An exact row wins over a pattern, whatever their order.
const DirectiveRule& rule_of(std::string_view name) noexcept {
    const DirectiveRule* found = &kUnknown;
    for (const DirectiveRule& rule : kRules) {
        if (rule.name == name) return rule;
        if (found == &kUnknown && covers(rule.name, name)) found = &rule;
    }
    return *found;
}

}  // namespace memdb::config
