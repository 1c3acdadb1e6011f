// The decision table of blame for a tunnel that is up: every combination that can occur, see support/blame_cells.hpp.
// The one for a tunnel that is not up, or not there, is in blame_down_table_test.cpp.
#include "health/finding_catalog.hpp"
#include "health/ladder.hpp"
#include "tests/support/blame_cells.hpp"
#include "tests/support/blame_invariants.hpp"

#include <gtest/gtest.h>

namespace memdb::health {
namespace {

using namespace cells;
using tests::Cell;
using tests::Grid;
using tests::Pattern;
using Patterns = std::array<std::string_view, kUpDimensions>;

struct Impossible {
    Patterns when;
    std::string_view because;
};

struct Row {
    Patterns when;
    std::string_view layer;  ///< the first that fails; "": none; ASTRAY: that of the route's finding
    std::string_view codes;  ///< with ASTRAY for the route's finding
    Remedy remedy;
};

// clang-format off
constexpr std::string_view kOne = "one_missing|one_shadowed|one_elsewhere|one_outside";
constexpr std::string_view kAll = "all_missing|all_shadowed|all_elsewhere|all_outside";
constexpr std::string_view kAstray = "!ok|unknown";
constexpr std::string_view kNotAll = "ok|unknown|one_missing|one_shadowed|one_elsewhere|one_outside";
constexpr std::string_view kQuiet = "just_came|again_2s|silent_2s|silent_20s";  // no node answers; decided
constexpr auto none = Remedy::none, restart = Remedy::restart, other = Remedy::other_address;

const Impossible kImpossible[] = {
    //way heartbeat link        tun                    reset                  routes       nodes
    {{"*", "*", "*",       "answers",             "answered|unanswered", "*",         "*", "*"}, "an answer counts for one silence only"},
    {{"*", "*", "*",       "first_miss",          "answered|unanswered", "*",         "*", "*"}, "the server is only being asked now"},
    {{"*", "*", "*",       "just_came",           "answered|unanswered", "*",         "*", "*"}, "what comes through makes an earlier answer void"},
    {{"*", "*", "stopped", "just_came|again_2s",  "*",                   "*",         "*", "*"}, "what came through the device came over the link"},
    {{"*", "*", "*",       "answers",             "*",                   "*", "!ok|unknown|one_silent", "*"}, "the first failure of all began the silence"},
    {{"*", "*", "*",       "again_2s|silent_2s|silent_20s", "*",         "*",        "ok", "*"}, "a node that misses is blamed after 0.6 s"},
    {{"*", "*", "*",       "silent_20s",          "*",                   "*", "unknown|one_silent", "*"}, "by then every node was tried, and no PONG is fresh"},
    {{"*", "*", "*",       "answers|first_miss",  "*",                   "*",         "*", "asked|silent"}, "the resolver is asked after the server"},
    {{"*", "*", "*",       "silent_2s",           "not_asked",           "*",         "*", "asked|silent"}, "the server has not answered yet"},
    {{"*", "*", "*",       "*",                   "unanswered",          "*",         "*", "asked|silent"}, "a tunnel that is silent has no witness"},
    {{"*", "*", "*",       "*",                   "*",            "!unknown", "no_dns|no_name", "*"}, "the kernel is asked for addresses, not for names"},
    {{"*", "*", "*",       "silent_20s", "*", "ok|one_missing|one_shadowed|one_elsewhere|one_outside", "all_refused|all_tls_silent|mixed", "*"},
     "they are tried every 5 s, and what refuses or accepts a connection comes through the device"},
};

const Row kRows[] = {
    //way heartbeat     link       tun                              reset         routes   nodes                      vpc
    // This machine has no network; a node that answers over it nevertheless proves the contrary.
    {{"no", "*",          "*",       "*",                             "*",          "*",     "!ok",                     "*"},     "handshake", "network-offline", none},
    // openvpn hangs, and nodes feel it: tunnel_machine replaces the process.
    {{"*",  "unanswered", "*",       "!answers",                      "*",          "*",     "*",                       "*"},     "process", "openvpn-hung", none},
    // The tunnel is silent. Where no packet enters it, its silence says nothing.
    {{"*",  "*",          "stopped", "silent_2s|silent_20s",          "*",          kNotAll, "*",                       "*"},     "tunnel", "tunnel-silent", restart},
    {{"*",  "*",          "*",       "again_2s|silent_2s|silent_20s", "unanswered", kNotAll, "*",                       "*"},     "tunnel", "tunnel-silent", restart},
    // It is being found out whether the tunnel is to blame, or who else is about to fail: until then nothing is said of
    // nodes, but what the kernel says of its routes stands.
    {{"*",  "*",          "*",       "first_miss",                    "*",          kOne,    "all_refused",             "*"},     "ASTRAY", "ASTRAY port-refused", none},
    {{"*",  "*",          "*",       "first_miss",                    "*",          kOne,    "mixed",                   "*"},     "ASTRAY", "ASTRAY port-refused tls-expired", none},
    {{"*",  "*",          "*",       "first_miss",                    "*",          kAstray, "*",                       "*"},     "ASTRAY", "ASTRAY", none},
    {{"*",  "*",          "*",       "silent_2s",                     "not_asked",  kOne,    "all_refused",             "*"},     "ASTRAY", "ASTRAY port-refused", none},
    {{"*",  "*",          "*",       "silent_2s",                     "not_asked",  kOne,    "mixed",                   "*"},     "ASTRAY", "ASTRAY port-refused tls-expired", none},
    {{"*",  "*",          "*",       "silent_2s",                     "not_asked",  kAstray, "*",                       "*"},     "ASTRAY", "ASTRAY", none},
    // What a node has said itself stands too.
    {{"*",  "*",          "*",       "first_miss",                    "*",          "*",     "all_refused",             "*"},     "tcp", "port-refused", none},
    {{"*",  "*",          "*",       "first_miss",                    "*",          "*",     "mixed",                   "*"},     "tcp", "port-refused tls-expired", none},
    {{"*",  "*",          "*",       "first_miss",                    "*",          "*",     "no_name",                 "!knows"}, "dns", "cluster-name-unresolved", none},
    {{"*",  "*",          "*",       "first_miss",                    "*",          "*",     "no_name",                 "knows"}, "dns", "dns-not-applied", none},
    {{"*",  "*",          "*",       "first_miss",                    "*",          "*",     "*",                       "*"},     "", "", none},
    {{"*",  "*",          "*",       "silent_2s",                     "not_asked",  "*",     "all_refused",             "*"},     "tcp", "port-refused", none},
    {{"*",  "*",          "*",       "silent_2s",                     "not_asked",  "*",     "mixed",                   "*"},     "tcp", "port-refused tls-expired", none},
    {{"*",  "*",          "*",       "silent_2s",                     "not_asked",  "*",     "no_name",                 "!knows"}, "dns", "cluster-name-unresolved", none},
    {{"*",  "*",          "*",       "silent_2s",                     "not_asked",  "*",     "no_name",                 "knows"}, "dns", "dns-not-applied", none},
    {{"*",  "*",          "*",       "silent_2s",                     "not_asked",  "*",     "*",                       "*"},     "", "", none},
    {{"*",  "*",          "*",       "!answers",                      "*",          "ok|unknown", "one_silent",         "*"},     "", "", none},
    // From here the tunnel is well as far as is known.
    {{"*",  "*",          "*",       "*",                             "*",          kAll,    "*",                       "*"},     "ASTRAY", "ASTRAY", none},
    {{"*",  "*",          "*",       "*",                             "*",          kOne,    "ok|unknown|one_silent",   "*"},     "ASTRAY", "ASTRAY", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   kOne,    "all_silent",              "*"},     "ASTRAY", "ASTRAY node-unreachable", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          kOne,    "all_silent",              "*"},     "ASTRAY", "ASTRAY node-unreachable", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   kOne,    "all_refused",             "*"},     "ASTRAY", "ASTRAY port-refused", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          kOne,    "all_refused",             "*"},     "ASTRAY", "ASTRAY port-refused", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   kOne,    "mixed",                   "*"},     "ASTRAY", "ASTRAY port-refused tls-expired", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          kOne,    "mixed",                   "*"},     "ASTRAY", "ASTRAY port-refused tls-expired", none},
    // The routes are right, or the kernel tells nothing of them.
    {{"*",  "*",          "*",       "*",                             "*",          "*",     "ok|unknown",              "*"},     "", "", none},
    {{"*",  "*",          "*",       "*",                             "*",          "*",     "one_silent",              "*"},     "ping", "node-unreachable", none},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "no_name",                 "!knows"}, "dns", "cluster-name-unresolved", none},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "no_name",                 "knows"}, "dns", "dns-not-applied", none},
    // The server answers past the tunnel, and nothing comes through: another address may help, once.
    // Not even the VPC's resolver is heard: that is no port; while it is asked, nobody says so.
    {{"*",  "*",          "*",       kQuiet,                          "answered",   "*",     "all_silent|no_dns",       "silent"}, "tunnel", "authorization-missing", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "all_silent|no_dns",       "silent"}, "tunnel", "authorization-missing", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   "*",     "all_silent|no_dns",       "asked"}, "", "", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "all_silent|no_dns",       "asked"}, "", "", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   "*",     "all_silent",              "*"},     "tcp", "port-filtered", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "all_silent",              "*"},     "tcp", "port-filtered", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   "*",     "all_refused",             "*"},     "tcp", "port-refused", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "all_refused",             "*"},     "tcp", "port-refused", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   "*",     "all_tls_silent",          "*"},     "tunnel", "path-mtu-too-small", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "all_tls_silent",          "*"},     "tunnel", "path-mtu-too-small", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   "*",     "no_dns",                  "!knows"}, "dns", "cluster-name-unresolved", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "no_dns",                  "!knows"}, "dns", "cluster-name-unresolved", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   "*",     "no_dns",                  "knows"}, "dns", "dns-not-applied", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "no_dns",                  "knows"}, "dns", "dns-not-applied", none},
    {{"*",  "*",          "*",       kQuiet,                          "answered",   "*",     "mixed",                   "*"},     "tcp", "port-refused tls-expired node-unreachable", other},
    {{"*",  "*",          "*",       kQuiet,                          "*",          "*",     "mixed",                   "*"},     "tcp", "port-refused tls-expired node-unreachable", none},
};
// clang-format on

