#include "health/verdict_policy.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace memdb::health {
namespace {

// Every combination that can occur: wanted × nodes ok × nodes failed × all known × blocked × the worst finding.
TEST(VerdictPolicy, follows_the_definition_for_every_combination) {
    std::size_t cells = 0;
    for (const bool wanted : {false, true})
        for (const std::size_t ok : {0U, 1U, 6U})
            for (const std::size_t failed : {0U, 5U})
                for (const bool known : {false, true})
                    for (const bool blocked : {false, true})
                        for (const std::optional<Severity> worst :
                             {std::optional<Severity>{}, std::optional(Severity::info),
                              std::optional(Severity::warning), std::optional(Severity::error)}) {
                            std::vector<Finding> visible;
                            if (worst) visible.push_back({"some-code", *worst, Layer::tcp, "", "", "", {}});
                            const Verdict got = judge({wanted, ok, failed, known, blocked}, visible);
                            ++cells;
                            if (!wanted) {
                                EXPECT_EQ(got, Verdict::stopped);
                                continue;
                            }
                            // The promise: never good without a PONG, never fully good with a finding or a node
                            // unknown.
                            if (ok == 0) {
                                EXPECT_TRUE(got == Verdict::unreachable || got == Verdict::connecting);
                            }
                            if (got == Verdict::reachable) {
                                EXPECT_TRUE(ok > 0 && failed == 0 && known && (!worst || *worst == Severity::info));
                            }
                            if (ok > 0 && (failed > 0 || (worst && *worst != Severity::info))) {
                                EXPECT_EQ(got, Verdict::degraded);
                            }
                            if (ok == 0 && (blocked || worst == Severity::error)) {
                                EXPECT_EQ(got, Verdict::unreachable);
                            }
                            if (ok == 0 && !blocked && worst != Severity::error) {
                                EXPECT_EQ(got, Verdict::connecting);
                            }
                        }
    EXPECT_EQ(cells, 192U);
}

TEST(VerdictPolicy, what_ends_soon_degrades_from_a_warning_on_and_never_says_that_nothing_works) {
    for (const std::string code : {"client-cert-expiring", "ca-expiring", "server-cert-expiring", "crl-expiring"})
        for (const Severity severity : {Severity::info, Severity::warning, Severity::error}) {
            const std::vector<Finding> visible = {{code, severity, Layer::handshake, "", "", "", {}}};
            const Verdict good = severity == Severity::info ? Verdict::reachable : Verdict::degraded;
            EXPECT_EQ(judge({true, 6, 0, true, false}, visible), good) << code;
            EXPECT_EQ(judge({true, 0, 0, false, false}, visible), Verdict::connecting) << code;
        }
}

}  // namespace
}  // namespace memdb::health
