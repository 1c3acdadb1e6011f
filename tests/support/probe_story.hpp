// A course of one node's probe, told as rows: at, event -> phase, why, actions.
#pragma once

#include "reach/probe_machine.hpp"
#include "tests/support/probe_printing.hpp"
#include "tests/support/probe_words.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::reach::words {

struct Line {
    Duration at;
    ProbeEvent event;
    ProbePhase phase;
    std::string_view why;
    ProbeActions actions;
};
using Lines = std::vector<Line>;

struct Story {
    const char* name;
    Lines lines;
    NodeHealth health = NodeHealth::ok;
    std::string code{};      // of the blame at the end
    std::string evidence{};  // part of it
    ProbeTarget target = kTarget;
    friend void PrintTo(const Story& story, std::ostream* os) { *os << story.name; }
};

inline Lines operator+(Lines a, const Lines& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// A first proof that takes 8 ms; kept at 8 ms.
inline const Lines kProved = {
    {0ms, StartRequested{{5s, 0s}}, ProbePhase::resolving, "start", {Resolve{2s}}},
    {2ms, kResolved, ProbePhase::connecting, "resolved", {Connect{"10.0.0.1"}}},
    {3ms, Connected{1ms}, ProbePhase::securing, "connected", {Secure{}}},
    {6ms, Secured{3ms}, ProbePhase::authenticating, "secured", {SendAuth{}}},
    {7ms, kOk, ProbePhase::pinging, "authenticated", {SendPing{}}},
    {8ms, kPong, ProbePhase::kept, "proved", {PublishProof{}}},
};

/// Plays it, expects every row, and returns the state at the end.
inline ProbeState tell(const Story& story) {
    ProbeState state;
    for (std::size_t i = 0; const Line& line : story.lines) {
        SCOPED_TRACE("line " + std::to_string(i++));
        const ProbeStep got = step(state, line.event, t0 + line.at, story.target, kTimings);
        EXPECT_EQ(got.state.phase, line.phase);
        EXPECT_EQ(got.why, line.why);
        EXPECT_EQ(got.actions, line.actions);
        state = got.state;
    }
    EXPECT_EQ(state.health, story.health);
    EXPECT_EQ(state.blame ? state.blame->code : "", story.code);
    const std::string evidence = state.blame ? state.blame->evidence : "";
    EXPECT_NE(evidence.find(story.evidence), std::string::npos) << evidence;
    return state;
}

}  // namespace memdb::reach::words
