// Any row of looks and answers for the portal machine; and the same bytes as the answer of whoever sits on the way.
#include "health/portal_machine.hpp"
#include "tests/fuzz/story.hpp"
#include "tests/support/broken.hpp"

#include <algorithm>

using namespace memdb;
using namespace memdb::health;
using fuzz::Row;

namespace {

std::string broken_in(const PortalState& before, bool heard, TimePoint now, const PortalStep& got) {
    tests::Broken broken;
    const PortalState& s = got.state;
    broken.unless((got.action == PortalAction::ask) == (s.asking && !before.asking), "asked twice, or untold");
    broken.unless((got.action == PortalAction::forget_question) == (heard && before.asking), "a question left open");
    broken.when(heard && s != PortalState{}, "heard, and not forgotten");
    broken.unless(heard || s.asking || next_look(s), "nobody will look again");
    broken.unless(next_look(s).value_or(now + 1ms) > now, "a look in the past is a hot loop");
    broken.unless(s.ask_at.value_or(now) <= now + kPortalAgain, "a question far away");
    broken.when(heard && next_look(s), "looks although it is heard");
    return broken.text();
}

void check_answer(const fuzz::Trail& trail, std::string_view answer) {
    const std::string evidence = portal_in(answer);
    trail.expect(evidence.size() <= 160, "a long story of a portal");
    const auto shown = [](char c) { return c >= ' ' && c <= '~'; };
    trail.expect(std::ranges::all_of(evidence, shown), "a portal writes to the terminal");
    trail.expect(evidence.empty() || answer.starts_with("HTTP/1."), "a portal in what is no answer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Trail trail;
    check_answer(trail, {reinterpret_cast<const char*>(data), size});
    PortalState state;
    TimePoint now(1h);
    std::optional<TimePoint> unheard_since;
    fuzz::for_each_row(data, size, [&](const Row& row) {
        now = fuzz::moment_of(row.when, now, next_look(state));
        if (row.what % 4U == 0) {
            const PortalState before = state;
            state = portal_asked(state, Row::bit(row.a, 0) ? "it answers" : "");
            trail.add("asked", "");
            trail.expect(!state.asking, "an answer, and it still waits for one");
            trail.expect(before.asking || state == before, "an answer to nothing changes something");
        }
        if (row.what % 4U == 1) unheard_since.reset();
        if (row.what % 4U == 2 && !unheard_since) unheard_since = now - Duration(row.a * 100L);
        const PortalStep done = observe(state, unheard_since, now);
        trail.add(unheard_since ? "unheard" : "heard", "");
        trail.expect(broken_in(state, !unheard_since, now, done));
        state = done.state;
    });
    return 0;
}
