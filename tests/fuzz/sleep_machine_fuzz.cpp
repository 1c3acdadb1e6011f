// Any row of announcements, returns and looks at two clocks that go as they like, for the sleep machine.
#include "tests/fuzz/story.hpp"
#include "tests/support/sleep_invariants.hpp"

using namespace memdb;
using namespace memdb::host;
using fuzz::Row;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr Duration kSlept[] = {0ms, 0ms, 1ms, 499ms, 500ms, 1s, 30s, 10h, -5ms, 24h * 100};
    SleepState state;
    state.asleep = 3h;
    TimePoint now(1h);
    Duration asleep = state.asleep;
    fuzz::Trail trail;
    const auto happens = [&](SleepEvent event) {
        const SleepStep done = step(state, event, now, asleep);
        trail.add(to_string(event), done.why);
        trail.expect(broken_in(state, event, now, asleep, done));
        state = done.state;
    };
    fuzz::for_each_row(data, size, [&](const Row& row) {
        now = fuzz::moment_of(row.when, now, state.deadline);
        asleep += Row::of(kSlept, row.a);
        happens(Row::of(kSleepEvents, row.what));
    });
    // Awake, and nobody says so: the look at the clocks, or the deadline, ends every rest.
    if (state.deadline) now = std::max(now, *state.deadline);
    happens(SleepEvent::deadline_passed);
    trail.expect(!state.parked, "parked for ever");
    return 0;
}
