#include "config/endpoint_parser.hpp"

#include "config/visible_text.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace memdb::config {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::size_t kHostLimit = 253;
constexpr std::size_t kLabelLimit = 63;
constexpr std::size_t kUserLimit = 128;

bool only(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_literal(int family, std::string_view host) {
    unsigned char address[sizeof(in6_addr)];
    const std::string terminated(host);
    return host.find('\0') == std::string_view::npos && inet_pton(family, terminated.c_str(), address) == 1;
}

bool is_label(std::string_view label) {
    if (label.empty() || label.size() > kLabelLimit || label.front() == '-' || label.back() == '-') return false;
    return std::all_of(label.begin(), label.end(), [](char c) {
        return kNameCharacters.find(c) != std::string_view::npos || c == '-' || c == '_';
    });
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > kHostLimit) return false;
    std::string_view label;
    for (std::string_view rest = host;;) {
        const auto dot = rest.find('.');
        label = rest.substr(0, dot);
        if (!is_label(label)) return false;
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    return !only(label, kDigits);  // "1.2.3" and "300.1.1.1" are mistyped addresses, not names
}

Failure bad(std::string message) { return {Errc::bad_input, std::move(message)}; }

}  // namespace

bool is_ipv6(std::string_view host) { return is_literal(AF_INET6, host); }
bool is_address(std::string_view host) { return is_literal(AF_INET, host) || is_ipv6(host); }

Result<std::string> parse_host(std::string_view text) {
    std::string host(text);
    for (char& c : host) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (is_address(host)) return host;
    if (host.ends_with('.')) host.pop_back();
    if (!is_host_name(host)) return bad(fmt::format("\"{}\" is no host name and no address", visible_text(text)));
    return host;
}

Result<std::uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535) {
        return bad(fmt::format("\"{}\" is no port: give a number between 1 and 65535", visible_text(text)));
    }
    return static_cast<std::uint16_t>(port);
}

Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
    if (text.empty()) return bad("the host is empty: give HOST or HOST:PORT");
    if (text.find("://") != std::string_view::npos) {
        return bad(fmt::format("\"{}\" is a URL: give HOST or HOST:PORT", visible_text(text)));
    }
    if (is_ipv6(text)) return Endpoint{*parse_host(text), default_port};

    std::string_view host = text;
    std::string_view rest;
    if (text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) {
            return bad(fmt::format("\"{}\" has no IPv6 address between [ and ]", visible_text(text)));
        }
        host = text.substr(1, close - 1);
        rest = text.substr(close + 1);
    } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        rest = text.substr(colon);
    }

    auto name = parse_host(host);
    if (!name) return name.error();
    if (rest.empty()) return Endpoint{*std::move(name), default_port};
    if (rest.front() != ':') return bad(fmt::format("\"{}\": only :PORT may follow the ]", visible_text(text)));
    const auto port = parse_port(rest.substr(1));
    if (!port) return port.error();
    return Endpoint{*std::move(name), *port};
}

Result<void> check_profile_name(std::string_view name) {
    if (name.empty()) return bad("the profile needs a name");
    const bool fits =
        name.size() <= kProfileNameLimit && kNameCharacters.find(name.front()) != std::string_view::npos &&
        std::all_of(name.begin(), name.end(),
                    [](char c) {
                        return kNameCharacters.find(c) != std::string_view::npos || c == '.' || c == '_' || c == '-';
                    }) &&
        name.find("..") == std::string_view::npos;
    if (fits) return {};
    return bad(fmt::format(
        "\"{}\" cannot be a profile's name: use at most {} of a-z 0-9 . _ - and begin with a letter or digit",
        visible_text(name), kProfileNameLimit));
}

Result<void> check_user(std::string_view user) {
    const bool fits = !user.empty() && user.size() <= kUserLimit && std::all_of(user.begin(), user.end(), [](char c) {
        return c > 0x20 && c < 0x7f && c != '"' && c != '\'' && c != '\\';
    });
    if (fits) return {};
    return bad(
        fmt::format("\"{}\" cannot be a user's name: use at most {} printable characters without blanks and quotes",
                    visible_text(user), kUserLimit));
}

std::string endpoint_text(std::string_view host, std::uint16_t port) {
    return is_ipv6(host) ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace memdb::config
