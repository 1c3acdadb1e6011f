// The way from this host to one profile's server and nodes, as the kernel sees it. Remembers answers until the host's
// routes change; decides nothing: what an answer means is way_out_policy's and health/route_policy's business.
#pragma once

#include "app/way_out_policy.hpp"
#include "health/facts.hpp"
#include "health/route_policy.hpp"
#include "host/route_watch.hpp"
#include "tunnel/tunnel_state.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace memdb::app {

class PathAgent {
  public:
    /// @param watch  may be null: then nothing is known. Must outlive the agent.
    explicit PathAgent(host::RouteWatch* watch) : watch_(watch) {}

    /// The host's links, addresses, routes or rules changed.
    void host_changed() { answers_.clear(); }

    /// How this host gets out to the endpoint's addresses, after `before`.
    WayOut way_out(const WayOut& before, const tunnel::TunnelState& tunnel);

    /// Whether the kernel has any way to `server` that is not the tunnel itself.
    std::optional<bool> reaches(const std::string& server, const std::string& tunnel_device);

    /// What the kernel would do with a packet to a node.
    health::RouteVerdict judge(const std::string& node, const tunnel::TunnelState& tunnel);

    /// Bytes that came through `device`, and all that went through it in either direction.
    std::optional<host::LinkCounters> counters(const std::string& device);

    /// The networks that this host is in; none when they cannot be read.
    std::vector<host::LocalNetwork> local_networks();

  private:
    const host::RouteAnswer* way_to(const IpAddress& to);

    host::RouteWatch* watch_;
    std::map<IpAddress, std::optional<host::RouteAnswer>> answers_;
};

}  // namespace memdb::app
