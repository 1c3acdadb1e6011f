#include "client/render_key.hpp"

#include "client/text.hpp"
#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using support::kSeenAt;
using support::whole_credential;
using testing::HasSubstr;

constexpr std::string_view kWhole =
    "demo  generation 2, unusable\n"
    "  subject    CN=client1.domain.tld\n"
    "  issuer     CN=Lab CA\n"
    "  serial     0A1B\n"
    "  valid      2026-08-15 15:04 to 2026-11-29 15:04 UTC, 6 days left\n"
    "  key        RSA, 2048 bits\n"
    "  usage      digitalSignature, keyEncipherment\n"
    "  purpose    clientAuth\n"
    "  SHA-256    0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n"
    "  chain      verified, to CN=Lab CA\n"
    "  CA         CN=Lab CA, until 2035-02-09, 3000 days left\n"
    "  server     CN=server.lab.test, until 2035-02-09, 3000 days left\n"
    "  revocation of CN=Lab CA, made on 2026-11-22, 3 revoked, next one due by\n"
    "             2027-05-21 (179 days left)\n"
    "             REVOKED: this certificate is on it since 2026-11-21 (superseded)\n";

TEST(RenderKey, shows_everything_in_eighty_columns) {
    const std::string text = render_key("demo", whole_credential(), Style{});
    EXPECT_EQ(text, kWhole);
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
        EXPECT_LE(columns(std::string_view(text).substr(at, text.find('\n', at) - at)), 80u);
}

TEST(RenderKey, shows_what_an_older_agent_tells) {
    EXPECT_EQ(render_key("demo", *support::reachable_profile().credential, Style{}),
              "demo  generation 1, valid\n"
              "  subject    CN=client1.domain.tld\n"
              "  issuer     CN=Lab CA\n"
              "  serial     0A1B\n"
              "  valid      2026-08-15 15:04 to 2027-07-22 15:04 UTC, 241 days left\n"
              "  revocation no list known; hand one in: memdbctl key crl FILE\n");
}

TEST(RenderKey, tells_of_the_rotation) {
    auto credential = *support::reachable_profile().credential;
    credential.generation = 3;
    credential.previous_generation = 2;
    credential.rotate_at = kSeenAt + 48h;
    EXPECT_THAT(render_key("demo", credential, Style{}),
                HasSubstr("demo  generation 3, valid; generation 2 is kept\n"));
    EXPECT_THAT(render_key("demo", credential, Style{}), HasSubstr("  rotation   due on 2026-11-25\n"));
    control::RotationView rotation;
    rotation.phase = "failed";
    rotation.generation = 4;
    rotation.message = "the endpoint refused it";
    EXPECT_THAT(render_key("demo", credential, Style{}, &rotation),
                HasSubstr("  rotation   due on 2026-11-25; the last one, to generation 4: failed, the\n"
                          "             endpoint refused it\n"));
    credential.rotate_at.reset();
    EXPECT_THAT(render_key("demo", credential, Style{}, &rotation),
                HasSubstr("  rotation   the last one, to generation 4: failed, the endpoint refused it\n"));
}

TEST(RenderKey, words_for_what_is_not_so) {
    auto credential = whole_credential();
    credential.not_after = kSeenAt - 48h;
    credential.days_left = -2;
    credential.key_usage.clear();
    credential.extended_key_usage.clear();
    credential.key_type = "ec";
    credential.key_bits = 256;
    credential.chain = control::ChainView{false, {}, "no CA of the configuration issued it"};
    credential.crl->revoked.reset();
    credential.crl->next_update.reset();
    credential.crl->verified = false;
    const std::string text = render_key("demo", credential, Style{});
    EXPECT_THAT(text, HasSubstr("UTC, ended 2 days ago\n"));
    EXPECT_THAT(text,
                HasSubstr("  key        EC, 256 bits\n  usage      not restricted\n  purpose    not restricted\n"));
    EXPECT_THAT(text, HasSubstr("  chain      no CA of the configuration issued it; no fault if the endpoint's CA\n"
                                "             for clients is another one\n"));
    EXPECT_THAT(text, HasSubstr("3 revoked, its signature could\n             not be checked\n"
                                "             this certificate is not on it\n"));
}

TEST(RenderKey, names_cannot_drive_the_terminal) {
    auto credential = whole_credential();
    credential.subject = "CN=a\x1b[2J";
    credential.crl->revoked->reason = "x\ny\xff";
    const std::string text = render_key("d\x07", credential, Style{false, false, 80, {}});
    for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << static_cast<int>(c);
}

TEST(RenderKey, what_the_agent_made_of_a_list) {
    EXPECT_EQ(render_crl("demo", *whole_credential().crl, Style{}),
              "demo has a revocation list of CN=Lab CA, made on 2026-11-22, 3 revoked, next one\n"
              "  due by 2027-05-21 (179 days left)\n"
              "  REVOKED: this certificate is on it since 2026-11-21 (superseded)\n");
}

}  // namespace
}  // namespace memdb::client
