// The places that the probes of many nodes hold in the lanes, with the very machine that takes them.
#include "reach/attempt_places.hpp"

#include "reach/probe_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace memdb::reach {
namespace {

constexpr TimePoint t0{1000000s};

struct Lanes {
    AttemptPaces paces;
    AttemptShare share;

    void advance(ProbeState& state, const ProbeEvent& event, TimePoint now) {
        ProbeTarget target;
        target.turn_at = share.next(paces.whole, now);
        target.reprobe_at = paces.reprobe.next(now);
        const AttemptPlaces before = places_of(state);
        state = step(state, event, now, target, ProbeTimings{}).state;
        move_places(before, places_of(state), paces, share, now);
    }
    [[nodiscard]] Duration wait(TimePoint now) const { return paces.whole.next(now) - now; }
    [[nodiscard]] Duration reprobe_wait(TimePoint now) const { return paces.reprobe.next(now) - now; }

    std::vector<ProbeState> started(int count, TimePoint now) {
        std::vector<ProbeState> nodes(static_cast<std::size_t>(count));
        for (ProbeState& node : nodes) advance(node, StartRequested{{5s, 0s}}, now);
        return nodes;
    }
};

/// A node with a kept connection that is lost: it is re-probed.
ProbeState kept_node() {
    ProbeState state;
    state.phase = ProbePhase::kept;
    state.rhythm = {5s, 0s};
    state.health = NodeHealth::ok;
    state.last_ok = t0 - 1s;
    state.address = "10.0.0.1";
    return state;
}

TEST(AttemptPlaces, each_start_takes_one_and_its_turn_takes_no_other) {
    Lanes lanes;
    auto nodes = lanes.started(164, t0);
    EXPECT_EQ(nodes.back().phase, ProbePhase::queued);
    EXPECT_EQ(lanes.wait(t0), 101 * 2ms);
    const Duration left = lanes.wait(t0 + 300ms);
    lanes.advance(nodes.back(), DeadlinePassed{}, t0 + 300ms);
    EXPECT_EQ(nodes.back().phase, ProbePhase::resolving);
    EXPECT_EQ(lanes.wait(t0 + 300ms), left);
}

TEST(AttemptPlaces, who_stops_or_is_gone_while_it_waits_holds_nobody_up) {
    Lanes lanes;
    auto nodes = lanes.started(164, t0);
    int stopped = 0;
    for (ProbeState& node : nodes) {
        if (node.phase != ProbePhase::queued) continue;
        if (++stopped % 2 == 0)
            lanes.advance(node, StopRequested{}, t0);
        else
            leave_places(places_of(node), lanes.paces);
    }
    EXPECT_EQ(stopped, 100);
    EXPECT_EQ(lanes.wait(t0), 2ms) << "as if only those had come that began at once";
    const Duration before = lanes.wait(t0);
    for (ProbeState& node : nodes)
        if (node.phase == ProbePhase::resolving) lanes.advance(node, StopRequested{}, t0);
    EXPECT_EQ(lanes.wait(t0), before) << "those have had theirs";
}

TEST(AttemptPlaces, a_reprobe_that_waits_takes_one_of_its_own_lane_and_leaves_it_to_become_an_attempt) {
    Lanes lanes;
    std::vector<ProbeState> nodes(100, kept_node());
    for (ProbeState& node : nodes) lanes.advance(node, PeerClosed{"gone"}, t0);
    ASSERT_EQ(nodes.back().phase, ProbePhase::queued);
    EXPECT_EQ(lanes.reprobe_wait(t0), 37 * 1ms);
    EXPECT_EQ(lanes.wait(t0), 0ms) << "none of the others'";
    lanes.advance(nodes.back(), PathChanged{}, t0);
    EXPECT_EQ(nodes.back().turns, 1U);
    EXPECT_EQ(lanes.reprobe_wait(t0), 36 * 1ms);
    leave_places(places_of(nodes[98]), lanes.paces);
    EXPECT_EQ(lanes.reprobe_wait(t0), 35 * 1ms);
}

TEST(AttemptPlaces, on_another_path_who_waits_keeps_its_place_and_the_others_queue_behind) {
    Lanes lanes;
    auto nodes = lanes.started(164, t0);
    std::vector<TimePoint> turns;
    for (ProbeState& node : nodes) {
        lanes.advance(node, PathChanged{}, t0);
        ASSERT_EQ(node.phase, ProbePhase::queued);
        turns.push_back(*node.deadline);
    }
    std::ranges::sort(turns);
    EXPECT_EQ(turns.front(), t0 + 2ms);
    for (std::size_t i = 1; i < turns.size(); ++i) EXPECT_EQ(turns[i] - turns[i - 1], 2ms) << i;
}

}  // namespace
}  // namespace memdb::reach
