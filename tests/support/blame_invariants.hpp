// What holds of blame whatever the facts are.
#pragma once

#include "health/finding_catalog.hpp"
#include "health/ladder.hpp"
#include "tests/support/health_facts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace memdb::health {

inline std::string_view remedy_text(Remedy remedy) {
    switch (remedy) {
        case Remedy::none: return "none";
        case Remedy::restart: return "restart";
        case Remedy::other_address: return "other address";
    }
    return "?";
}

/// "tcp: port-refused node-unreachable, none".
inline std::string told(const Blame& found) {
    std::string out = found.first_failing ? std::string(to_string(*found.first_failing)) : "";
    out += ":";
    for (const Condition& condition : found.conditions) out += " " + condition.code;
    if (found.conditions.empty()) out += " ";
    return out + ", " + std::string(remedy_text(found.remedy));
}

/// The same facts, and everything that stands alone on top.
inline Facts with_all_that_stands_alone(Facts facts) {
    facts.credential = {{"client-cert-expiring", "the client certificate ends soon", ""},
                        {"ca-expiring", "the certificate authority ends soon", ""}};
    facts.tunnel.session_left = 3min;
    facts.tunnel.losses = 5;
    facts.tunnel.redirect = "redirect-gateway def1";
    return facts;
}

inline void check_conditions(const Blame& found) {
    std::map<Layer, int> explaining;
    std::set<std::string> seen;
    for (const Condition& condition : found.conditions) {
        const CatalogEntry* const entry = find_entry(condition.code);
        ASSERT_NE(entry, nullptr) << condition.code;
        EXPECT_FALSE(condition.summary.empty()) << condition.code;
        EXPECT_NE(condition.summary.back(), '.') << condition.code;
        EXPECT_TRUE(seen.insert(condition.code).second) << condition.code << " twice";
        if (entry->tie == Tie::explains) ++explaining[entry->layer];
    }
    for (const auto& [layer, count] : explaining) EXPECT_EQ(count, 1) << to_string(layer);
}

inline void check_ladder(const Facts& facts, const Blame& found) {
    const bool up = facts.direct || facts.tunnel.stage == TunnelStage::up;
    // Of what comes after, each node's own stage is shown, and of a notice that nobody has tried to go there.
    const Layer last = up ? Layer::dns : Layer::tunnel;
    if (!found.first_failing || *found.first_failing > last) return;
    EXPECT_EQ(ladder(facts, found)[static_cast<std::size_t>(*found.first_failing)], control::LayerState::failed);
}

inline void check_invariants(const Facts& facts, const Blame& found) {
    check_conditions(found);
    check_ladder(facts, found);
    if (facts.tunnel.stage != TunnelStage::up) {
        EXPECT_EQ(found.remedy, Remedy::none);
    }
    const Blame more = blame(with_all_that_stands_alone(facts));
    check_conditions(more);
    EXPECT_EQ(more.remedy, found.remedy) << "what stands alone changed it";
    EXPECT_EQ(more.first_failing, found.first_failing) << "what stands alone changed it";
    const Codes all = codes_of(more.conditions);
    for (const Condition& condition : found.conditions)
        EXPECT_NE(std::ranges::find(all, condition.code), all.end()) << condition.code << " was hidden";
    Codes alone = {"client-cert-expiring", "ca-expiring", "tunnel-flapping"};
    if (facts.tunnel.stage == TunnelStage::up) alone.insert(alone.end(), {"session-ending", "default-route-captured"});
    for (const std::string& code : alone) EXPECT_NE(std::ranges::find(all, code), all.end()) << code << " was hidden";
}

}  // namespace memdb::health