/// What `row` expects of `cell`, in one line.
std::string expected(const Row& row, const Cell& cell) {
    const Astray* const astray = astray_of(cell);
    const auto filled = [&](std::string_view text, std::string_view with) {
        std::string out(text);
        if (const auto at = out.find("ASTRAY"); at != std::string::npos) out.replace(at, 6, with);
        return out;
    };
    return filled(row.layer, astray == nullptr ? "?" : to_string(astray->layer)) + ": " +
           filled(row.codes, astray == nullptr ? "?" : astray->code) + ", " + std::string(remedy_text(row.remedy));
}

template <class Rows>
std::vector<Pattern> patterns_of(const Rows& rows) {
    std::vector<Pattern> out;
    for (const auto& row : rows) out.emplace_back(up_grid(), row.when);
    return out;
}

std::size_t first_match(const std::vector<Pattern>& patterns, const Cell& cell) {
    std::size_t i = 0;
    while (i < patterns.size() && !patterns[i].matches(cell)) ++i;
    return i;
}

/// Design §4, and that a tunnel is left alone as long as it carries something.
void check_remedy(const Facts& facts, Remedy remedy) {
    const TunnelFacts& tunnel = facts.tunnel;
    if (remedy == Remedy::none) return;
    EXPECT_GE(tunnel.tun_silent_for.value_or(-1ms), 0ms) << "a node answers";
    EXPECT_NE(tunnel.route_to_server, std::optional(false)) << "another tunnel would not come up either";
    const bool link_stopped = tunnel.ping && tunnel.server_silent_for >= 3 * *tunnel.ping;
    if (remedy == Remedy::restart) {
        EXPECT_TRUE(link_stopped || tunnel.server_answers == std::optional(false));
        EXPECT_GE(*tunnel.tun_silent_for, 1s) << "something has just come through";
    } else {
        EXPECT_EQ(tunnel.server_answers, true);
        // A node that is ok here has answered, but before the silence began: its next PING is not due.
        for (const NodeFacts& node : facts.clusters[0].nodes) EXPECT_NE(node.verdict, NodeVerdict::ok);
    }
}

