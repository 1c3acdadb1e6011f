// What must hold after every step of the cluster tracker: the promises that its runner relies on. For its test and the
// fuzzer.
#pragma once

#include "reach/cluster_tracker.hpp"
#include "reach/roster_map.hpp"
#include "tests/support/broken.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace memdb::reach {

namespace detail {

inline void check_nodes(tests::Broken& broken, const TrackerState& s) {
    broken.unless(!s.is_running || !s.nodes.empty(), "runs without a node");
    broken.unless(!s.is_running || find_node(s.nodes, s.sentinel) != nullptr, "a sentinel that is not tracked");
    broken.unless(!s.is_running || s.asked.empty() || find_node(s.nodes, s.asked) != nullptr, "asked, not tracked");
    std::set<std::string_view> labels;
    int seeds = 0;
    for (const TrackedNode& node : s.nodes) {
        labels.insert(node.label);
        seeds += node.is_seed ? 1 : 0;
        broken.unless((node.health == NodeHealth::failed) == !node.code.empty(),
                      "failed without a code, or not failed");
        broken.when(node.silent_in_tls && node.health != NodeHealth::failed, "silent in TLS, and not failed");
    }
    broken.unless(labels.size() == s.nodes.size(), "a label twice");
    broken.unless(seeds <= 1, "two seeds");
    broken.unless(s.bulk.state != BulkState::failed || (!s.bulk.evidence.empty() && s.is_running),
                  "bulk failed untold");
}

/// What is asked is asked of nodes that are tracked; large packets of one that answers small ones.
inline void check_questions(tests::Broken& broken, const TrackerStep& got) {
    for (const TrackerAction& action : got.actions) {
        const auto* bulk = std::get_if<AskBulk>(&action);
        const auto* probe = std::get_if<ProbeNode>(&action);
        const auto* topology = std::get_if<AskTopology>(&action);
        const std::string* const label = bulk != nullptr       ? &bulk->label
                                         : probe != nullptr    ? &probe->label
                                         : topology != nullptr ? &topology->label
                                                               : nullptr;
        if (label == nullptr) continue;
        const TrackedNode* const node = find_node(got.state.nodes, *label);
        broken.when(node == nullptr, "a question to a node that is not tracked");
        if (node == nullptr) continue;
        broken.unless(probe != nullptr || node->health == NodeHealth::ok, "a question to a node that is not ok");
        broken.unless(bulk == nullptr || *label == got.state.sentinel, "large packets to another than the sentinel");
    }
}

/// AddNode and RemoveNode account for every change of the list while it runs, SetRhythm for every change of a rhythm.
inline void check_list(tests::Broken& broken, const TrackerState& before, const TrackerStep& got) {
    using Probed = std::map<std::string_view, Rhythm>;
    const auto tracked = [](const TrackerState& s) {
        Probed all;
        for (const TrackedNode& node : s.nodes)
            if (s.is_running) all.emplace(node.label, node.rhythm);
        return all;
    };
    Probed probed = tracked(before);
    for (const TrackerAction& action : got.actions) {
        if (const auto* one = std::get_if<AddNode>(&action))
            broken.unless(probed.emplace(one->label, one->rhythm).second, "added twice");
        if (const auto* one = std::get_if<RemoveNode>(&action))
            broken.unless(probed.erase(one->label) == 1, "removed twice");
        if (const auto* one = std::get_if<SetRhythm>(&action)) {
            const auto found = probed.find(one->label);
            broken.when(found == probed.end(), "a rhythm for nobody");
            if (found != probed.end()) found->second = one->rhythm;
        }
    }
    broken.unless(probed == tracked(got.state), "what is probed is not what is tracked");
}

}  // namespace detail

/// Empty, or what is broken.
inline std::string broken_in(const TrackerState& before, TimePoint now, const TrackerStep& got) {
    tests::Broken broken;
    const TrackerState& s = got.state;
    broken.when(got.why.empty(), "no rule");
    broken.when(got.why == "ignored" && (s != before || !got.actions.empty()), "ignored, but not untouched");
    broken.unless(s.is_running == s.deadline.has_value(), "runs without a deadline, or the other way");
    broken.unless(got.why == "ignored" || !s.deadline || *s.deadline > now, "a deadline in the past: a hot loop");
    broken.unless(s.deadline.value_or(now) <= now + 60s, "a deadline that is far away");
    detail::check_nodes(broken, s);
    detail::check_questions(broken, got);
    detail::check_list(broken, before, got);
    return broken.text();
}

}  // namespace memdb::reach
