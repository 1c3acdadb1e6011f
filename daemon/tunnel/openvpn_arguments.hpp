// How openvpn is started: the command line, and nothing else (design §4). Pure.
#pragma once

#include "config/profile.hpp"
#include "tunnel/tunnel_state.hpp"

#include <string>
#include <vector>

namespace memdb::tunnel {

/// What a tunnel is made from. Paths are absolute; openvpn reads the three files at start.
struct TunnelSetup {
    std::string profile;  ///< for the log
    std::string openvpn = "/usr/sbin/openvpn";
    std::string config_file;  ///< the re-emitted client.ovpn: no remote, no cert, no key
    std::string cert_file;    ///< of the generation in force
    std::string key_file;
    std::string management_socket;        ///< in a 0700 folder of ours; at most 107 bytes (sun_path)
    std::vector<config::Remote> remotes;  ///< 1 … config::kRemoteLimit
    bool random_hostname = false;         ///< put 12 hex digits and a dot in front of names, new at each attempt
    bool trial = false;                   ///< a handshake only: no device, no address, no route
    bool operator==(const TunnelSetup&) const = default;
};

/// argv, the program's name first, for one attempt at `server`. Holds no secret.
[[nodiscard]] std::vector<std::string> openvpn_arguments(const TunnelSetup& setup, const ServerAddress& server);

/// What openvpn calls the protocol for this very address: "udp4", "udp6", "tcp4-client", "tcp6-client".
[[nodiscard]] std::string openvpn_protocol(const ServerAddress& server);

}  // namespace memdb::tunnel