TEST(BlameTable, decides_every_combination_of_a_tunnel_that_is_up) {
    const std::vector<Pattern> impossible = patterns_of(kImpossible), rows = patterns_of(kRows);
    std::vector<std::size_t> excluded(impossible.size()), hits(rows.size());
    std::size_t cells = 0;
    up_grid().for_each([&](const Cell& cell) {
        if (const std::size_t why = first_match(impossible, cell); why < impossible.size()) {
            ++excluded[why];
            return;
        }
        ++cells;
        const std::size_t at = first_match(rows, cell);
        ASSERT_LT(at, rows.size()) << "no row for " << up_grid().text(cell);
        ++hits[at];
        const Facts facts = up_facts(cell);
        const Blame found = blame(facts);
        EXPECT_EQ(told(found), expected(kRows[at], cell)) << "row " << at << ", " << up_grid().text(cell);
        const testing::ScopedTrace trace(__FILE__, __LINE__, up_grid().text(cell));
        check_remedy(facts, found.remedy);
        check_invariants(facts, found);
    });
    for (std::size_t i = 0; i < hits.size(); ++i) EXPECT_GT(hits[i], 0U) << "row " << i << " decides nothing";
    for (std::size_t i = 0; i < excluded.size(); ++i) EXPECT_GT(excluded[i], 0U) << kImpossible[i].because;
    RecordProperty("cells", static_cast<int>(cells));
}

}  // namespace
}  // namespace memdb::health
