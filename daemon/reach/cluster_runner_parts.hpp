// What a ClusterRunner holds for each node, and for each call of ping(); for cluster_runner.cpp and
// cluster_ping_runner.cpp alone.
#pragma once

#include "reach/cluster_runner.hpp"
#include "reach/node_link.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace memdb::reach {

struct ClusterRunner::Node {
    Node(boost::asio::io_context& io, AddNode what, ProbeTarget how, NodeLink::OnEvent on_event)
        : id(std::move(what)), target(std::move(how)), link(io, std::move(on_event)), timer(io) {}

    AddNode id;
    ProbeTarget target;
    ProbeState state;
    PingTally tally;
    NodeLink link;
    boost::asio::steady_timer timer;
    std::optional<TimePoint> armed;
    host::NameResolver::Query query = 0;
    std::size_t place = 0;  ///< in the tracker's list, when it was last looked up
};

/// One call of ping(): which nodes owe a result, and those that gave one.
struct ClusterRunner::Pinging {
    Pinging(boost::asio::io_context& io, OnPinged call) : timer(io), done(std::move(call)) {}

    boost::asio::steady_timer timer;
    OnPinged done;
    std::unordered_map<std::string, std::size_t> waiting;  // label to its place in
    std::vector<PingResult> results;                       // in the order of the map
};

}  // namespace memdb::reach
