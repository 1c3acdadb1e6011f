#include "client/agent_source.hpp"

#include "base/clock.hpp"

namespace memdb::client {
namespace {

constexpr Duration kPatience = 2s;  ///< who looks at a live view must not wait for long

}  // namespace

Outcome<control::Snapshot> AgentSource::connect() {
    auto opened = EventReader::open(context_.client.socket(), kPatience);
    if (opened.has_error()) return opened.error();
    auto first = read_event(*opened, now() + kPatience);
    if (first.has_error()) return lost(first.error());
    auto* taken = std::get_if<control::SnapshotTaken>(&first->change);
    if (taken == nullptr) return Problem{Exit::failed, "the agent's events do not begin with a snapshot"};
    reader_.emplace(std::move(*opened));
    return std::move(taken->snapshot);
}

Outcome<std::vector<control::Event>> AgentSource::events(TimePoint until) {
    std::vector<control::Event> all;
    for (;;) {
        auto event = read_event(*reader_, all.empty() ? until : now());
        if (event.has_value()) {
            all.push_back(std::move(*event));
            continue;
        }
        if (event.error().exit == Exit::timed_out) return all;
        return lost(event.error());
    }
}

Outcome<control::Snapshot> AgentSource::state() {
    const auto response = context_.client.request("GET", "/v1/status", {}, kPatience);
    if (response.has_error()) return lost(response.error());
    auto snapshot = control::parse_snapshot(response->body);
    if (snapshot.has_error())
        return lost({Exit::failed, "the agent's answer makes no sense: " + snapshot.error().message});
    return std::move(*snapshot);
}

Problem AgentSource::lost(const Problem& problem) {
    reader_.reset();
    return {problem.exit, problem.message.empty() ? "the agent did not answer in time" : problem.message};
}

}  // namespace memdb::client
