// Which names a tunnel's DNS servers are asked for, and what a person is told when they are not. Pure.
#pragma once

#include "base/ip_network.hpp"
#include "config/dns_settings.hpp"
#include "host/link_dns.hpp"
#include "tunnel/push_reply_parser.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::app {

/// What the names of a cluster and of its nodes have in common, as narrow as can be told from the endpoint: of
/// "clustercfg.demo.abc123.memorydb.eu-west-1.amazonaws.com" all but the first label, since MemoryDB announces nodes as
/// "demo-0001-001.demo.abc123.…". Any other name stands for itself and what is below it. Empty for an address.
[[nodiscard]] std::string cluster_suffix(std::string_view host);

/// How it stands.
enum class DnsStanding : std::uint8_t {
    idle,       ///< no tunnel, or none whose options are known
    off,        ///< [dns] apply = false
    no_server,  ///< the endpoint pushed none that can be asked
    no_name,    ///< no name to ask for: clusters are given by addresses
    pending,    ///< on the way
    applied,
    absent,  ///< the others as host::DnsTrouble
    denied,
    managed,
    failed,
};

struct DnsPlan {
    std::optional<host::LinkDns> dns;             ///< none: nothing is to be told
    DnsStanding standing = DnsStanding::pending;  ///< why: `off`, `no_server`, `no_name`
    bool operator==(const DnsPlan&) const = default;
};

/// What the system's resolver is to be told of a tunnel that is up.
///
/// @param hosts     of the profile's clusters.
/// @param reaches   whether packets to a server enter this tunnel. Others are left out: systemd-resolved asks a
/// device's
///                  servers through that device only.
[[nodiscard]] DnsPlan plan_dns(const tunnel::PushedOptions& pushed, const std::vector<std::string>& hosts,
                               const config::DnsSettings& settings,
                               const std::function<bool(const IpAddress&)>& reaches);

/// Evidence and advice of the finding dns-not-applied: why this machine does not ask the VPC's resolver, and how to go
/// on. Both empty while nothing is to be said.
struct DnsAdvice {
    std::string evidence, advice;
    bool operator==(const DnsAdvice&) const = default;
};
[[nodiscard]] DnsAdvice dns_advice(DnsStanding standing, const std::string& device);

/// One phrase for `memdbctl status`: "systemd-resolved does not run"; empty where nothing is wrong.
[[nodiscard]] std::string_view dns_trouble(DnsStanding standing) noexcept;

}  // namespace memdb::app
