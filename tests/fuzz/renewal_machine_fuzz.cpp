// Any course of a session's last hours, and of what goes through its device, for the renewal machine: while it has a
// window it either renews or looks again later, and at the latest a minute before the end it renews.
#include "health/renewal_machine.hpp"
#include "tests/fuzz/story.hpp"
#include "tests/support/broken.hpp"

using namespace memdb;
using namespace memdb::health;
using fuzz::Row;

namespace {

std::string broken_in(const RenewalInput& seen, TimePoint now, const RenewalStep& got) {
    tests::Broken broken;
    const bool has_window = seen.window > 0ms;
    broken.unless(has_window != (!got.renew && !got.next_look), "neither renewed nor looked at again");
    broken.when(got.renew && got.next_look, "looks at what it renews");
    broken.unless(got.next_look.value_or(now + 1ms) > now, "a look in the past is a hot loop");
    const bool last = has_window && seen.left <= std::min(kRenewalAtLatest, seen.window);
    broken.when(last && !got.renew, "the end comes first");
    broken.when(got.renew && seen.left > seen.window, "too early");
    broken.when(got.next_look && seen.left > seen.window && *got.next_look > now + seen.left, "a look after the end");
    return broken.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr Duration kWindows[] = {0ms, -1s, 1s, 60s, 61s, 10min, 1h, 24h};
    fuzz::Trail trail;
    RenewalState state;
    RenewalInput seen{.left = 24h, .window = 10min, .traffic = 0, .nodes = 6};
    TimePoint now(1h);
    std::optional<TimePoint> next;
    fuzz::for_each_row(data, size, [&](const Row& row) {
        const TimePoint before = now;
        now = fuzz::moment_of(row.when, now, next);
        seen.left -= now - before;
        switch (row.what % 8U) {
            case 0: seen.left = Duration(row.a * 60'000L + row.b); break;
            case 1: seen.window = Row::of(kWindows, row.a); break;
            case 2: seen.traffic.reset(); break;
            case 3: seen.traffic = row.a; break;  // a new device
            case 4: seen.nodes = row.a; break;
            default: seen.traffic = seen.traffic.value_or(0) + (std::uint64_t{row.a} << row.b % 32U);
        }
        const RenewalStep done = step(state, seen, now);
        trail.add("look", done.renew ? "renew" : done.next_look ? "later" : "never");
        trail.expect(broken_in(seen, now, done));
        state = done.state;
        next = done.next_look;
    });
    return 0;
}
