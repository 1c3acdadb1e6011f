#include "app/credential_map.hpp"

#include "health/finding_catalog.hpp"

#include <gtest/gtest.h>

namespace memdb::app {
namespace {

constexpr WallTime kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};
using std::chrono::days;

CredentialInForce credential(days begins, days ends) {
    CredentialInForce made;
    made.generation = 2;
    made.certificate.subject = "CN=client";
    made.certificate.not_before = kNow + begins;
    made.certificate.not_after = kNow + ends;
    made.certificate.for_client = true;
    made.certificate.common_name = "client";
    made.certificate.key_type = keys::KeyType::rsa;
    made.certificate.key_bits = 2048;
    return made;
}

std::vector<std::string> codes(const CredentialInForce& given) {
    std::vector<std::string> out;
    for (const auto& condition : credential_conditions(given, kNow)) {
        EXPECT_NE(health::find_entry(condition.code), nullptr) << condition.code;
        EXPECT_FALSE(condition.summary.empty());
        out.push_back(condition.code);
    }
    return out;
}

using Codes = std::vector<std::string>;

TEST(CredentialMap, speaks_of_dates_before_they_hurt) {
    EXPECT_EQ(codes(credential(days(-1), days(365))), Codes{});
    EXPECT_EQ(codes(credential(days(-1), days(29))), Codes{"client-cert-expiring"});
    EXPECT_EQ(codes(credential(days(-9), days(-1))), Codes{"client-cert-expired"});
    EXPECT_EQ(codes(credential(days(1), days(9))), Codes{"client-cert-not-yet-valid"});
}

TEST(CredentialMap, warns_of_a_certificate_authority_that_ends) {
    auto given = credential(days(-1), days(365));
    given.ca_not_after = kNow + days(kCaExpiringDays);
    EXPECT_EQ(codes(given), Codes{});
    given.ca_not_after = kNow + days(kCaExpiringDays) - 1ms;
    EXPECT_EQ(codes(given), Codes{"ca-expiring"});
}

TEST(CredentialMap, holds_attempts_that_cannot_succeed) {
    EXPECT_FALSE(is_usable(std::nullopt, kNow));
    EXPECT_TRUE(is_usable(credential(days(-1), days(29)), kNow));
    EXPECT_FALSE(is_usable(credential(days(-9), days(-1)), kNow));
    EXPECT_FALSE(is_usable(credential(days(1), days(9)), kNow));
    struct Row {
        bool held, usable, up;
        Hold want;
    };
    for (const Row& row : {Row{false, true, false, Hold::keep}, Row{false, true, true, Hold::keep},
                           Row{false, false, true, Hold::keep}, Row{false, false, false, Hold::hold},
                           Row{true, false, false, Hold::keep}, Row{true, true, false, Hold::release}})
        EXPECT_EQ(hold_of(row.held, row.usable, row.up), row.want);
}

TEST(CredentialMap, shows_the_generation_in_force) {
    const auto view = credential_view(credential(days(-1), days(10)), kNow);
    EXPECT_EQ(view.generation, 2U);
    EXPECT_EQ(view.days_left, 10);
    EXPECT_EQ(view.state, "expiring");
    EXPECT_EQ(view.subject, "CN=client");
}

}  // namespace
}  // namespace memdb::app
