// hot_paths: what memdbd does over and over, as small loops whose instructions and allocations scripts/counts counts.
//
//   hot_paths PATH TIMES    does it so often; prints what it allocated each time and the compiler
//   hot_paths --list        the paths
//
// Under callgrind the difference between two runs of different length is the cost of one time: what a path needs once
// is in both. Every call to the C library's allocators counts, those of hiredis and OpenSSL as well.
#include "app/fact_map.hpp"
#include "control/control_handler.hpp"
#include "health/blame.hpp"
#include "reach/cluster_tracker.hpp"
#include "reach/probe_machine.hpp"
#include "reach/resp_codec.hpp"
#include "tests/bench/farm_cluster.hpp"
#include "tests/support/snapshots.hpp"
#include "tunnel/management_codec.hpp"
#include "tunnel/management_event_map.hpp"
#include "tunnel/tunnel_machine.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

// The C library's own names for what is replaced below; operator new ends there, too.
extern "C" {
// NOLINTBEGIN(readability-identifier-naming): the names are the C library's
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
// NOLINTEND(readability-identifier-naming)
}

namespace {
unsigned long long allocations = 0;
}

extern "C" {
void* malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
    ++allocations;
    return __libc_realloc(old, size);
}
}

namespace {

using namespace memdb;

/// Ends the program: a path that does not do what it is named for must not be counted.
void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "hot_paths: %s\n", what);
    std::exit(1);
}

/// One way through the agent, ready to be gone again and again.
struct Path {
    virtual ~Path() = default;
    Path() = default;
    Path(const Path&) = delete;
    Path& operator=(const Path&) = delete;
    virtual void once() = 0;
};

// --- one line of openvpn's management -------------------------------------------------------------------------------

struct ManagementLine : Path {
    ManagementLine() {
        using namespace tunnel;
        const auto state_line = [](OpenvpnState what) { return StateChanged{StateLine{.state = what}}; };
        StateChanged connected = state_line(OpenvpnState::connected);
        connected.line.detail = "SUCCESS";
        connected.line.tun_ip = "10.0.0.2";
        for (const TunnelEvent& event :
             std::vector<TunnelEvent>{ConnectRequested{}, EndpointResolved{{ServerAddress{"192.0.2.1", 443}}},
                                      ManagementOpened{4711}, HoldAsked{}, state_line(OpenvpnState::wait),
                                      state_line(OpenvpnState::auth), DeviceOpened{"tun0"}, connected})
            state = step(state, event, now += 1ms, 1.0, timings).state;
        require(state.phase == Phase::up, "the tunnel is not up");
    }

    void once() override {
        for (const auto& message : codec.feed(">BYTECOUNT:123456789,987654321\r\n"))
            if (const auto event = event_of(message)) {
                auto done = step(state, *event, now += 1s, 1.0, timings);
                state = std::move(done.state);
                ++heard;
            }
    }

    tunnel::ManagementCodec codec;
    tunnel::TunnelState state;
    tunnel::TunnelTimings timings;
    TimePoint now{1h};
    unsigned long heard = 0;
};

// --- one PING: the deadline that sends it, and its answer -----------------------------------------------------------

struct Ping : Path {
    Ping() {
        using namespace reach;
        const Reply ok{.kind = Reply::Kind::status, .text = "OK"};
        for (const ProbeEvent& event : std::vector<ProbeEvent>{
                 StartRequested{{5s, 0s}}, Resolved{{"10.20.1.1"}, 2ms}, Connected{1ms}, Secured{3ms},
                 ReplyReceived{ok, 300us}, ReplyReceived{Reply{.kind = Reply::Kind::status, .text = "PONG"}, 300us}})
            tell(event);
        require(state.phase == ProbePhase::kept, "the node is not proved");
        decoder.expect(kShortReply);
    }

    void tell(const reach::ProbeEvent& event) {
        auto done = step(std::move(state), event, now += 1ms, target, timings);
        state = std::move(done.state);
        for (const auto& action : done.actions) sent += std::holds_alternative<reach::SendPing>(action) ? 1 : 0;
    }

    void once() override {
        now = *state.deadline;
        tell(reach::DeadlinePassed{});
        decoder.feed("+PONG\r\n");
        auto reply = decoder.next();
        tell(reach::ReplyReceived{std::move(**reply), 300us});
        require(state.phase == reach::ProbePhase::kept, "a PING was not answered");
    }

    reach::ReplyDecoder decoder;
    reach::ProbeState state;
    reach::ProbeTarget target{6379, true, true};
    reach::ProbeTimings timings;
    TimePoint now{1000000s};
    std::size_t sent = 0;
};

// --- a cluster of many nodes ----------------------------------------------------------------------------------------

