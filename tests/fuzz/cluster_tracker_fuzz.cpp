// Any row of proofs, failures and topologies for the tracker of a cluster. After each its invariants hold: somebody is
// the sentinel, whom it asks is tracked, what is probed is what is tracked, no deadline is in the past.
#include "tests/fuzz/story.hpp"
#include "tests/support/tracker_invariants.hpp"

#include <algorithm>

using namespace memdb;
using namespace memdb::reach;
using fuzz::Row;

namespace {

constexpr ProbeTimings kTimings{};
const ClusterSeed kSeed{"clustercfg.test", 6379, true};
const char* const kNodes[] = {"a1", "r1", "a2", "r2", "fd00::1", "clustercfg.test"};

/// Any of the nodes that there have been, or one that there was not.
std::string label(unsigned byte) {
    const char* const labels[] = {"clustercfg.test", "a1",       "r1", "a2", "r2", "fd00::1", "a1:6380",
                                  "[fd00::1]:6380",  "stranger", ""};
    return Row::of(labels, byte);
}

Reply text(std::string value) { return {.kind = Reply::Kind::text, .text = std::move(value)}; }
Reply number(std::int64_t value) { return {.kind = Reply::Kind::integer, .integer = value}; }
Reply list(std::vector<Reply> items) { return {.kind = Reply::Kind::array, .items = std::move(items)}; }

Reply member(const char* name, std::int64_t port, bool primary, bool online) {
    return list({text("tls-port"), number(port), text("endpoint"), text(name), text("role"),
                 text(primary ? "master" : "replica"), text("health"), text(online ? "online" : "fail")});
}

/// Two shards of whoever `members` says; `bits` say who is in the first, and what is odd.
Reply shards(unsigned members, unsigned bits) {
    std::vector<Reply> first, second;
    for (unsigned i = 0; i < std::size(kNodes); ++i) {
        if (!Row::bit(members, i)) continue;
        const bool primary = (i % 2U == 0) != Row::bit(bits, 7), online = !(Row::bit(bits, 4) && i < 2);
        (Row::bit(bits, i) ? first : second)
            .push_back(member(kNodes[i], Row::bit(bits, 6) && i == 0 ? 6380 : 6379, primary, online));
    }
    const auto shard = [](std::int64_t from, std::int64_t to, std::vector<Reply> nodes) {
        return list({text("slots"), from <= to ? list({number(from), number(to)}) : list({}), text("nodes"),
                     list(std::move(nodes))});
    };
    return list({shard(0, Row::bit(members, 6) ? 8191 : 8000, std::move(first)),
                 shard(8192, Row::bit(members, 7) ? 16383 : 0, std::move(second))});
}

Reply topology(const Row& row) {
    const char* const errors[] = {"ERR This instance has cluster support disabled", "NOPERM no", "ERR", ""};
    if (row.b % 16U == 15) return {.kind = Reply::Kind::error, .text = Row::of(errors, row.a)};
    if (row.b % 16U == 14) return number(row.a);
    return shards(row.a, row.b);
}

struct Fill {
    void operator()(NodeProved& e, const Row& r) const { e.label = label(r.a); }
    void operator()(NodeMissed& e, const Row& r) const { e.label = label(r.a); }
    void operator()(NodeForgotten& e, const Row& r) const { e.label = label(r.a); }
    void operator()(NodeBlamed& e, const Row& r) const {
        e = {label(r.a), Row::bit(r.b, 0) ? "port-refused" : "node-unreachable", Row::bit(r.b, 1)};
    }
    void operator()(TopologyReceived& e, const Row& r) const { e = {label(r.when / 32U), topology(r)}; }
    void operator()(TopologyMissed& e, const Row& r) const { e = {label(r.a), "closed"}; }
    void operator()(BulkChecked& e, const Row& r) const {
        e = {label(r.a), static_cast<BulkResult>(r.b % 3U), r.b % 3U == 1 ? "" : "lost"};
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::string_view kNames[] = {"start",    "stop",        "proved", "missed",    "blamed", "forgotten",
                                           "topology", "no topology", "bulk",   "probe now", "path",   "deadline"};
    static_assert(std::size(kNames) == std::variant_size_v<TrackerEvent>);
    TrackerState state;
    TimePoint now(1000000s);
    fuzz::Trail trail;
    const auto happens = [&](const TrackerEvent& event) {
        const TrackerState before = state;
        const auto done = step(std::move(state), event, now, kSeed, kTimings);
        trail.add(Row::of(kNames, static_cast<unsigned>(event.index())), done.why);
        trail.expect(broken_in(before, now, done));
        state = done.state;
        const ClusterSummary sum = summarize(state);
        trail.expect(sum.ok + sum.failed + sum.unknown <= state.nodes.size(), "more nodes are counted than there are");
        trail.expect(!state.is_running || sum.ok + sum.failed + sum.unknown > 0, "nothing is shown");
    };
    fuzz::for_each_row(data, size, [&](const Row& row) {
        now = fuzz::moment_of(row.when, now, state.deadline);
        if (row.what >= 200) return happens(TrackerDeadlinePassed{});
        happens(fuzz::event_of<TrackerEvent>(row, Fill{}));
    });
    // Everybody answers, and the whole cluster is known again.
    if (!state.is_running) happens(TrackingRequested{});
    for (int i = 0; i < 3; ++i) {
        const std::vector<TrackedNode> nodes = state.nodes;
        for (const TrackedNode& node : nodes) happens(NodeProved{node.label});
        now = std::max(now, state.deadline.value_or(now));
        happens(TopologyReceived{state.sentinel, shards(0b11001111, 0b0011)});
    }
    trail.expect(summarize(state).failed == 0 && summarize(state).ok > 0, "everybody answers, and is not ok");
    trail.expect(state.coverage.has_value(), "the members stay unknown");
    return 0;
}
