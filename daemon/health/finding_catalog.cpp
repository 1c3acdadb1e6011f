#include "health/finding_catalog.hpp"

#include <algorithm>
#include <array>

namespace memdb::health {
namespace {

using enum Layer;
constexpr auto warning = Severity::warning;
constexpr auto error = Severity::error;
constexpr auto info = Severity::info;
using enum Tie;

// clang-format off
constexpr std::array kCatalog = {
    CatalogEntry{"profile-overlap",                process,   error,   explains, 0s, "disconnect the other profile first: of two with the same addresses only one can be connected"},
    CatalogEntry{"openvpn-missing",                process,   error,   explains, 0s, "install it: `sudo apt install openvpn`, then `memdbctl connect`"},
    CatalogEntry{"openvpn-too-old",                process,   error,   explains, 0s, "install openvpn 2.5 or newer, from your distribution's backports or from openvpn.net, then `memdbctl connect`"},
    CatalogEntry{"tun-device-unavailable",         process,   error,   explains, 0s, "load the driver and make the device usable: `sudo modprobe tun; sudo chmod 0666 /dev/net/tun`"},
    CatalogEntry{"no-net-admin",                   process,   error,   explains, 0s, "memdbd needs CAP_NET_ADMIN as ambient capability: run it from memdbd.service, or with setpriv as scripts/demo does"},
    CatalogEntry{"openvpn-crashed",                process,   error,   explains, 2s, "memdbd starts it again by itself; if it goes on, see `journalctl -u memdbd` for openvpn's last words"},
    CatalogEntry{"openvpn-hung",                   process,   error,   explains, 0s, "memdbd replaces it by itself; if it goes on, look for what stops it (a debugger, a full disk)"},
    CatalogEntry{"config-refused",                 process,   error,   explains, 0s, "import the configuration again: `memdbctl profile import`; the file may need a newer openvpn"},
    CatalogEntry{"network-offline",                handshake, error,   explains, 500ms, "connect this machine to a network; memdbd tries again by itself"},
    CatalogEntry{"endpoint-name-unresolved",       handshake, error,   explains, 0s, "check this machine's DNS, and in AWS that the Client VPN endpoint still exists"},
    CatalogEntry{"captive-portal",                 handshake, error,   explains, 0s, "open any http:// page in a browser and log in to this network; memdbd tries again by itself"},
    CatalogEntry{"endpoint-silent",                handshake, error,   explains, 0s, "check that the network lets the endpoint's UDP or TCP port out, and in AWS that the endpoint is available and its CRL has not expired"},
    CatalogEntry{"handshake-rejected",             handshake, error,   explains, 0s, "the endpoint ends the handshake without a word: check in AWS that this certificate is not revoked, the CRL has not expired and the client CA is the right one"},
    CatalogEntry{"client-cert-expired",            handshake, error,   alone,    0s, "get a new one: `memdbctl rotate`; where no signer is set: `memdbctl key request`, have it signed, `memdbctl key install`"},
    CatalogEntry{"client-cert-not-yet-valid",      handshake, error,   alone,    0s, "check this machine's date and time; if they are right, wait for that day or get another certificate: `memdbctl rotate`"},
    CatalogEntry{"client-cert-expiring",           handshake, warning, alone,    0s, "get a new one before that day: `memdbctl rotate`; memdbd proves it before it replaces this one"},
    CatalogEntry{"client-key-mismatch",            handshake, error,   alone,    0s, "make a new pair: `memdbctl rotate`, or go back to the one before: `memdbctl key rollback`"},
    CatalogEntry{"client-cert-unusable",           handshake, error,   alone,    0s, "get another one, RSA 2048 and for client use: `memdbctl rotate`; `memdbctl key show` has the details of this one"},
    CatalogEntry{"ca-expiring",                    handshake, warning, alone,    0s, "plan a new certificate authority: all certificates of the old one end with it"},
    CatalogEntry{"server-cert-expiring",           handshake, warning, alone,    0s, "renew the endpoint's server certificate in ACM before that day; if that is done, download the client configuration again"},
    CatalogEntry{"server-cert-untrusted",          handshake, error,   explains, 0s, "download the client configuration again: its <ca> does not belong to the endpoint's server certificate; if it does, somebody is in between"},
    CatalogEntry{"server-name-mismatch",           handshake, error,   explains, 0s, "download the client configuration again: its verify-x509-name names another server; if it does not, somebody is in between"},
    CatalogEntry{"server-cert-expired",            handshake, error,   explains, 0s, "renew the endpoint's server certificate in ACM"},
    CatalogEntry{"auth-failed",                    handshake, error,   explains, 0s, "the endpoint wants more than a certificate; memdbd supports mutual certificate authentication only"},
    CatalogEntry{"tunnel-silent",                  tunnel,    error,   explains, 0s, "check this machine's network; openvpn starts again by itself when the endpoint stays silent"},
    CatalogEntry{"tunnel-flapping",                tunnel,    warning, alone,    0s, "memdbd waits longer between tries; look for an unsteady network, or a second client with the same certificate"},
    CatalogEntry{"session-ending",                 tunnel,    info,    alone,    0s, "nothing to do; to choose the moment: `memdbctl reconnect`, or `renew_before_s` in memdbd.toml"},
    CatalogEntry{"tunnel-config-error",            tunnel,    warning, follows,  0s, "openvpn could not apply an address or route: look for another VPN or a network with the same addresses (`ip route`)"},
    CatalogEntry{"authorization-missing",          tunnel,    error,   explains, 300ms, "let clients into the VPC: an authorization rule for it (`aws ec2 describe-client-vpn-authorization-rules`), a target network association, and for each subnet a route"},
    CatalogEntry{"path-mtu-too-small",             tunnel,    error,   explains, 0s, "a link on the way takes only smaller packets and says nothing: put `mssfix 1200` into the configuration and import it again; without a tunnel, lower the MTU of this machine's link"},
    CatalogEntry{"route-missing",                  route,     error,   follows,  1s, "bring the route back with `memdbctl reconnect`; look for what removes it (another VPN, a network manager)"},
    CatalogEntry{"route-shadowed",                 route,     error,   follows,  1s, "a local network, Docker or another VPN has the same addresses: see `ip route`; move it, or connect elsewhere"},
    CatalogEntry{"route-not-via-tunnel",           route,     error,   follows,  1s, "in AWS add a route to the VPC to the Client VPN endpoint, for each subnet, with an authorization rule; then `memdbctl reconnect`"},
    CatalogEntry{"default-route-captured",         route,     warning, alone,    0s, "switch on split-tunnel for the endpoint in AWS; it pushes this for a network with public addresses too"},
    CatalogEntry{"cluster-name-unresolved",        dns,       error,   follows,  300ms, "check the cluster's name (`memdbctl profile show`), and that this network's DNS does not drop private answers"},
    CatalogEntry{"cluster-address-outside-routes", dns,       error,   follows,  1s, "check what the name resolves to, and that the endpoint's routes cover the cluster's subnets"},
    CatalogEntry{"dns-not-applied",                dns,       error,   follows,  1s, "this machine does not ask the VPC's resolver: let it (systemd-resolved), or let its own DNS pass private answers"},
    CatalogEntry{"port-filtered",                  tcp,       error,   follows,  300ms, "let the endpoint's security group in on the cluster's group (not the client range: AWS translates client addresses); if it is, see whether the cluster is up"},
    CatalogEntry{"port-refused",                   tcp,       error,   follows,  0s, "nothing listens there: check the cluster's port, and in AWS whether the node is being replaced"},
    CatalogEntry{"tls-off",                        tls,       warning, follows,  0s, "switch TLS on for the cluster: passwords and data are readable inside the VPC"},
    CatalogEntry{"tls-not-offered",                tls,       error,   follows,  0s, "the node speaks no TLS: switch it on for the cluster, or say `--tls off` at import if that is meant"},
    CatalogEntry{"tls-untrusted",                  tls,       error,   follows,  0s, "check who issued the node's certificate; a private CA is given with `memdbctl profile import --ca FILE`"},
    CatalogEntry{"tls-name-mismatch",              tls,       error,   follows,  0s, "check the cluster's name: the certificate belongs to another one"},
    CatalogEntry{"tls-expired",                    tls,       error,   follows,  0s, "check this machine's date and time, and the cluster's certificate"},
    CatalogEntry{"tls-handshake-failed",           tls,       error,   follows,  0s, "check that the port is the cluster's and that nothing in between meddles with TLS"},
    CatalogEntry{"auth-required",                  auth,      error,   follows,  0s, "import the profile with `--user` and `--password-file`"},
    CatalogEntry{"auth-rejected",                  auth,      error,   follows,  0s, "check user and password in the cluster's ACL, then import the profile again with `--user` and `--password-file`"},
    CatalogEntry{"auth-no-permission",             auth,      error,   follows,  0s, "let the ACL user run PING and CLUSTER: add `+ping +cluster` to its access string"},
    CatalogEntry{"iam-token-failed",               auth,      error,   follows,  0s, "push a fresh token: `memdbctl auth push`; to always have one: `systemctl --user enable --now memdbctl-auth.timer`; if it is refused, check the user's type (iam) in the cluster's ACL and memorydb:connect in the IAM policy"},
    CatalogEntry{"password-unusable",              auth,      error,   follows,  500ms, "put the password there again, one line in a file that memdbd and nobody else can read: `sudo chown memdbd: FILE; sudo chmod 0400 FILE`; memdbd notices by itself"},
    CatalogEntry{"node-unreachable",               ping,      error,   follows,  500ms, "check the node in AWS (`aws memorydb describe-clusters --show-shard-details`); MemoryDB replaces dead nodes by itself"},
    CatalogEntry{"node-loading",                   ping,      warning, follows,  0s, "the node is loading its data; wait"},
    CatalogEntry{"node-slow",                      ping,      warning, follows,  10s, "see what holds this node up: EngineCPUUtilization and `SLOWLOG GET` of it, and whether it lies in another zone than the rest"},
    CatalogEntry{"node-busy",                      ping,      warning, follows,  0s, "a script or too many clients keep the node busy: see CurrConnections and EngineCPUUtilization in CloudWatch"},
    CatalogEntry{"cluster-down",                   cluster,   error,   follows,  0s, "the cluster does not serve: see its state and events in AWS (`aws memorydb describe-events`)"},
    CatalogEntry{"slots-uncovered",                cluster,   error,   follows,  0s, "some keys have no node: see the cluster's shards in AWS (`aws memorydb describe-clusters --show-shard-details`)"},
    CatalogEntry{"shard-without-primary",          cluster,   error,   follows,  0s, "wait for the failover; see `aws memorydb describe-events` if it does not come"},
    CatalogEntry{"topology-unreadable",            cluster,   warning, follows,  3s, "let the ACL user run CLUSTER SHARDS or CLUSTER SLOTS: add `+cluster` to its access string"},
    CatalogEntry{"rotation-failed",                agent,     info,    alone,    0s, "see the evidence; to try the stored certificate again: `memdbctl key install --retry`, for a new key: `memdbctl rotate`"},
    CatalogEntry{"rotation-overdue",               agent,     warning, alone,    0s, "rotate the key: `memdbctl rotate`; see why the timer does not: `systemctl --user status memdbctl-rotate.timer`"},
    CatalogEntry{"crl-expiring",                   agent,     warning, alone,    0s, "make a new list and publish it before that day, or AWS refuses every new connection: `memdbctl pki crl --publish cvpn-endpoint-...`"},
    CatalogEntry{"crl-expired",                    agent,     error,   alone,    0s, "AWS refuses every new connection with an expired list: `memdbctl pki crl --publish cvpn-endpoint-...`"},
    CatalogEntry{"clock-jumped",                   agent,     info,    alone,    0s, "certificates, tokens and the session were judged by the new time; if that is wrong, set this machine's clock: `timedatectl`"},
    CatalogEntry{"disk-full",                      agent,     warning, alone,    0s, "make room on the disk of /var/lib/memdbd; memdbd goes on writing by itself"},
    CatalogEntry{"history-damaged",                agent,     info,    alone,    0s, "nothing to do; the file that was set aside can be removed, or looked into with sqlite3"},
    CatalogEntry{"history-unavailable",            agent,     info,    alone,    0s, "look at the file in the state directory, and its owner; to do without: keep = false in [history] of memdbd.toml"},
    CatalogEntry{"metrics-unavailable",            agent,     warning, alone,    0s, "see which program has that port: `ss -ltnp`; or choose another: listen in [metrics] of memdbd.toml"},
    CatalogEntry{"state-unreadable",               agent,     error,   alone,    0s, "look at owner and mode of the files under the state directory: they belong to the user memdbd"},
};
// clang-format on

}  // namespace

std::span<const CatalogEntry> catalog() noexcept { return kCatalog; }

const CatalogEntry* find_entry(std::string_view code) noexcept {
    const auto* const at = std::ranges::find(kCatalog, code, &CatalogEntry::code);
    return at == kCatalog.end() ? nullptr : at;
}

bool breaks_the_way(const Finding& finding) noexcept {
    if (finding.severity != Severity::error || finding.layer == Layer::agent) return false;
    const CatalogEntry* const entry = find_entry(finding.code);
    return entry == nullptr || entry->severity == Severity::error;
}

}  // namespace memdb::health
