// What must hold in every cell of the tunnel machine's table.
#include "tests/support/tunnel_cells.hpp"
#include "tests/support/tunnel_invariants.hpp"

#include <gtest/gtest.h>

#include <algorithm>

using namespace memdb;
using namespace memdb::tunnel;
using namespace memdb::tunnel::cells;

namespace {

TEST(TunnelMachineTable, keeps_its_invariants_in_every_cell_with_several_counters) {
    std::size_t cells = 0;
    for (const auto& [state_name, state] : states())
        for (const auto& [event_name, event] : events())
            for (const unsigned failed : {0u, 1u, 7u, 1000u})
                for (const bool outstanding : {false, true})
                    for (const double jitter01 : {0.0, 0.5, 1.0}) {
                        TunnelState before = state;
                        before.failed = failed;
                        before.heartbeat_outstanding = outstanding && before.heartbeat_at;
                        if (before.heartbeat_outstanding) before.heartbeat_sent_at = t0;
                        SCOPED_TRACE(std::string(state_name) + " x " + std::string(event_name));
                        EXPECT_EQ(broken_in(before, event, moment(before, event), cell(before, event, jitter01)), "");
                        cells += 1;
                    }
    EXPECT_EQ(cells, kCells * 24);
    RecordProperty("cells", static_cast<int>(cells));
}

/// From every cell on: with nothing but deadlines and the end of the process, a disconnect is done within 5 s.
TEST(TunnelMachineTable, ends_within_five_seconds_from_every_cell) {
    for (const auto& [state_name, state] : states())
        for (const auto& [event_name, event] : events()) {
            SCOPED_TRACE(std::string(state_name) + " x " + std::string(event_name));
            EXPECT_EQ(broken_end(cell(state, event).state, std::max(t0 + 4s, next_deadline(state).value_or(t0))), "");
        }
}

TEST(TunnelMachineTable, a_loss_that_is_still_to_come_is_none) {
    ProcessFound found = kFound;
    found.losses = {t0 - 1s, t0, t0 + 1s};
    EXPECT_EQ(step({}, found, t0, 1.0, TunnelTimings{}).state.losses, (std::vector<TimePoint>{t0 - 1s, t0}));
}

/// An early deadline, from a timer that was already queued, changes nothing.
TEST(TunnelMachineTable, ignores_a_deadline_that_is_early) {
    for (const auto& [name, state] : states())
        if (next_deadline(state)) {
            const Step got = step(state, DeadlinePassed{}, *next_deadline(state) - 1ms, 1.0, TunnelTimings{});
            EXPECT_EQ(got.why, "ignored") << name;
            EXPECT_EQ(got.state, state) << name;
        }
}

}  // namespace
