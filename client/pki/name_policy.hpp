// Names of certificates, and reasons to revoke them: what reaches easy-rsa's command line is on an allow-list. Pure.
#pragma once

#include <array>
#include <string_view>

namespace memdb::client::pki {

/// 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with . or -, not "ca" (its files are the CA's own).
bool is_name(std::string_view name) noexcept;

/// Whether `name` is `base` with a day behind it, "laptop-20261126", as renewals and rotations call later keys.
bool is_later_name(std::string_view name, std::string_view base) noexcept;

/// What is_name() asks for, as part of a sentence.
inline constexpr std::string_view kNameRule =
    "1 to 64 letters, digits, '.', '_' and '-', beginning with a letter, a digit or '_', and not \"ca\"";

inline constexpr std::array<std::string_view, 7> kReasons = {
    "unspecified", "keyCompromise",        "CACompromise",   "affiliationChanged",
    "superseded",  "cessationOfOperation", "certificateHold"};

/// A name as it stands in a DNS entry of a certificate: letters, digits, '.', '-', '_', or a leading "*.".
bool is_dns_name(std::string_view name) noexcept;

/// A Client VPN endpoint's id: "cvpn-endpoint-" and hexadecimal digits.
bool is_endpoint_id(std::string_view word) noexcept;

/// A path that easy-rsa's scripts can live with: absolute, no control characters, no quotes, no $ ` \ & | # * ? [.
bool is_plain_path(std::string_view path) noexcept;

}  // namespace memdb::client::pki
