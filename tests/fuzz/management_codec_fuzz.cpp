// Any bytes from the management socket: never a crash, two pieces give what one piece gives, and whatever they say, the
// tunnel machine keeps its invariants: one that has just begun, and one that takes an openvpn over.
#include "tests/support/tunnel_invariants.hpp"
#include "tunnel/management_codec.hpp"
#include "tunnel/management_event_map.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <vector>

using namespace memdb::tunnel;

namespace {

void lead(TunnelState state, const std::vector<ManagementMessage>& messages) {
    memdb::TimePoint now(std::chrono::hours(1));
    for (const ManagementMessage& message : messages) {
        if (describe(message).find('\n') != std::string::npos) std::abort();
        const auto event = event_of(message);
        if (!event) continue;
        const Step done = step(state, *event, now += memdb::Duration(10), 0.5, TunnelTimings{});
        if (const std::string broken = broken_in(state, *event, now, done); !broken.empty()) {
            std::fprintf(stderr, "broken after %s: %s\n", describe(message).c_str(), broken.c_str());
            std::abort();
        }
        state = done.state;
    }
}

TunnelState after(std::initializer_list<TunnelEvent> events) {
    TunnelState state;
    for (const TunnelEvent& event : events)
        state = step(state, event, memdb::TimePoint(std::chrono::hours(1)), 0.5, TunnelTimings{}).state;
    return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    ManagementCodec whole, split;
    for (const Command command : {Command::state_on, Command::log_on, Command::pid}) {
        (void)whole.encode(command);
        (void)split.encode(command);
    }
    const auto expected = whole.feed(bytes);
    const std::size_t cut = size == 0 ? 0 : data[size / 2] * size / 256;
    auto got = split.feed(bytes.substr(0, cut));
    for (auto& message : split.feed(bytes.substr(cut))) got.push_back(std::move(message));
    if (got != expected) std::abort();
    lead(after({ConnectRequested{}, EndpointResolved{{{"192.0.2.1"}}}}), expected);
    ManagementCodec asked;
    (void)asked.encode(Command::state);
    lead(after({ProcessFound{.pid = 2, .session_from = memdb::WallTime(std::chrono::seconds(1000))}}),
         asked.feed(bytes));
    // A connection that was taken over says nothing before the sign, whatever comes.
    ManagementCodec resumed;
    (void)resumed.resume("ab12");
    (void)resumed.encode(Command::state);
    if (bytes.find("'memdbd-ab12'") == std::string_view::npos && !resumed.feed(bytes).empty()) std::abort();
    return 0;
}
