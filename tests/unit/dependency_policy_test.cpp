#include "health/dependency_policy.hpp"

#include "health/finding_catalog.hpp"
#include "tests/support/health_facts.hpp"

#include <gtest/gtest.h>

#include <set>

namespace memdb::health {
namespace {

Codes left_of(const Codes& codes) {
    std::vector<Condition> conditions;
    for (const std::string& code : codes) conditions.push_back({code, "a sentence", ""});
    return codes_of(root_causes(std::move(conditions)));
}

TEST(DependencyPolicy, hides_what_the_root_cause_explains) {
    struct Row {
        Codes in, out;
    };
    const Row rows[] = {
        {{}, {}},
        {{"node-unreachable"}, {"node-unreachable"}},
        {{"tunnel-silent", "port-filtered"}, {"tunnel-silent"}},
        {{"port-filtered", "tunnel-silent"}, {"tunnel-silent"}},  // whatever the order
        {{"network-offline", "tunnel-silent", "route-missing", "cluster-name-unresolved"}, {"network-offline"}},
        {{"openvpn-hung", "tunnel-silent", "cluster-down"}, {"openvpn-hung"}},
        {{"path-mtu-too-small", "tls-handshake-failed", "tls-off"}, {"path-mtu-too-small"}},
        {{"tunnel-config-error", "tunnel-silent"}, {"tunnel-config-error", "tunnel-silent"}},  // of the same layer
        {{"route-shadowed", "port-refused"}, {"route-shadowed", "port-refused"}},  // of some nodes only: explains none
        {{"client-cert-expired", "handshake-rejected"}, {"client-cert-expired", "handshake-rejected"}},
        {{"endpoint-silent", "tunnel-flapping", "route-shadowed", "session-ending"},
         {"endpoint-silent", "tunnel-flapping", "session-ending"}},
        {{"client-cert-expiring", "openvpn-crashed"}, {"client-cert-expiring", "openvpn-crashed"}},
        {{"tunnel-silent", "state-unreadable"}, {"tunnel-silent", "state-unreadable"}},
        {{"tunnel-silent", "path-mtu-too-small"}, {"tunnel-silent"}},  // one root cause is enough: the first
        {{"path-mtu-too-small", "path-mtu-too-small"}, {"path-mtu-too-small"}},
        {{"tunnel-silent", "no-such-code"}, {"tunnel-silent", "no-such-code"}},
    };
    for (const Row& row : rows) EXPECT_EQ(left_of(row.in), row.out) << testing::PrintToString(row.in);
}

TEST(DependencyPolicy, keeps_the_sentences_and_what_was_seen) {
    const std::vector<Condition> conditions = {{"port-filtered", "no", "no"}, {"tunnel-silent", "a sentence", "seen"}};
    EXPECT_EQ(root_causes(conditions), std::vector{conditions[1]});
}

TEST(DependencyPolicy, of_any_two_findings_hides_one_at_most_and_never_one_that_stands_alone) {
    for (const CatalogEntry& a : catalog())
        for (const CatalogEntry& b : catalog()) {
            if (&a == &b) continue;
            const Codes left = left_of({std::string(a.code), std::string(b.code)});
            const bool hides_b = a.tie == Tie::explains && b.tie != Tie::alone &&
                                 (b.layer > a.layer || (b.layer == a.layer && b.tie == Tie::explains));
            const bool hides_a = b.tie == Tie::explains && a.tie != Tie::alone && a.layer > b.layer;
            Codes want;
            if (!hides_a) want.emplace_back(a.code);
            if (!hides_b) want.emplace_back(b.code);
            EXPECT_EQ(left, want);
        }
}

TEST(DependencyPolicy, finds_nothing_more_to_hide_the_second_time) {
    Codes all;
    for (const CatalogEntry& entry : catalog()) all.emplace_back(entry.code);
    for (std::size_t from = 0; from < all.size(); ++from) {
        const Codes once = left_of(Codes(all.begin() + static_cast<std::ptrdiff_t>(from), all.end()));
        EXPECT_EQ(left_of(once), once);
    }
}

TEST(FindingCatalog, is_in_order_of_the_way) {
    Layer last = Layer::process;
    for (const CatalogEntry& entry : catalog()) {
        EXPECT_GE(entry.layer, last) << entry.code;
        last = entry.layer;
    }
}

TEST(FindingCatalog, has_readable_stable_entries) {
    std::set<std::string_view> seen;
    for (const CatalogEntry& entry : catalog()) {
        EXPECT_TRUE(seen.insert(entry.code).second) << entry.code << " twice";
        EXPECT_EQ(find_entry(entry.code), &entry);
        EXPECT_EQ(entry.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos) << entry.code;
        EXPECT_FALSE(entry.code.starts_with('-') || entry.code.ends_with('-')) << entry.code;
        EXPECT_EQ(entry.code.find("--"), std::string_view::npos) << entry.code;
        EXPECT_FALSE(entry.advice.empty()) << entry.code;
        EXPECT_FALSE(entry.advice.ends_with('.') || entry.advice.ends_with(' ')) << entry.code;
        EXPECT_EQ(entry.advice.find('\n'), std::string_view::npos) << entry.code;
        EXPECT_EQ(std::ranges::count(entry.advice, '`') % 2, 0) << entry.code << ": a command that does not end";
        EXPECT_LE(entry.visible_after, 10s) << entry.code;
        const bool explains_late = entry.tie == Tie::explains && entry.layer > Layer::tunnel;
        EXPECT_FALSE(explains_late) << entry.code << " would hide what is known of other nodes";
    }
}

}  // namespace
}  // namespace memdb::health
