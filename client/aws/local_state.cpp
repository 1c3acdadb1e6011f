#include "client/aws/local_state.hpp"

#include "base/clock.hpp"
#include "client/child_process.hpp"
#include "client/local_files.hpp"
#include "client/pki/certificate_kind.hpp"
#include "client/pki/name_policy.hpp"
#include "keys/certificate.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <filesystem>
#include <span>

namespace memdb::client::aws {
namespace {

constexpr Duration kResolveLimit = 10s;  // for all nodes together

/// IPv4 networks of interfaces that are up; not those of tunnels and of the loopback.
std::vector<IpNetwork> own_networks() {
    std::vector<IpNetwork> networks;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return networks;
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        const bool is_v4 =
            one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET && one->ifa_netmask != nullptr;
        if (!is_v4 || (one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) != 0)
            continue;
        const auto bytes_of = [](const sockaddr* address) {
            const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
            return std::span(reinterpret_cast<const std::uint8_t*>(&v4->sin_addr), 4);
        };
        const auto address = address_of_bytes(bytes_of(one->ifa_addr)),
                   mask = address_of_bytes(bytes_of(one->ifa_netmask));
        const auto prefix = mask ? prefix_of_mask(*mask) : std::nullopt;
        if (!address || !prefix || is_loopback_or_link_local(*address)) continue;
        const IpNetwork network = network_of(*address, *prefix);
        if (std::find(networks.begin(), networks.end(), network) == networks.end()) networks.push_back(network);
    }
    ::freeifaddrs(all);
    return networks;
}

/// The certificate in issued/FILE.crt with its key beside it, of that name and use; nothing when it is another one.
std::optional<LocalCertificate> certificate_in(const pki::PkiFolder& folder, const std::string& file,
                                               const std::string& name, pki::CertificateKind kind) {
    const auto text = read_whole(folder.certificate(file), keys::kPemSizeLimit);
    if (text.has_error() || !exists(folder.key(file))) return std::nullopt;
    const auto certificates = keys::read_certificates(*text, file);
    const auto use = pki::certificate_use(*text);
    if (certificates.has_error() || use.has_error() || use->kind != kind) return std::nullopt;
    const auto& info = certificates->front().info;
    if (info.common_name != name) return std::nullopt;
    return LocalCertificate{file, use->serial, info.not_after};
}

/// Of all that the PKI holds for `name`, unrevoked, the last to expire. A client's later keys have names of their own
/// ("laptop-20261126"), and so CNs: those count, too.
std::optional<LocalCertificate> best_of(const pki::PkiFolder& folder, const std::vector<pki::IndexEntry>& entries,
                                        const std::string& name, pki::CertificateKind kind) {
    std::optional<LocalCertificate> best;
    std::error_code error;
    for (const auto& each : std::filesystem::directory_iterator(folder.path() + "/issued", error)) {
        const std::string file = each.path().stem().string();
        if (each.path().extension() != ".crt" || !file.starts_with(name)) continue;
        const std::string& own_name = kind == pki::CertificateKind::server ? name : file;
        if (own_name != name && !pki::is_later_name(file, name)) continue;
        auto found = certificate_in(folder, file, own_name, kind);
        if (!found || (best && best->not_after >= found->not_after)) continue;
        const pki::IndexEntry* entry = pki::find_serial(entries, found->serial);
        if (entry == nullptr || entry->status == pki::CertificateStatus::revoked) continue;
        best = std::move(found);
    }
    return best;
}

/// The host of the first `remote` line; empty when it is no configuration, or cannot be read.
std::string remote_of(const std::string& path) {
    const auto text = read_whole(path, 1024 * 1024);
    if (text.has_error()) return {};
    constexpr std::string_view word = "\nremote ";
    const auto at = ("\n" + *text).find(word);
    if (at == std::string::npos) return {};
    const std::string rest = text->substr(at + word.size() - 1);
    return rest.substr(0, rest.find_first_of(" \t\r\n"));
}

}  // namespace

Outcome<void> look_into_pki(const pki::PkiFolder& folder, const Wish& wish, LocalState& state) {
    state.has_authority = folder.state() == pki::PkiState::complete;
    if (const auto kind = folder.state(); kind == pki::PkiState::foreign || kind == pki::PkiState::half_ca)
        return folder.check_complete();
    if (!state.has_authority) return boost::system::in_place_value;
    const auto entries = folder.entries();
    if (entries.has_error()) return entries.error();
    state.serials.clear();
    state.revoked = 0;
    for (const auto& entry : *entries) {
        state.serials.push_back(entry.serial);
        state.revoked += entry.status == pki::CertificateStatus::revoked ? 1 : 0;
    }
    state.server = best_of(folder, *entries, wish.server_name, pki::CertificateKind::server);
    state.client = best_of(folder, *entries, wish.client_name, pki::CertificateKind::client);
    return boost::system::in_place_value;
}

void look_at_agent(const Context& context, const Wish& wish, LocalState& state) {
    const auto snapshot = get_snapshot(context);
    state.agent_runs = snapshot.has_value();
    state.profile.reset();
    if (!state.agent_runs) return;
    const control::ProfileView* view = find_profile(*snapshot, wish.profile);
    if (view == nullptr) return;
    LocalProfile profile;
    if (view->tunnel) profile.endpoint = view->tunnel->endpoint.value_or("?");
    for (const auto& cluster : view->clusters) profile.clusters.push_back(cluster.endpoint);
    if (view->credential) profile.serial = view->credential->serial;
    profile.reachable = view->verdict == health::Verdict::reachable;
    profile.degraded = view->verdict == health::Verdict::degraded;
    state.profile = std::move(profile);
}

Outcome<LocalState> look_around(const Context& context, const Wish& wish) {
    LocalState state;
    state.networks = own_networks();
    const auto done = look_into_pki(pki::PkiFolder(wish.pki_folder), wish, state);
    if (done.has_error()) return done.error();
    if (wish.bundle.empty()) look_at_agent(context, wish, state);
    if (!wish.bundle.empty() && exists(wish.bundle)) state.bundle = remote_of(wish.bundle);
    return state;
}

std::vector<NodeAddress> resolve_nodes(const std::vector<Node>& nodes) {
    // By a program of libc's own: it can be stopped, which getaddrinfo() cannot, and getaddrinfo_a()'s threads have
    // stacks that are too small for some resolvers (and for a sanitizer).
    const std::string program = find_program("getent");
    const TimePoint end = now() + kResolveLimit;
    std::vector<NodeAddress> found;
    for (const Node& node : nodes) {
        NodeAddress& one = found.emplace_back(NodeAddress{node.name, {}});
        const Duration left = end - now();
        if (program.empty() || node.host.empty() || left <= 0ms) continue;
        const auto answer = run_child({{program, "ahostsv4", node.host}, own_environment(), {}, kOutputLimit, left});
        if (answer.has_error()) end_if_interrupted(answer.error());
        if (answer.has_value() && answer->status == 0)
            one.address = parse_address(answer->output.substr(0, answer->output.find_first_of(" \t\n")));
    }
    return found;
}

}  // namespace memdb::client::aws
