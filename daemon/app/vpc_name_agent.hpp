// What the VPC's own resolver, which the endpoint pushed, says of a profile's cluster names: asked once for each
// tunnel, to compare with what this host's resolver says.
#pragma once

#include "config/profile.hpp"
#include "health/facts.hpp"
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

    /// While all nodes are silent, at every look: whether the resolver is, too. Asks at once, and then every 5 s until
    /// it has answered: what it sends comes through the tunnel, which counts as traffic.
    /// @param silent_since  of the nodes; none: some node answers.
    void witness(std::optional<TimePoint> silent_since, TimePoint now);
    /// What came of that.
    [[nodiscard]] health::VpcVoice voice() const noexcept { return voice_; }

    /// "10.20.1.1, 10.20.2.1"; empty when nothing is known, or the name has no address there.
    [[nodiscard]] std::string answer(const std::string& host) const;
    /// Who was asked; empty when nobody.
    [[nodiscard]] const std::string& resolver() const noexcept { return server_; }

  private:
    void ask();
    void forget();
    void heard(health::VpcVoice voice);

    host::NameResolver& resolver_;
    std::vector<config::Cluster> clusters_;
    std::function<void()> changed_;
    std::string server_;
    std::optional<TimePoint> asked_for_;                     ///< connected_at of the tunnel
    std::map<std::string, host::NameResolver::Query> open_;  ///< by name
    std::map<std::string, std::string> answers_;             ///< by name
    health::VpcVoice voice_ = health::VpcVoice::unknown;
    std::optional<TimePoint> witness_at_;  ///< the next question; none: nobody is silent
    std::optional<host::NameResolver::Query> witness_;
};

}  // namespace memdb::app
