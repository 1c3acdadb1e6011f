#include "tunnel/push_reply_parser.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace memdb::tunnel {
namespace {

constexpr std::string_view kPrefix = "PUSH: Received control message: 'PUSH_REPLY";
constexpr std::size_t kMostWords = 16;  // MAX_PARMS of openvpn
constexpr unsigned kMoreFollows = 2;
constexpr std::size_t kMostFlags = 128;  // bytes

std::vector<std::string_view> words_of(std::string_view option) {
    std::vector<std::string_view> words;
    while (words.size() < kMostWords) {
        const auto begin = option.find_first_not_of(" \t");
        if (begin == std::string_view::npos) break;
        const auto end = std::min(option.find_first_of(" \t", begin), option.size());
        words.push_back(option.substr(begin, end - begin));
        option.remove_prefix(end);
    }
    return words;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// ping, ping-restart: 0 switches it off.
void set_seconds(std::optional<Duration>& target, std::string_view text) {
    const auto seconds = number_of<unsigned>(text);
    if (!seconds) return;
    target = *seconds == 0 ? std::nullopt : std::optional<Duration>(std::chrono::seconds(*seconds));
}

/// Whether a route with this gateway goes through the tunnel. "net_gateway" and "remote_host" do not.
bool is_tunnel_gateway(std::string_view word, bool v6) {
    if (word == "default" || (!v6 && word == "vpn_gateway")) return true;
    const auto address = parse_address(word);
    return address && address->is_v6 == v6;
}

/// "route NETWORK [NETMASK] [GATEWAY] [METRIC]".
std::optional<IpNetwork> route_of(const std::vector<std::string_view>& words) {
    const auto network = parse_address(words[1]);
    if (!network || network->is_v6) return std::nullopt;
    if (words.size() > 3 && !is_tunnel_gateway(words[3], false)) return std::nullopt;
    if (words.size() < 3 || words[2] == "default") return network_of(*network, network->bits());
    const auto mask = parse_address(words[2]);
    const auto prefix = mask && !mask->is_v6 ? prefix_of_mask(*mask) : std::nullopt;
    if (!prefix) return std::nullopt;
    return network_of(*network, *prefix);
}

/// "route-ipv6 NETWORK/BITS [GATEWAY] [METRIC]".
std::optional<IpNetwork> route_ipv6_of(const std::vector<std::string_view>& words) {
    const auto network = parse_network(words[1]);
    if (!network || !network->address.is_v6) return std::nullopt;
    if (words.size() > 2 && !is_tunnel_gateway(words[2], true)) return std::nullopt;
    return network;
}

/// "10.20.0.2", "10.20.0.2:53", "fd00::2", "[fd00::2]", "[fd00::2]:5353".
std::optional<DnsServer> dns_server_of(std::string_view text) {
    if (const auto bare = parse_address(text)) return DnsServer{*bare};
    const bool in_brackets = text.starts_with('[');
    const auto end = in_brackets ? text.find(']') : text.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    const auto address = parse_address(in_brackets ? text.substr(1, end - 1) : text.substr(0, end));
    if (!address || address->is_v6 != in_brackets) return std::nullopt;
    const std::string_view rest = text.substr(in_brackets ? end + 1 : end);
    if (in_brackets && rest.empty()) return DnsServer{*address};
    const auto port = rest.starts_with(':') ? number_of<std::uint16_t>(rest.substr(1)) : std::nullopt;
    if (!port || *port == 0) return std::nullopt;
    return DnsServer{*address, *port};
}

/// Labels of 1 to 63 letters, digits, - and _; a dot at the end is let through, and the dot alone.
bool is_domain(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (text == ".") return true;
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty() || text.size() > 253) return false;
    while (true) {
        const auto end = std::min(text.find('.'), text.size());
        if (end == 0 || end > 63 || !std::ranges::all_of(text.substr(0, end), allowed)) return false;
        if (end == text.size()) return true;
        text.remove_prefix(end + 1);
    }
}

bool is_flag(std::string_view word) {
    return std::ranges::all_of(
        word, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '!'; });
}

}  // namespace

std::optional<PushedOptions> PushReplyParser::feed(std::string_view log_text) {
    if (!log_text.starts_with(kPrefix)) return std::nullopt;
    std::string_view left = log_text.substr(kPrefix.size());
    const bool is_whole = left.ends_with('\'');
    if (is_whole) left.remove_suffix(1);
    if (!left.empty() && left.front() != ',') return std::nullopt;
    // What is left of an option at a cut may look like a whole one: "ping 10" like "ping 1".
    if (!is_whole) {
        options_.cut = true;
        left = left.substr(0, left.empty() ? 0 : left.rfind(','));
    }
    continuation_ = 0;
    ++messages_;
    while (!left.empty()) {
        left.remove_prefix(1);
        const auto end = std::min(left.find(','), left.size());
        take(left.substr(0, end));
        left.remove_prefix(end);
    }
    if (continuation_ == kMoreFollows && messages_ < kMessageLimit) return std::nullopt;
    if (continuation_ == kMoreFollows) options_.cut = true;
    return finish();
}

void PushReplyParser::reset() { *this = PushReplyParser(); }

