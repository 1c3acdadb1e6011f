// What the server pushes, read from openvpn's log: routes, DNS, timers. Pure.
//
// The management interface has no other place for it: >UPDOWN: comes once per device, not once per session. The text is
// a peer's: an option that no rule allows is skipped, never an error. Options that memdbd has no use for are skipped
// too.
//
// Source: OpenVPN 2.6 src/openvpn/push.c ("PUSH: Received control message: '…'" at verb 3; `push-continuation 2` says
// that another message follows, 1 that none does), src/openvpn/options.c, route.c and dns.c for the options,
// doc/man-sections/{client,vpn-network}-options.rst for their meaning. Lines of a real 2.6.14 are in the tests.
#pragma once

#include "base/dns_server.hpp"
#include "base/ip_network.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::tunnel {

struct PushedDomain {
    std::string name;     ///< without a dot at its end; "." is every name there is
    bool search = false;  ///< completes single words too; else it only says which names are resolved at `dns`
    bool operator==(const PushedDomain&) const = default;
};

/// As pushed: whether openvpn could do it (a route may fail, a DNS server is never applied) is another question.
struct PushedOptions {
    std::vector<IpNetwork> routes;  ///< through the tunnel, in the order pushed, each once; not what the redirect adds
    std::vector<DnsServer> dns;     ///< of the first usable `dns server` by priority, or else of `dhcp-option`
    std::vector<PushedDomain> domains;  ///< in the order pushed, each once; what belongs to other servers is not here
    std::optional<Duration> ping, ping_restart;  ///< nothing: not pushed, or switched off with 0
    bool redirect_gateway = false;               ///< the default route goes through the tunnel; see the flags
    std::string
        redirect_flags;  ///< of redirect-gateway and redirect-private: "def1 bypass-dhcp", "block-local", "!ipv4"
    std::optional<unsigned> tun_mtu;  ///< bytes
    bool cut = false;                 ///< the log line had no end, or a limit was hit: more was pushed than is here
    bool operator==(const PushedOptions&) const = default;
};

/// Whether `pushed` takes the default route: of IPv4 unless a flag says otherwise, of IPv6 only when one says so.
/// Source: doc/man-sections/vpn-network-options.rst (redirect-gateway).
[[nodiscard]] bool captures_default(const PushedOptions& pushed, bool of_ipv6);

/// The lines of one openvpn process. reset() it, or take a new one, when openvpn starts over: options are then sent
/// anew.
class PushReplyParser {
  public:
    static constexpr std::size_t kRouteLimit = 512;
    static constexpr std::size_t kDnsLimit = 32;
    static constexpr std::size_t kDomainLimit = 32;
    static constexpr std::size_t kMessageLimit = 64;  ///< of one reply; what follows is not waited for

    /// Takes the text of any log line (LogLine::text); others than pushed options are ignored. Returns the options
    /// once the last message of a reply is there.
    [[nodiscard]] std::optional<PushedOptions> feed(std::string_view log_text);

    /// Forgets a reply of which not all messages have come.
    void reset();

  private:
    using Words = std::vector<std::string_view>;
    /// All that was said of one `dns server PRIORITY`.
    struct DnsProfile {
        std::vector<DnsServer> addresses;
        std::vector<std::string> domains;
        bool is_plain = true;  ///< neither DoT nor DoH, which nobody here could be told to speak
    };
    void take(std::string_view option);
    void take_route(const Words& words);
    void take_dhcp_option(const Words& words);
    void take_dns(const Words& words);
    void add_route(const IpNetwork& route);
    void add_domain(std::string_view domain, bool search);
    void add_redirect_flags(const Words& words);
    PushedOptions finish();

    PushedOptions options_;
    std::map<int, DnsProfile> dns_profiles_;  ///< by priority, the first one counts most
    std::size_t messages_ = 0;                // taken of the reply that is open
    unsigned continuation_ = 0;
};

}  // namespace memdb::tunnel
