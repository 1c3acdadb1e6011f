// HOST, HOST:PORT and profile names, as people type them. In: text; out: normalised values or one sentence.
//
// Resolves nothing.
#pragma once

#include "base/error.hpp"
#include "config/profile.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace memdb::config {

struct Endpoint {
    std::string host;  ///< lower case; an address literal without brackets
    std::uint16_t port = 0;
    bool operator==(const Endpoint&) const = default;
};

/// Reads "HOST", "HOST:PORT", "[V6]", "[V6]:PORT" or a bare IPv6 address.
///
/// @return Errc::bad_input with the reason, the text in it made visible.
Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port);

/// Normalises a host name (lower case, no dot at the end) or an address literal. Errc::bad_input otherwise.
Result<std::string> parse_host(std::string_view text);

/// Reads 1 … 65535. Errc::bad_input otherwise.
Result<std::uint16_t> parse_port(std::string_view text);

bool is_address(std::string_view host);
bool is_ipv6(std::string_view host);

/// Checks a profile's name: 1 … kProfileNameLimit of a-z 0-9 . _ -, beginning with a letter or digit, without "..".
///
/// It becomes a folder and part of a socket's name, so nothing else is allowed. Errc::bad_input otherwise.
Result<void> check_profile_name(std::string_view name);

/// Checks the name of an ACL user: 1 … 128 printable characters without blank, quote and backslash.
Result<void> check_user(std::string_view user);

}  // namespace memdb::config