PushedOptions PushReplyParser::finish() {
    // 2.6's own words replace those for DHCP (dns.c). One server counts, not all of them: the domains of each are its
    // own, and a link has but one list (vpn-network-options.rst: the one of the lowest number that can be used).
    const auto usable = std::ranges::find_if(dns_profiles_, [](const auto& profile) {
        return profile.second.is_plain && !profile.second.addresses.empty();
    });
    if (usable != dns_profiles_.end()) {
        options_.dns = std::move(usable->second.addresses);
        for (const std::string& domain : usable->second.domains) add_domain(domain, false);
    }
    PushedOptions options = std::move(options_);
    reset();
    return options;
}

void PushReplyParser::take(std::string_view option) {
    const Words words = words_of(option);
    if (words.empty()) return;
    const std::string_view name = words[0];
    if (name == "redirect-gateway" || name == "redirect-private") {
        options_.redirect_gateway = options_.redirect_gateway || name == "redirect-gateway";
        return add_redirect_flags(words);
    }
    if (words.size() < 2) return;
    if (name == "route" || name == "route-ipv6") return take_route(words);
    if (name == "dhcp-option") return take_dhcp_option(words);
    if (name == "dns") return take_dns(words);
    if (name == "ping") return set_seconds(options_.ping, words[1]);
    if (name == "ping-restart") return set_seconds(options_.ping_restart, words[1]);
    if (name == "push-continuation") continuation_ = number_of<unsigned>(words[1]).value_or(0);
    if (name == "tun-mtu") {
        const auto mtu = number_of<unsigned>(words[1]);
        if (mtu && *mtu >= 68 && *mtu <= 65535) options_.tun_mtu = mtu;
    }
}

void PushReplyParser::take_route(const Words& words) {
    if (const auto route = words[0] == "route" ? route_of(words) : route_ipv6_of(words)) add_route(*route);
}

/// "dhcp-option TYPE VALUE".
void PushReplyParser::take_dhcp_option(const Words& words) {
    if (words.size() < 3) return;
    const std::string_view type = words[1];
    if (type == "DNS" || type == "DNS6") {
        const auto address = parse_address(words[2]);
        if (!address || (type == "DNS6" && !address->is_v6)) return;
        if (options_.dns.size() < kDnsLimit)
            options_.dns.push_back({*address});
        else
            options_.cut = true;
    } else if (type == "DOMAIN" || type == "DOMAIN-SEARCH" || type == "ADAPTER_DOMAIN_SUFFIX") {
        add_domain(words[2], true);
    } else if (type == "DOMAIN-ROUTE") {
        add_domain(words[2], false);
    }
}

/// "dns search-domains DOMAIN…", "dns server PRIORITY address ADDRESS[:PORT]…", "dns server PRIORITY resolve-domains
/// DOMAIN…", "dns server PRIORITY transport plain|DoT|DoH".
void PushReplyParser::take_dns(const Words& words) {
    if (words[1] == "search-domains")
        for (std::size_t i = 2; i < words.size(); ++i) add_domain(words[i], true);
    if (words[1] != "server" || words.size() < 5) return;
    const auto priority = number_of<int>(words[2]);
    if (!priority) return;
    if (dns_profiles_.size() >= kDnsLimit && !dns_profiles_.contains(*priority)) {
        options_.cut = true;
        return;
    }
    DnsProfile& profile = dns_profiles_[*priority];
    if (words[3] == "transport") profile.is_plain = words[4] == "plain";
    for (std::size_t i = 4; i < words.size(); ++i) {
        if (words[3] == "resolve-domains" && is_domain(words[i])) {
            if (profile.domains.size() < kDomainLimit)
                profile.domains.emplace_back(words[i]);
            else
                options_.cut = true;
        }
        const auto server = words[3] == "address" ? dns_server_of(words[i]) : std::nullopt;
        if (server && profile.addresses.size() < kDnsLimit)
            profile.addresses.push_back(*server);
        else if (server)
            options_.cut = true;
    }
}

void PushReplyParser::add_route(const IpNetwork& route) {
    if (std::ranges::find(options_.routes, route) != options_.routes.end()) return;
    if (options_.routes.size() < kRouteLimit)
        options_.routes.push_back(route);
    else
        options_.cut = true;
}

void PushReplyParser::add_domain(std::string_view domain, bool search) {
    if (!is_domain(domain)) return;
    if (domain.size() > 1 && domain.ends_with('.')) domain.remove_suffix(1);
    const auto known = std::ranges::find(options_.domains, domain, &PushedDomain::name);
    if (known != options_.domains.end()) {
        known->search = known->search || search;
    } else if (options_.domains.size() < kDomainLimit) {
        options_.domains.push_back({std::string(domain), search});
    } else {
        options_.cut = true;
    }
}

void PushReplyParser::add_redirect_flags(const Words& words) {
    std::string& flags = options_.redirect_flags;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const bool is_known = (" " + flags + " ").find(" " + std::string(words[i]) + " ") != std::string::npos;
        if (is_known || !is_flag(words[i]) || flags.size() + 1 + words[i].size() > kMostFlags) continue;
        flags += (flags.empty() ? "" : " ") + std::string(words[i]);
    }
}

bool captures_default(const PushedOptions& pushed, bool of_ipv6) {
    const std::string flags = " " + pushed.redirect_flags + " ";
    const bool told = flags.find(of_ipv6 ? " ipv6 " : " !ipv4 ") != std::string::npos;
    return pushed.redirect_gateway && told == of_ipv6;
}

}  // namespace memdb::tunnel
