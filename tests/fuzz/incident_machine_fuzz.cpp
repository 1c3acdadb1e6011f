// Any course of tunnels, silences, bytes and answers for the incident machine: one question at a time, no look in the
// past, one remedy for one tunnel.
#include "tests/fuzz/story.hpp"
#include "tests/support/incident_invariants.hpp"

using namespace memdb;
using namespace memdb::health;
using fuzz::Row;

namespace {

class Play {
  public:
    void take(const Row& row) {
        now_ = fuzz::moment_of(row.when, now_, next_look(state_, seen_, now_));
        change(row);
        look();
        remedy(static_cast<Remedy>(row.b % 3U));
    }

    /// The world as it is for five minutes: it is not looked at without need.
    void rest() {
        const TimePoint end = now_ + 5min;
        int looks = 0;
        while (const auto at = next_look(state_, seen_, now_)) {
            if (*at > end) break;
            now_ = *at;
            look();
            if (state_.asking) answer(looks % 2 == 0);
            trail_.expect(++looks < 150, "looks more than twice in five seconds");
        }
    }

  private:
    void change(const Row& row) {
        const bool on = Row::bit(row.a, 0);
        const TimePoint since = now_ - Duration(row.b * 100L);
        switch (row.what % 8U) {
            case 0: seen_.up_since = on ? std::optional(since) : std::nullopt; break;
            case 1: seen_.silent_since = on ? std::optional(since) : std::nullopt; break;
            case 2: seen_.waiting = on; break;
            case 3: seen_.received = on ? std::optional<std::uint64_t>(row.b) : std::nullopt; break;
            case 4: seen_.received = seen_.received.value_or(0) + row.a; break;
            case 5: seen_.addresses = row.a % 4U; break;
            case 6: seen_.any_ok = on; break;
            default: answer(on);
        }
    }

    void answer(bool answered) {
        const IncidentState before = state_;
        state_ = server_asked(state_, answered);
        trail_.add("server asked", answered ? "answered" : "silent");
        trail_.expect(!state_.asking, "an answer, and it still waits for one");
        trail_.expect(before.asking || state_ == before, "an answer to nothing changes something");
    }

    void look() {
        const IncidentStep done = observe(state_, seen_, now_);
        trail_.add("look", done.actions.empty() ? "" : to_string(done.actions.front()));
        trail_.expect(broken_in(state_, seen_, now_, done));
        state_ = done.state;
        (void)is_undecided(state_, now_);
    }

    void remedy(Remedy remedy) {
        const IncidentStep done = remedy_due(state_, seen_, remedy, now_);
        trail_.add("remedy", done.actions.empty() ? "" : to_string(done.actions.front()));
        trail_.expect(broken_in(state_, seen_, remedy, now_, done));
        state_ = done.state;
    }

    IncidentState state_;
    IncidentInput seen_{.up_since = TimePoint(1h), .addresses = 2};
    TimePoint now_{1h};
    fuzz::Trail trail_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Play play;
    fuzz::for_each_row(data, size, [&](const Row& row) { play.take(row); });
    play.rest();
    return 0;
}
