#include "health/finding_catalog.hpp"

#include <algorithm>
#include <array>

namespace memdb::health {
namespace {

using enum Layer;
constexpr auto warning = Severity::warning;
constexpr auto error = Severity::error;

// clang-format off
constexpr std::array kCatalog = {
    CatalogEntry{"openvpn-missing",         process,   error,   0s, "install it: `sudo apt install openvpn`, then `memdbctl connect`"},
    CatalogEntry{"tun-device-unavailable",  process,   error,   0s, "load the driver and make the device usable: `sudo modprobe tun; sudo chmod 0666 /dev/net/tun`"},
    CatalogEntry{"no-net-admin",            process,   error,   0s, "memdbd needs CAP_NET_ADMIN as ambient capability: run it from memdbd.service, or with setpriv as scripts/demo does"},
    CatalogEntry{"openvpn-crashed",         process,   warning, 2s, "memdbd starts it again by itself; if it goes on, see `journalctl -u memdbd` for openvpn's last words"},
    CatalogEntry{"openvpn-hung",            process,   warning, 2s, "memdbd replaces it by itself; if it goes on, look for what stops it (a debugger, a full disk)"},
    CatalogEntry{"config-refused",          process,   error,   0s, "import the configuration again: `memdbctl profile import`; the file may need a newer openvpn"},
    CatalogEntry{"network-offline",         handshake, error,   0s, "connect this machine to a network; memdbd tries again by itself"},
    CatalogEntry{"endpoint-name-unresolved",handshake, error,   0s, "check this machine's DNS, and in AWS that the Client VPN endpoint still exists"},
    CatalogEntry{"endpoint-silent",         handshake, error,   0s, "check that the network lets the endpoint's UDP or TCP port out, and in AWS that the endpoint is available and its CRL has not expired"},
    CatalogEntry{"handshake-rejected",      handshake, error,   0s, "the endpoint ends the handshake without a word: check in AWS that this certificate is not revoked, the CRL has not expired and the client CA is the right one"},
    CatalogEntry{"client-cert-expired",     handshake, error,   0s, "issue a new client certificate and import it: `memdbctl profile remove`, then `memdbctl profile import`"},
    CatalogEntry{"client-cert-not-yet-valid",handshake,error,   0s, "check this machine's date and time; else wait or issue the certificate again"},
    CatalogEntry{"client-cert-expiring",    handshake, warning, 0s, "issue a new client certificate and import it before that day"},
    CatalogEntry{"client-key-mismatch",     handshake, error,   0s, "import the certificate and the key that belong together: `memdbctl profile import`"},
    CatalogEntry{"client-cert-unusable",    handshake, error,   0s, "import a certificate that is issued for client use (RSA 2048): `memdbctl profile import`"},
    CatalogEntry{"ca-expiring",             handshake, warning, 0s, "plan a new certificate authority: all certificates of the old one end with it"},
    CatalogEntry{"server-cert-untrusted",   handshake, error,   0s, "download the client configuration again: its <ca> does not belong to the endpoint's server certificate; if it does, somebody is in between"},
    CatalogEntry{"server-name-mismatch",    handshake, error,   0s, "download the client configuration again: its verify-x509-name names another server; if it does not, somebody is in between"},
    CatalogEntry{"server-cert-expired",     handshake, error,   0s, "renew the endpoint's server certificate in ACM"},
    CatalogEntry{"auth-failed",             handshake, error,   0s, "the endpoint wants more than a certificate; memdbd supports mutual certificate authentication only"},
    CatalogEntry{"tunnel-silent",           tunnel,    error,   0s, "check this machine's network; openvpn starts again by itself when the endpoint stays silent"},
    CatalogEntry{"tunnel-config-error",     tunnel,    warning, 0s, "openvpn could not apply an address or route: look for another VPN or a network with the same addresses (`ip route`)"},
    CatalogEntry{"cluster-name-unresolved", dns,       error,   0s, "check the cluster's name (`memdbctl profile show`), and that this network's DNS does not drop private answers"},
    CatalogEntry{"port-filtered",           tcp,       error,   1s, "let the endpoint's security group in on the cluster's group (not the client range: AWS translates client addresses)"},
    CatalogEntry{"port-refused",            tcp,       error,   0s, "nothing listens there: check the cluster's port, and in AWS whether the node is being replaced"},
    CatalogEntry{"tls-off",                 tls,       warning, 0s, "switch TLS on for the cluster: passwords and data are readable inside the VPC"},
    CatalogEntry{"tls-not-offered",         tls,       error,   0s, "the node speaks no TLS: switch it on for the cluster, or say `--tls off` at import if that is meant"},
    CatalogEntry{"tls-untrusted",           tls,       error,   0s, "check who issued the node's certificate; a private CA is given with `memdbctl profile import --ca FILE`"},
    CatalogEntry{"tls-name-mismatch",       tls,       error,   0s, "check the cluster's name: the certificate belongs to another one"},
    CatalogEntry{"tls-expired",             tls,       error,   0s, "check this machine's date and time, and the cluster's certificate"},
    CatalogEntry{"tls-handshake-failed",    tls,       error,   0s, "check that the port is the cluster's and that nothing in between meddles with TLS"},
    CatalogEntry{"auth-required",           auth,      error,   0s, "import the profile with `--user` and `--password-file`"},
    CatalogEntry{"auth-rejected",           auth,      error,   0s, "check user and password in the cluster's ACL, then import the profile again with `--user` and `--password-file`"},
    CatalogEntry{"auth-no-permission",      auth,      error,   0s, "let the ACL user run PING and CLUSTER: add `+ping +cluster` to its access string"},
    CatalogEntry{"node-unreachable",        ping,      error,   0s, "check the node in AWS (`aws memorydb describe-clusters --show-shard-details`); MemoryDB replaces dead nodes by itself"},
    CatalogEntry{"node-loading",            ping,      warning, 0s, "the node is loading its data; wait"},
    CatalogEntry{"node-busy",               ping,      warning, 0s, "a script or too many clients keep the node busy: see CurrConnections and EngineCPUUtilization in CloudWatch"},
    CatalogEntry{"cluster-down",            cluster,   error,   0s, "the cluster does not serve: see its state and events in AWS (`aws memorydb describe-events`)"},
    CatalogEntry{"slots-uncovered",         cluster,   error,   0s, "some keys have no node: see the cluster's shards in AWS (`aws memorydb describe-clusters --show-shard-details`)"},
    CatalogEntry{"shard-without-primary",   cluster,   error,   0s, "wait for the failover; see `aws memorydb describe-events` if it does not come"},
    CatalogEntry{"topology-unreadable",     cluster,   warning, 0s, "let the ACL user run CLUSTER SHARDS or CLUSTER SLOTS: add `+cluster` to its access string"},
    CatalogEntry{"state-unreadable",        agent,     error,   0s, "look at owner and mode of the files under the state directory: they belong to the user memdbd"},
};
// clang-format on

}  // namespace

std::span<const CatalogEntry> catalog() noexcept { return kCatalog; }

const CatalogEntry* find_entry(std::string_view code) noexcept {
    const auto* const at = std::ranges::find(kCatalog, code, &CatalogEntry::code);
    return at == kCatalog.end() ? nullptr : at;
}

}  // namespace memdb::health