/// 500 shards of 4 nodes, all proved.
struct Cluster : Path {
    Cluster() {
        using namespace reach;
        const bench::FarmShape shape{500, 4, 3};
        ReplyDecoder decoder(kTopologyReply);
        decoder.feed(bench::farm_shards_reply(shape));
        auto reply = decoder.next();
        require(reply && *reply, "the cluster's own answer cannot be read");
        tell(TrackingRequested{});
        tell(NodeProved{seed.name});
        tell(TopologyReceived{seed.name, std::move(**reply)});
        // All but the first, whose proof makes the tracker look at them; 2000 events would take a while under
        // callgrind.
        for (std::size_t i = 1; i < state.nodes.size(); ++i)
            if (!state.nodes[i].is_seed) state.nodes[i].health = NodeHealth::ok;
        tell(NodeProved{state.nodes.front().label});
        for (const bench::FarmNode& node : bench::farm_nodes(shape)) {
            ProbeState& probe = probes[node.host];
            probe.phase = ProbePhase::kept;
            probe.health = NodeHealth::ok;
            probe.last_ok = now;
            probe.ping = 700us;
            probe.address = node.address;
            probe.proof = {310us, 420us, 2900us, 350us, 700us};
        }
        require(summarize(state).ok == 2000, "not every node is proved");
    }

    void tell(const reach::TrackerEvent& event) {
        auto done = step(std::move(state), event, now += 1ms, seed, timings);
        state = std::move(done.state);
    }

    reach::ClusterSeed seed{"clustercfg.farm.lab.memorydb.test", 6379, true};
    reach::TrackerState state;
    reach::ProbeTimings timings;
    TimePoint now{1000000s};
    std::unordered_map<std::string, reach::ProbeState> probes;
};

/// A node that was blamed answers again.
struct NodeEvent : Cluster {
    void once() override {
        tell(reach::NodeBlamed{name, "node-unreachable"});
        tell(reach::NodeProved{name});
    }
    std::string name = "farm-0250-002.farm.lab.memorydb.test";
};

/// The same cluster's part of a Snapshot, from facts to blame and view.
struct View : Cluster {
    void once() override {
        const app::ProbeOf probe_of = [this](const std::string& label) { return &probes.at(label); };
        config::Cluster which;
        which.host = seed.name;
        health::Facts facts;
        facts.wanted = facts.direct = true;
        facts.clusters.push_back(app::cluster_facts(which, state, probe_of, now, timings));
        const health::Blame blamed = health::blame(facts);
        const auto verdict = health::judge(app::proof_of(facts.clusters), {});
        const auto view = app::cluster_view(facts.clusters.front(), state, probe_of, verdict, clock);
        require(view.nodes.size() == 2000 && blamed.conditions.empty(), "the view is not whole");
    }
    app::ClockOffset clock{TimePoint{0s}, WallTime{0s}};
};

// --- one GET /v1/status ---------------------------------------------------------------------------------------------

struct Status : Path {
    explicit Status(unsigned shards = 3) {
        control::ProfileView profile = support::reachable_profile();
        auto& nodes = profile.clusters.front().nodes;
        const auto sample = nodes.front();
        nodes.resize(std::size_t{shards} * 2, sample);
        snapshot = support::snapshot_of({std::move(profile)});
    }

    void once() override {
        const auto answer = control::handle({"GET", "/v1/status", {}}, control::Right::read, snapshot);
        require(std::get<control::Reply>(answer).body.size() > 2000, "the status is not whole");
    }

    control::Snapshot snapshot;
};

struct LargeStatus : Status {
    LargeStatus() : Status(1000) {}
};

template <class Kind>
std::unique_ptr<Path> make() {
    return std::make_unique<Kind>();
}

const std::map<std::string_view, std::unique_ptr<Path> (*)()> kPaths{
    {"management-line", make<ManagementLine>},
    {"ping", make<Ping>},
    {"status", make<Status>},
    {"status-2000", make<LargeStatus>},
    {"node-event-2000", make<NodeEvent>},
    {"view-2000", make<View>},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--list") {
        for (const auto& [name, make_it] : kPaths) std::puts(std::string(name).c_str());
        return 0;
    }
    const auto found = argc == 3 ? kPaths.find(argv[1]) : kPaths.end();
    const long times = argc == 3 ? std::strtol(argv[2], nullptr, 10) : 0;
    if (found == kPaths.end() || times < 1) {
        std::fputs("usage: hot_paths PATH TIMES, or hot_paths --list\n", stderr);
        return 2;
    }
    const std::unique_ptr<Path> path = found->second();
    path->once();  // buffers that grow once are not part of what lasts
    const auto before = allocations;
    for (long i = 0; i < times; ++i) path->once();
    std::printf("{\"path\":\"%s\",\"times\":%ld,\"allocations\":%.2f,\"compiler\":\"%s\"}\n", argv[1], times,
                static_cast<double>(allocations - before) / static_cast<double>(times),
#ifdef __clang__
                "clang " __clang_version__
#elif defined(__x86_64__)
                "gcc " __VERSION__ " x86_64"
#else
                "gcc " __VERSION__ " other"
#endif
    );
    return 0;
}
