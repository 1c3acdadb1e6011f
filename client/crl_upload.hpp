// Hands a certificate revocation list to the agent: POST /v1/profiles/{p}/crl. For `key crl`, and for `pki revoke`,
// `pki crl` and `rotate --revoke-old`, which have just made one. Blocking: one request.
#pragma once

#include "client/commands.hpp"
#include "control/snapshot.hpp"

#include <string>
#include <string_view>

namespace memdb::client {

/// @param bytes  PEM or DER; only the list itself is sent, as PEM.
/// @return what the agent now knows, or one line: no list, damaged, too large, not this profile's CA's, older than the
///         agent's; and what ControlClient::request says.
Outcome<control::CrlView> upload_crl(const ControlClient& client, const std::string& profile, std::string_view bytes);

/// The same for the list in `file`, read as the calling user.
Outcome<control::CrlView> upload_crl_file(const Context& context, const std::string& profile, const std::string& file);

/// The same for the list that a command has just made. An agent that does not take it undoes nothing, so the problem
/// begins with what is done, such as "laptop is revoked and the list made", and ends with the command to repeat.
Outcome<control::CrlView> tell_agent(const Context& context, const std::string& profile, const std::string& file,
                                     const std::string& done);

}  // namespace memdb::client
