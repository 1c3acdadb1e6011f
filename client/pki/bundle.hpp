// The one file that an admin hands to a user: what `profile import` takes. Pure.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <string>
#include <string_view>

namespace memdb::client::pki {

/// Certificate, key, CA certificate, in this order and without easy-rsa's dump of them.
/// @return Errc::bad_input when one of them cannot be read; the key must belong to the certificate.
Result<Secret<>> make_bundle(std::string_view certificate_text, const Secret<>& key_pem, std::string_view ca_text);

/// `configuration` (which has no certificate of its own) with <cert> and <key> at its end.
/// @return as make_bundle().
Result<Secret<>> make_ovpn_bundle(std::string_view configuration, std::string_view certificate_text,
                                  const Secret<>& key_pem);

}  // namespace memdb::client::pki
