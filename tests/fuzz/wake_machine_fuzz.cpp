// Any row of sleeps, wakes and what comes between, for the wake machine of one profile.
#include "tests/fuzz/story.hpp"
#include "tests/support/wake_invariants.hpp"

using namespace memdb;
using namespace memdb::health;
using fuzz::Row;

namespace {

struct Fill {
    void operator()(Woke& e, const Row& r) const { e = {Duration(r.b * 1000L), Row::bit(r.a, 0), Row::bit(r.a, 1)}; }
    void operator()(NetworkMoved& e, const Row& r) const { e.online = Row::bit(r.a, 0); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::string_view kNames[] = {"sleep began",   "woke",     "PING",   "tunnel lost",
                                           "network moved", "unwanted", "overdue"};
    static_assert(std::size(kNames) == std::variant_size_v<WakeEvent>);
    WakeState state;
    TimePoint now(1h);
    fuzz::Trail trail;
    const auto happens = [&](const WakeEvent& event) {
        const WakeStep done = step(state, event, now);
        trail.add(Row::of(kNames, static_cast<unsigned>(event.index())), done.why);
        trail.expect(broken_in(state, event, now, done));
        state = done.state;
    };
    fuzz::for_each_row(data, size, [&](const Row& row) {
        now = fuzz::moment_of(row.when, now, state.deadline);
        happens(fuzz::event_of<WakeEvent>(row, Fill{}));
    });
    if (state.deadline) now = std::max(now, *state.deadline);
    happens(ProofOverdue{});
    happens(Woke{10h, true, true});
    happens(PingAnswered{});
    trail.expect(state.phase == WakePhase::settled, "a PING after the wake settles nothing");
    return 0;
}
