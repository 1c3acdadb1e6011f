#include "client/render_pki.hpp"

#include "client/text.hpp"
#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using support::kSeenAt;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSerial = "F1DC397B7236A89E2CD75A21B47CB131";

PkiReport report() {
    using pki::CertificateStatus;
    PkiReport made{"/home/me/pki", "CN=CA", kSeenAt + 24h * 3000, pki::CrlFacts{kSeenAt, kSeenAt + 24h * 180, 1}, {}};
    const pki::IndexEntry valid{CertificateStatus::valid, kSeenAt + 24h * 825, {}, {}, std::string(kSerial),
                                "/CN=laptop-20261124",    "laptop-20261124"};
    pki::IndexEntry revoked = valid;
    revoked.status = CertificateStatus::revoked;
    revoked.revoked_at = kSeenAt;
    revoked.reason = "keyCompromise";
    revoked.common_name = "laptop";
    made.rows = {{valid, pki::CertificateKind::client}, {revoked, pki::CertificateKind::client}};
    return made;
}

std::size_t widest(std::string_view text) {
    std::size_t most = 0;
    for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
        end = std::min(text.find('\n', at), text.size());
        most = std::max(most, columns(text.substr(at, end - at)));
    }
    return most;
}

TEST(RenderPki, has_the_serials_where_there_is_room) {
    for (const auto screen : {std::optional<std::size_t>(), std::optional<std::size_t>(132)}) {
        Style style;
        style.screen = screen;
        const std::string text = render_pki(report(), kSeenAt, style);
        EXPECT_THAT(text, HasSubstr(kSerial));
        EXPECT_THAT(text, Not(HasSubstr("serials:")));
    }
}

TEST(RenderPki, breaks_no_line_of_a_terminal) {
    Style style;
    style.screen = 80;
    const std::string text = render_pki(report(), kSeenAt, style);
    EXPECT_LE(widest(text), 80u) << text;
    EXPECT_THAT(text, Not(HasSubstr(kSerial)));
    EXPECT_THAT(text, HasSubstr("laptop           client  revoked 2026-11-23 keyCompromise"));
    EXPECT_THAT(text, HasSubstr("serials: with --json, or on a terminal of "));
    EXPECT_THAT(text, HasSubstr("CRL  1 revoked, next update 2027-05-22 (in 180 days)"));
}

}  // namespace
}  // namespace memdb::client
