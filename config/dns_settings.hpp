// What memdbd may tell systemd-resolved about a tunnel: [dns] of memdbd.toml, as a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::config {

/// Which names are asked of the servers that the endpoint pushed.
enum class DnsDomains : std::uint8_t {
    cluster,  ///< those of the profile's clusters and their nodes
    pushed,   ///< and the domains that the endpoint pushed
    all,      ///< every name there is
};

struct DnsSettings {
    bool apply = true;  ///< off: DNS is left alone
    DnsDomains domains = DnsDomains::cluster;
    std::vector<std::string> more;  ///< further suffixes, lower case, no dot at either end
    bool operator==(const DnsSettings&) const = default;
};

inline constexpr std::size_t kDnsSuffixLimit = 32;  ///< of `more`

std::string_view to_string(DnsDomains domains) noexcept;

}  // namespace memdb::config
