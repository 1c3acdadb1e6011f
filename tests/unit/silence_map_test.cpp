#include "reach/silence_map.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace memdb;
using namespace memdb::reach;

constexpr TimePoint t0{1000000s};
using Moment = std::optional<Duration>;

struct Node {
    Moment last_ok, failing_since;
    NodeHealth health = NodeHealth::ok;
};

struct Case {
    const char* name;
    std::vector<Node> nodes;
    Moment want;
};

constexpr auto kNone = std::nullopt;
constexpr auto kFailed = NodeHealth::failed, kUnknown = NodeHealth::unknown;

const Case kTable[] = {
    {"nobody is probed", {}, kNone},
    {"all is well", {{4s, kNone}, {5s, kNone}}, kNone},
    {"the only node misses", {{4s, 5s}}, 5s},
    {"the sentinel misses, the others' turn has not come", {{4s, 5s}, {3s, kNone}, {2s, kNone}}, 5s},
    {"a witness answers in the same moment", {{4s, 5s}, {5s, kNone}}, kNone},
    {"a witness answers later", {{4s, 5s}, {6s, kNone}}, kNone},
    {"the witnesses miss too: the first miss counts", {{4s, 5s}, {3s, 6s}, {2s, 5500ms}}, 5s},
    {"one is long gone, then all fall silent", {{1s, 2s, kFailed}, {4s, 5s}, {3s, 6s}}, 5s},
    {"one is long gone, the others answer", {{1s, 2s, kFailed}, {9s, kNone}}, kNone},
    {"one misses, another answers after it, then misses too", {{4s, 5s}, {6s, 7s}}, 7s},
    {"blamed nodes stay silent", {{4s, 5s, kFailed}, {3s, 6s, kFailed}}, 5s},
    {"never proved, no verdict yet", {{kNone, 5s, kUnknown}}, 5s},
    {"never proved and failed", {{kNone, 5s, kFailed}, {kNone, 4s, kFailed}}, 4s},
    {"never proved, nothing tried yet", {{kNone, kNone, kUnknown}}, kNone},
    {"one never proved fails, another answers later", {{kNone, 5s, kFailed}, {6s, kNone}}, kNone},
    {"one never proved fails after the last answer", {{kNone, 7s, kFailed}, {6s, kNone}}, 7s},
    {"one was proved anew", {{8s, kNone}, {4s, 5s, kFailed}}, kNone},
};

std::optional<TimePoint> at(const Moment& moment) { return moment ? std::optional(t0 + *moment) : std::nullopt; }

TEST(SilenceMap, names_the_first_miss_after_the_last_answer) {
    for (const Case& row : kTable) {
        std::vector<ProbeState> states;
        for (const Node& node : row.nodes) {
            states.emplace_back();
            states.back().last_ok = at(node.last_ok);
            states.back().failing_since = at(node.failing_since);
            states.back().health = node.health;
        }
        std::vector<const ProbeState*> probes = {nullptr};  // a node that is not probed now
        for (const ProbeState& state : states) probes.push_back(&state);
        EXPECT_EQ(silent_since(probes), at(row.want)) << row.name;
        const std::vector<const ProbeState*> reversed(probes.rbegin(), probes.rend());
        EXPECT_EQ(silent_since(reversed), at(row.want)) << row.name << ", reversed";
    }
}

}  // namespace
