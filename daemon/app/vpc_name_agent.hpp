// What the VPC's own resolver, which the endpoint pushed, says of a profile's cluster names: asked once for each
// tunnel, to compare with what this host's resolver says.
#pragma once

#include "config/profile.hpp"
#include "host/name_resolver.hpp"
#include "tunnel/tunnel_state.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace memdb::app {

class VpcNameAgent {
  public:
    /// `resolver` must outlive the agent.
    VpcNameAgent(host::NameResolver& resolver, std::vector<config::Cluster> clusters, std::function<void()> changed);
    ~VpcNameAgent();
    VpcNameAgent(const VpcNameAgent&) = delete;
    VpcNameAgent& operator=(const VpcNameAgent&) = delete;

    /// Asks when another tunnel is up; forgets when none is.
    void follow(const tunnel::TunnelState& tunnel);
    /// Asks again, for the world may have changed.
    void ask_again();

    /// "10.20.1.1, 10.20.2.1"; empty when nothing is known, or the name has no address there.
    [[nodiscard]] std::string answer(const std::string& host) const;
    /// Who was asked; empty when nobody.
    [[nodiscard]] const std::string& resolver() const noexcept { return server_; }

  private:
    void ask();
    void forget();

    host::NameResolver& resolver_;
    std::vector<config::Cluster> clusters_;
    std::function<void()> changed_;
    std::string server_;
    std::optional<TimePoint> asked_for_;                     ///< connected_at of the tunnel
    std::map<std::string, host::NameResolver::Query> open_;  ///< by name
    std::map<std::string, std::string> answers_;             ///< by name
};

}  // namespace memdb::app
