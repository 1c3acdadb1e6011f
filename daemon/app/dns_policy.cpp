#include "app/dns_policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memdb::app {
namespace {

using host::LinkDns;
using host::LinkDomain;

constexpr std::string_view kRoot = ".";

/// Nobody can be asked there, or only this machine; resolved refuses the whole list for one such address.
bool is_askable(const IpAddress& address) {
    const auto& b = address.bytes;
    if (is_loopback_or_link_local(address)) return false;
    if (!address.is_v6) return b[0] != 0 && b[0] < 224;
    return b[0] != 0xff && std::ranges::any_of(b, [](std::uint8_t byte) { return byte != 0; });
}

/// Search wins over routing only: it does that, too.
void add(std::vector<LinkDomain>& domains, std::string name, bool search) {
    if (name.empty()) return;
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool routing_only = !search || name == kRoot;
    const auto known = std::ranges::find(domains, name, &LinkDomain::name);
    if (known == domains.end())
        domains.push_back({std::move(name), routing_only});
    else
        known->routing_only = known->routing_only && routing_only;
}

}  // namespace

std::string cluster_suffix(std::string_view host) {
    if (parse_address(host)) return {};
    constexpr std::string_view configuration = "clustercfg.";
    const bool is_memorydb =
        host.find(".memorydb.") != std::string_view::npos && host.find(".amazonaws.com") != host.npos;
    if (!host.starts_with(configuration) && !is_memorydb) return std::string(host);
    const std::string_view rest = host.substr(host.find('.') + 1);
    // A suffix of one or two labels would take more names than the cluster's: "clustercfg.example.com".
    return std::string(std::ranges::count(rest, '.') >= 2 ? rest : host);
}

DnsPlan plan_dns(const tunnel::PushedOptions& pushed, const std::vector<std::string>& hosts,
                 const config::DnsSettings& settings, const std::function<bool(const IpAddress&)>& reaches) {
    if (!settings.apply) return {std::nullopt, DnsStanding::off};
    LinkDns dns;
    for (const DnsServer& server : pushed.dns) {
        const bool known = std::ranges::find(dns.servers, server) != dns.servers.end();
        if (!known && is_askable(server.address) && reaches(server.address)) dns.servers.push_back(server);
    }
    if (dns.servers.empty()) return {std::nullopt, DnsStanding::no_server};

    // Every name where the endpoint takes the default route: an organisation that wants all traffic in its tunnel does
    // not want the LAN to see all names, and the LAN's server may be out of reach then (redirect-gateway block-local).
    // AWS says the same of a full tunnel (facts G.4).
    const bool every_name = settings.domains == config::DnsDomains::all || captures_default(pushed, false) ||
                            captures_default(pushed, true);
    if (every_name) add(dns.domains, std::string(kRoot), false);
    for (const std::string& host : hosts) add(dns.domains, cluster_suffix(host), false);
    for (const std::string& suffix : settings.more) add(dns.domains, suffix, false);
    if (settings.domains != config::DnsDomains::cluster)
        for (const tunnel::PushedDomain& domain : pushed.domains) add(dns.domains, domain.name, domain.search);
    if (dns.domains.empty()) return {std::nullopt, DnsStanding::no_name};
    dns.default_route = std::ranges::find(dns.domains, kRoot, &LinkDomain::name) != dns.domains.end();
    return {std::move(dns), DnsStanding::pending};
}

DnsAdvice dns_advice(DnsStanding standing, const std::string& device) {
    switch (standing) {
        case DnsStanding::idle:
        case DnsStanding::pending: return {};
        case DnsStanding::off:
            return {
                "memdbd.toml says [dns] apply = false",
                "take `apply = false` out of [dns] in memdbd.toml and run `sudo systemctl reload memdbd`, or let this "
                "network's DNS pass private answers"};
        case DnsStanding::no_server:
            return {"no pushed DNS server lies behind the tunnel",
                    "in AWS give the endpoint the VPC's resolver as its DNS server and a route to it, or let this "
                    "network's DNS pass private answers"};
        case DnsStanding::no_name: return {"no name of a cluster is known", {}};
        case DnsStanding::applied:
            return {fmt::format("systemd-resolved was told for {}", device),
                    "this machine does not ask systemd-resolved: `sudo ln -sf ../run/systemd/resolve/stub-resolv.conf "
                    "/etc/resolv.conf`; if it does, see `resolvectl status " +
                        device + "`"};
        case DnsStanding::absent:
            return {"systemd-resolved does not run",
                    "install and start it: `sudo apt install systemd-resolved`, `sudo systemctl enable --now "
                    "systemd-resolved`; or let this network's DNS pass private answers"};
        case DnsStanding::denied:
            return {"systemd-resolved refuses memdbd's calls",
                    "polkit lacks memdbd's rule: install polkitd and put memdbd's 50-memdbd.rules into "
                    "/usr/share/polkit-1/rules.d (systemd/memdbd.rules of the source), then `memdbctl reconnect`"};
        case DnsStanding::managed:
            return {
                fmt::format("systemd-networkd manages {}", device),
                "take " + device +
                    " out of systemd-networkd's hands: `Unmanaged=yes` in [Link] of a .network file that matches it, "
                    "or set DNS there"};
        case DnsStanding::failed:
            return {"systemd-resolved could not be told", "see why: `journalctl -u memdbd -u systemd-resolved -n 50`"};
    }
    return {};
}

std::string_view dns_trouble(DnsStanding standing) noexcept {
    switch (standing) {
        case DnsStanding::absent: return "systemd-resolved does not run";
        case DnsStanding::denied: return "systemd-resolved refuses memdbd's calls";
        case DnsStanding::managed: return "systemd-networkd manages the device";
        case DnsStanding::failed: return "systemd-resolved could not be told";
        case DnsStanding::idle:
        case DnsStanding::off:
        case DnsStanding::no_server:
        case DnsStanding::no_name:
        case DnsStanding::pending:
        case DnsStanding::applied: break;
    }
    return {};
}

}  // namespace memdb::app
