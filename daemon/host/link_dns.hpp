// What one network device tells the system's resolver: its DNS servers, and which names they are asked for. Pure.
//
// In the words of systemd-resolved (systemd-resolved.service(8), "Protocols and routing"): a name is asked of the
// device with the domain that matches it best, and of devices with a default route when none does.
#pragma once

#include "base/dns_server.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::host {

struct LinkDomain {
    std::string name;          ///< no dot at either end; "." for every name
    bool routing_only = true;  ///< else it completes single words too
    bool operator==(const LinkDomain&) const = default;
};

struct LinkDns {
    std::vector<DnsServer> servers;
    std::vector<LinkDomain> domains;
    bool default_route = false;  ///< also asked for names that no device has a domain for
    bool operator==(const LinkDns&) const = default;
};

/// Why systemd-resolved did not take it.
enum class DnsTrouble : std::uint8_t {
    absent,   ///< it does not run, or there is no system bus
    denied,   ///< polkit says no
    managed,  ///< the device is somebody else's: systemd-networkd
    no_link,  ///< there is no such device (any more)
    late,     ///< no answer within the limit, or it ended meanwhile
    failed,   ///< anything else
};

struct DnsFailure {
    DnsTrouble trouble = DnsTrouble::failed;
    std::string text;  ///< of the bus, for the log
    bool operator==(const DnsFailure&) const = default;
};

/// "demo.lab.test", as resolvectl(1) shows it: "~demo.lab.test" for routing only, "~." for every name.
[[nodiscard]] std::string to_string(const LinkDomain& domain);
/// "10.20.0.2 for ~demo.lab.test".
[[nodiscard]] std::string to_string(const LinkDns& dns);
std::string_view to_string(DnsTrouble trouble) noexcept;

}  // namespace memdb::host
