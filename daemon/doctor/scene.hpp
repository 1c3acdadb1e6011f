// All that the doctor knows when it judges: the profile as the Snapshot shows it, and what was looked at just now.
// Plain values; an empty optional was not looked at (yet, or because the profile has no such part).
#pragma once

#include "base/time.hpp"
#include "control/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memdb::doctor {

/// What is looked at by doing something, which takes a moment. Everything else is there from the beginning.
enum class Part : std::uint8_t { openvpn, endpoint_name, servers, trial, cluster_names, ping, node, history };
inline constexpr Part kParts[] = {Part::openvpn,       Part::endpoint_name, Part::servers, Part::trial,
                                  Part::cluster_names, Part::ping,          Part::node,    Part::history};

/// What `openvpn --version` said.
struct ProgramSeen {
    std::string path;
    std::string version;  ///< "2.6.14"; empty: it did not say one
    std::string trouble;  ///< why it could not be run; empty: it could
};

/// A name asked just now.
struct NameSeen {
    std::string name;    ///< as asked, with the random label
    std::string server;  ///< who was asked; empty: this machine's own resolver
    std::vector<std::string> addresses;
    std::string trouble;  ///< empty: it has addresses
    Duration took{};
    bool answered = true;  ///< the server said something, be it that there is no such name
};

/// OpenVPN's first packet, sent to one address of the endpoint.
struct ServerSeen {
    std::string server;  ///< "192.0.2.1:443"
    bool answered = false;
    Microseconds took{};
    std::string evidence;
    bool asked = true;  ///< no: this machine has no way to addresses of that family, or there were too many
};

/// A connection without a device.
struct TrialSeen {
    unsigned generation = 0;  ///< of the certificate that was tried
    bool accepted = false;
    std::string code;  ///< of a failure: finding code
    std::string evidence;
    Duration took{};
};

/// What the kernel would do with a packet to a node.
struct RouteSeen {
    std::string node;
    std::string address;
    std::string code;  ///< finding code; empty: it takes the right way
    std::string evidence;
};

/// A fresh PING on the kept connection.
struct PingSeen {
    std::string node;
    std::optional<Microseconds> took;
    std::string trouble;  ///< without `took`
};

/// A connection of the doctor's own to one node: PING with 1 400 bytes, and TIME.
struct NodeSeen {
    std::string node;
    std::optional<Microseconds> large_ping;
    std::string trouble;                  ///< why there was no such answer
    bool lost = false;                    ///< the small packets before passed, and nothing came back for the large one
    std::optional<Duration> clock_ahead;  ///< this machine's clock against the node's; negative: behind
};

struct Scene {
    control::ProfileView view;
    std::vector<health::Finding> agent;  ///< findings about memdbd itself
    WallTime now{};

    bool has_tunnel = true;
    std::string credential_code;        ///< finding code of the next
    std::string credential_trouble;     ///< why the stored certificate or key cannot be used; empty: it can, or is none
    std::string overlap;                ///< another profile that is in the way, and where; empty: none is
    bool knows_networks = false;        ///< what lies behind the tunnel is known
    std::string configuration_trouble;  ///< why the stored configuration cannot be used; empty: it can
    std::optional<std::string> tun;     ///< why /dev/net/tun cannot be used; empty text: it can
    std::optional<bool> net_admin;      ///< whether memdbd has CAP_NET_ADMIN
    std::optional<bool> synchronised;   ///< whether something keeps this machine's clock right
    std::optional<bool> online;         ///< whether a way leads to the endpoint
    std::vector<std::string> local_networks;  ///< of this machine that lie within the VPC's
    std::vector<std::string> pushed_routes;
    std::vector<std::string> pushed_dns;
    bool over_tcp = false;
    bool connected_before = false;  ///< this certificate has had a tunnel since memdbd began
    bool private_ca = false;

    std::optional<ProgramSeen> openvpn;
    std::optional<NameSeen> endpoint_name;
    std::optional<std::vector<ServerSeen>> servers;
    std::optional<TrialSeen> trial;
    std::optional<TrialSeen> earlier_trial;  ///< of the generation before, at the same moment
    std::vector<RouteSeen> routes;
    std::vector<NameSeen> cluster_names;  ///< by this machine's resolver and, with `server`, by the VPC's
    std::optional<std::vector<PingSeen>> ping;
    std::optional<NodeSeen> node;
    std::optional<Microseconds> usual_ping;  ///< median of the last day; empty: no history
};

[[nodiscard]] inline bool is_up(const Scene& scene) { return scene.view.tunnel && scene.view.tunnel->phase == "up"; }

}  // namespace memdb::doctor
