// Hands a certificate revocation list to the agent: POST /v1/profiles/{p}/crl. For `key crl`, `pki crl` and whoever
// else has made one. Blocking: one request.
#pragma once

#include "client/control_client.hpp"
#include "control/snapshot.hpp"

#include <string>
#include <string_view>

namespace memdb::client {

/// @param bytes  PEM or DER; only the list itself is sent, as PEM.
/// @return what the agent now knows, or one line: no list, damaged, too large, not this profile's CA's, older than the
///         agent's; and what ControlClient::request says.
Outcome<control::CrlView> upload_crl(const ControlClient& client, const std::string& profile, std::string_view bytes);

}  // namespace memdb::client
