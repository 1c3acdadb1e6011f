// tunnel.json of the runtime folder, as a crash, another version or a person may have left it. What is accepted comes
// back equal through its own JSON, and a machine that takes such a tunnel over keeps its invariants.
#include "tests/support/tunnel_invariants.hpp"
#include "tunnel/push_reply_parser.hpp"
#include "tunnel/tunnel_record.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

using namespace memdb;
using namespace memdb::tunnel;

namespace {

void expect(const std::string& broken) {
    if (broken.empty()) return;
    std::fprintf(stderr, "broken: %s\n", broken.c_str());
    std::abort();
}

StateLine connected(WallTime at) {
    StateLine line;
    line.time = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
    line.state = OpenvpnState::connected;
    line.detail = "SUCCESS";
    return line;
}

/// As tunnel_runner does it; then a loss, and a minute without anything.
void take_over(const TunnelRecord& record) {
    PushReplyParser parser;
    std::optional<PushedOptions> options;
    for (const std::string& line : record.push_lines)
        if (auto reply = parser.feed(line)) options = std::move(reply);
    TunnelState state;
    TimePoint now(24h * 30);
    const auto happens = [&](const TunnelEvent& event) {
        const Step done = step(state, event, now, 0.5, TunnelTimings{});
        expect(broken_in(state, event, now, done));
        state = done.state;
        (void)is_flapping(state, now);  // as the snapshot asks
    };
    happens(ProcessFound{record.pid, record.server, record.device, options, record.connected_at, record.session_from,
                         record.restarts, record.losses, record.last_restart_cause, record.stale});
    happens(Resynchronised{connected(record.session_from)});
    StateLine lost;
    lost.state = OpenvpnState::reconnecting;
    lost.detail = "ping-restart";
    happens(StateChanged{lost});
    happens(HoldAsked{});
    happens(StateChanged{connected(record.session_from)});
    for (int i = 0; i < 30 && next_deadline(state); ++i) {
        now = std::max(now, *next_deadline(state));
        happens(DeadlinePassed{});
        happens(HeartbeatAnswered{});
    }
    expect(broken_end(state, now));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto record = parse_tunnel_record({reinterpret_cast<const char*>(bytes), size});
    if (!record) return 0;
    const auto again = parse_tunnel_record(to_json(*record));
    if (!again || *again != *record) std::abort();
    take_over(*record);
    return 0;
}
