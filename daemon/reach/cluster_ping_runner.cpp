// ClusterRunner::ping(): a fresh PING to each node, for whoever asks, and the results as they come.
#include "reach/cluster_runner_parts.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace memdb::reach {
namespace asio = boost::asio;

void ClusterRunner::ping(const std::optional<std::string>& node, Duration limit, OnPinged done) {
    auto pinging = std::make_shared<Pinging>(io_, std::move(done));
    for (const TrackedNode& known : tracker_.nodes) {
        if (!nodes_.contains(known.label) || (node ? known.label != *node : !is_counted(tracker_, known))) continue;
        pinging->waiting.emplace(known.label, pinging->results.size());
        pinging->results.push_back({known.label, false, std::nullopt, "no verdict in time"});
    }
    pings_.push_back(pinging);
    const auto finish = [this, life = std::weak_ptr(life_), pinging] {
        if (life.expired() || std::erase(pings_, pinging) == 0) return;
        pinging->done(std::move(pinging->results));
    };
    if (pinging->waiting.empty()) return asio::post(io_, finish);
    pinging->timer.expires_after(limit);
    // Ends early, by cancel(), once every node has its result: the callback always comes from the loop.
    pinging->timer.async_wait([finish](const boost::system::error_code&) { finish(); });
    for (const PingResult& owed : pinging->results)
        queue_.emplace_back(std::pair(std::weak_ptr(nodes_.at(owed.node)), ProbeEvent(ProbeRequested{})));
    drain();
}

void ClusterRunner::settle_pings(const Node& node) {
    for (const auto& pinging : pings_) {
        const auto owed = pinging->waiting.find(node.id.label);
        if (owed == pinging->waiting.end()) continue;
        PingResult& result = pinging->results[owed->second];
        pinging->waiting.erase(owed);
        result.ok = node.state.health == NodeHealth::ok;
        if (result.ok) result.duration = node.state.ping;
        result.error = result.ok ? "" : node.state.blame ? node.state.blame->evidence : "the node is no longer probed";
        if (pinging->waiting.empty()) pinging->timer.cancel();
    }
}

}  // namespace memdb::reach
