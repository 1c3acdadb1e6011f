// The decision table of blame for a tunnel that is not up: every stage × every cause × way out × certificate; and for a
// profile without a tunnel. The one for a tunnel that is up is in blame_table_test.cpp.
#include "tests/support/blame_invariants.hpp"
#include "tests/support/cell_pattern.hpp"
#include "tunnel/failure_cause.hpp"

#include <gtest/gtest.h>

#include <array>

namespace memdb::health {
namespace {

using tests::Cell;
using tests::Grid;
using tests::Pattern;

enum Down : std::size_t { kStage, kCause, kWayOut, kCredential, kDownDimensions };
using Patterns = std::array<std::string_view, kDownDimensions>;

constexpr std::array kStages = {TunnelStage::none,        TunnelStage::stopped, TunnelStage::starting,
                                TunnelStage::handshaking, TunnelStage::waiting, TunnelStage::blocked};

const Grid& down_grid() {
    static const Grid grid = [] {
        std::vector<std::string_view> causes = {"none"};
        for (const tunnel::Cause cause : tunnel::kCauses) causes.push_back(to_string(cause));
        return Grid({{"stage", {"none", "stopped", "starting", "handshaking", "waiting", "blocked"}},
                     {"cause", causes},
                     {"way", {"yes", "no", "unknown"}},
                     {"certificate", {"fine", "expiring", "expired"}}});
    }();
    return grid;
}

struct Row {
    Patterns when;
    std::string_view layer;  ///< the first that fails; "": none
    std::string_view codes;  ///< CAUSE for the cause
};

// clang-format off
constexpr std::string_view kProcess = "profile-overlap|openvpn-missing|openvpn-too-old|tun-device-unavailable|no-net-admin|config-refused|openvpn-hung|openvpn-crashed";

const Row kRows[] = {
    // Without a network nothing that was seen before matters; what blocks, a network does not cure.
    {{"!blocked", "*",                   "no", "fine"},     "handshake", "network-offline"},
    {{"!blocked", "*",                   "no", "expiring"}, "handshake", "client-cert-expiring network-offline"},
    {{"!blocked", "*",                   "no", "expired"},  "handshake", "client-cert-expired network-offline"},
    // On the way, for the first time.
    {{"*",        "none",                "*",  "fine"},     "",          ""},
    {{"*",        "none",                "*",  "expiring"}, "",          "client-cert-expiring"},
    {{"*",        "none",                "*",  "expired"},  "handshake", "client-cert-expired"},
    // The last attempt has failed. The certificate's dates may be why, so they come first, and are said once.
    {{"*",        "client-cert-expired", "*",  "expired"},  "handshake", "client-cert-expired"},
    {{"*",        "tunnel-config-error", "*",  "fine"},     "",          "tunnel-config-error"},
    {{"*",        "tunnel-config-error", "*",  "expiring"}, "",          "client-cert-expiring tunnel-config-error"},
    {{"*",        "tunnel-config-error", "*",  "expired"},  "handshake", "client-cert-expired tunnel-config-error"},
    {{"*",        kProcess,              "*",  "fine"},     "process",   "CAUSE"},
    {{"*",        kProcess,              "*",  "expiring"}, "process",   "client-cert-expiring CAUSE"},
    {{"*",        kProcess,              "*",  "expired"},  "process",   "client-cert-expired CAUSE"},
    {{"*",        "tunnel-silent",       "*",  "fine"},     "tunnel",    "CAUSE"},
    {{"*",        "tunnel-silent",       "*",  "expiring"}, "tunnel",    "client-cert-expiring CAUSE"},
    {{"*",        "tunnel-silent",       "*",  "expired"},  "handshake", "client-cert-expired CAUSE"},
    {{"*",        "*",                   "*",  "fine"},     "handshake", "CAUSE"},
    {{"*",        "*",                   "*",  "expiring"}, "handshake", "client-cert-expiring CAUSE"},
    {{"*",        "*",                   "*",  "expired"},  "handshake", "client-cert-expired CAUSE"},
};
// clang-format on

/// Why `cell` cannot occur; empty when it can.
std::string_view impossible(const Cell& cell) {
    if (down_grid().word(cell, kStage) != "blocked") return "";
    if (cell[kCause] == 0)
        return down_grid().word(cell, kCredential) == "expired" ? "" : "without a cause only a certificate blocks";
    return blocks(tunnel::kCauses[cell[kCause] - 1]) ? "" : "tunnel_machine tries again after such a cause";
}

Facts down_facts(const Cell& cell) {
    const auto word = [&](Down dimension) { return down_grid().word(cell, dimension); };
    Facts facts = good_day(1);
    facts.tunnel.stage = kStages[cell[kStage]];
    if (cell[kCause] > 0) facts.tunnel.failure = std::string(word(kCause));
    facts.tunnel.failure_evidence = "what was seen";
    facts.tunnel.route_to_server.reset();
    if (word(kWayOut) != "unknown") facts.tunnel.route_to_server = word(kWayOut) == "yes";
    for (NodeFacts& node : facts.clusters[0].nodes) node.verdict = NodeVerdict::unknown;
    if (word(kCredential) != "fine")
        facts.credential.push_back({"client-cert-" + std::string(word(kCredential)), "the client certificate", ""});
    return facts;
}

std::string expected(const Row& row, const Cell& cell) {
    std::string codes(row.codes);
    if (const auto at = codes.find("CAUSE"); at != std::string::npos)
        codes.replace(at, 5, down_grid().word(cell, kCause));
    return std::string(row.layer) + ": " + codes + ", none";
}

TEST(BlameDownTable, decides_every_combination_of_a_tunnel_that_is_not_up) {
    std::vector<Pattern> patterns;
    for (const Row& row : kRows) patterns.emplace_back(down_grid(), row.when);
    std::vector<std::size_t> hits(patterns.size());
    int cells = 0;
    down_grid().for_each([&](const Cell& cell) {
        if (!impossible(cell).empty()) return;
        ++cells;
        std::size_t at = 0;
        while (at < patterns.size() && !patterns[at].matches(cell)) ++at;
        ASSERT_LT(at, patterns.size()) << "no row for " << down_grid().text(cell);
        ++hits[at];
        const Facts facts = down_facts(cell);
        const Blame found = blame(facts);
        EXPECT_EQ(told(found), expected(kRows[at], cell)) << down_grid().text(cell);
        if (!facts.credential.empty()) return;
        const testing::ScopedTrace trace(__FILE__, __LINE__, down_grid().text(cell));
        check_invariants(facts, found);
    });
    for (std::size_t i = 0; i < hits.size(); ++i) EXPECT_GT(hits[i], 0U) << "row " << i << " decides nothing";
    RecordProperty("cells", cells);
}

TEST(BlameDownTable, says_something_whenever_no_further_try_is_made) {
    down_grid().for_each([&](const Cell& cell) {
        if (down_grid().word(cell, kStage) != "blocked" || !impossible(cell).empty()) return;
        const Blame found = blame(down_facts(cell));
        EXPECT_FALSE(found.conditions.empty()) << down_grid().text(cell);
        EXPECT_TRUE(found.first_failing) << down_grid().text(cell);
    });
}

TEST(BlameDownTable, knows_of_a_direct_profile_the_way_and_the_nodes_only) {
    const Grid grid({{"way", {"yes", "no", "unknown"}},
                     {"nodes", {"ok", "unknown", "one_silent", "all_silent", "all_refused"}},
                     {"tunnel", {"as it is", "in the worst state"}}});
    int cells = 0;
    grid.for_each([&](const Cell& cell) {
        ++cells;
        Facts facts = good_day(1);
        facts.direct = true;
        facts.tunnel = {};
        const std::string_view way = grid.word(cell, 0), nodes = grid.word(cell, 1);
        if (grid.word(cell, 2) != "as it is") {  // nothing of it may matter
            facts.tunnel.stage = TunnelStage::up;
            facts.tunnel.is_suspected = true;
            facts.tunnel.tun_silent_for = 20s;
            facts.tunnel.server_answers = true;
            facts.tunnel.route_to_server = false;
        }
        if (way != "unknown") facts.route_to_nodes = way == "yes";
        for (std::size_t i = 0; i < facts.clusters[0].nodes.size(); ++i) {
            NodeFacts& node = facts.clusters[0].nodes[i];
            node.route = RouteState::unknown;
            if (nodes == "unknown") node.verdict = NodeVerdict::unknown;
            if (nodes == "all_silent" || (nodes == "one_silent" && i == 0)) silence(node);
            if (nodes == "all_refused") fail(node, Layer::tcp, "port-refused", Layer::dns);
        }
        const std::string want = way == "no" && nodes.starts_with("all") ? "handshake: network-offline, none"
                                 : nodes == "all_silent"                 ? "tcp: port-filtered, none"
                                 : nodes == "all_refused"                ? "tcp: port-refused, none"
                                 : nodes == "one_silent"                 ? "ping: node-unreachable, none"
                                                                         : ": , none";
        EXPECT_EQ(told(blame(facts)), want) << grid.text(cell);
        for (const Condition& condition : blame(facts).conditions)
            EXPECT_EQ(condition.summary.find("endpoint"), std::string::npos) << condition.summary;
    });
    RecordProperty("cells", cells);
}

}  // namespace
}  // namespace memdb::health
