#include "tunnel/openvpn_arguments.hpp"

#include <utility>

namespace memdb::tunnel {

std::string openvpn_protocol(const ServerAddress& server) {
    const bool ip6 = server.address.find(':') != std::string::npos;
    const bool tcp = server.transport == config::Transport::tcp;
    return std::string(tcp ? "tcp" : "udp") + (ip6 ? "6" : "4") + (tcp ? "-client" : "");
}

std::vector<std::string> openvpn_arguments(const TunnelSetup& setup, const ServerAddress& server) {
    std::vector<std::string> argv = {setup.openvpn};
    const auto add = [&](auto... words) { (argv.emplace_back(std::move(words)), ...); };

    // First of all: of two settings of one option openvpn takes the later, so nothing in the file may override what
    // follows (facts B.5: `script-security 2` in the file loses against a 0 behind it, and wins against one before it).
    add("--config", setup.config_file);
    // Files of the generation in force; a new generation is a new process.
    add("--cert", setup.cert_file, "--key", setup.key_file);
    // An address, with the family in the protocol: openvpn's own look-up would block it for many seconds.
    add("--remote", server.address, std::to_string(server.port), openvpn_protocol(server));
    // openvpn dials in, so it ends by itself when memdbd is gone; it waits at the hold before every attempt.
    add("--management", setup.management_socket, "unix", "--management-client", "--management-hold");
    // Device, address, routes and DNS come as >UPDOWN: lines: no program is ever run.
    add("--management-up-down", "--script-security", "0");
    // DNS is ours (app/dns_agent). 2.7 would set it by a program of its own; 2.6 knows no such option, and says so.
    add("--ignore-unknown-option", "dns-updown", "--dns-updown", "disable");
    // A rejection ends the process (exit 0) instead of asking for a password that nobody will type.
    add("--auth-retry", "none", "--auth-nocache");
    // Restart in place keeps the device, its routes and connections; and needs neither file nor privilege again.
    add("--persist-tun", "--persist-key");
    // Beside the tunnel, and without touching anything of this machine (facts I).
    if (setup.trial) add("--dev", "null", "--ifconfig-noexec", "--route-noexec");
    // STATE and cause texts are logged from verb 3 on; times are added by whoever writes the log.
    add("--verb", "3", "--suppress-timestamps");
    return argv;
}

}  // namespace memdb::tunnel
