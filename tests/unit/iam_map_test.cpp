#include "app/iam_map.hpp"

#include "health/finding_catalog.hpp"

#include <gtest/gtest.h>

#include <string>

namespace memdb::app {
namespace {

using namespace std::chrono;
using health::Severity;

const WallTime kWall = WallTime(sys_days(2026y / November / 25)) + 15h + 4min;
constexpr TimePoint kNow{1000h};
const ClockOffset kClock(kNow, kWall);
const reach::IamLogin kLogin{"demo", "app", "eu-central-1"};

config::Profile profile() {
    config::Profile dev;
    dev.name = "dev";
    dev.clusters = {{"other.test", 6379, config::ClusterTls::on, "app"},
                    {"c.test", 6379, config::ClusterTls::on, "app", config::IamName{"demo", "eu-central-1"}}};
    return dev;
}

std::string token(const reach::IamLogin& login, WallTime at) {
    return reach::mint_iam_token({"AKID", Secret<>(std::string("secret")), {}}, login, at).reveal();
}

TEST(IamMap, takes_a_token_of_the_profiles_cluster_and_user_only) {
    const auto judged = judge_token(token(kLogin, kWall), profile(), kWall);
    ASSERT_TRUE(judged) << judged.error().message;
    EXPECT_EQ(judged->login, kLogin);
    const auto refusal = [&](const reach::IamLogin& login, WallTime at) {
        const auto refused = judge_token(token(login, at), profile(), kWall);
        return refused ? "accepted" : refused.error().message;
    };
    EXPECT_EQ(refusal({"prod", "app", "eu-central-1"}, kWall),
              "the token is for the cluster prod, the profile's is demo");
    EXPECT_EQ(refusal({"demo", "root", "eu-central-1"}, kWall), "the token is for the user root, the profile's is app");
    EXPECT_EQ(refusal(kLogin, kWall - 15min),
              "the token expired at 15:04 UTC: push a fresh one, and check this machine's clock");
    EXPECT_EQ(refusal(kLogin, kWall - 15min + 1s), "accepted");
    EXPECT_EQ(refusal(kLogin, kWall + 16min), "the token was signed in the future: check the clocks of both machines");
    EXPECT_EQ(judge_token("hunter2", profile(), kWall).error().message.find("hunter2"), std::string::npos);
    // Where the profile says another region, AWS may know better; two clusters of one name are told apart by it.
    EXPECT_EQ(judge_token(token({"demo", "app", "us-east-1"}, kWall), profile(), kWall)->login, kLogin);
    config::Profile twice = profile();
    twice.clusters.push_back({"d.test", 6379, config::ClusterTls::on, "two", config::IamName{"demo", "us-east-1"}});
    EXPECT_EQ(judge_token(token({"demo", "two", "us-east-1"}, kWall), twice, kWall)->login.region, "us-east-1");
    EXPECT_EQ(judge_token(token(kLogin, kWall), twice, kWall)->login, kLogin);
    config::Profile plain = profile();
    plain.clusters.pop_back();
    EXPECT_EQ(judge_token(token(kLogin, kWall), plain, kWall).error().message,
              "dev does not log in by IAM: memdbctl profile set dev --user USER --iam");
}

IamStanding standing() {
    IamStanding good;
    good.login = kLogin;
    good.signed_at = kWall;
    good.expires_at = kWall + 15min;
    return good;
}

reach::ProbeState kept(Duration ago) {
    reach::ProbeState probe;
    probe.phase = reach::ProbePhase::kept;
    probe.authenticated_at = kNow - ago;
    probe.reauth_at = kNow - ago + 11h;
    return probe;
}

TEST(IamMap, the_first_connection_counts) {
    const reach::ProbeState first = kept(3h), second = kept(1h), new_one;
    IamStanding seen = standing();
    add_probes(seen, {&second, &first, &new_one}, kClock);
    EXPECT_EQ(seen.first_end, kWall + 9h);
    EXPECT_EQ(seen.first_reauth, kNow + 8h);
    EXPECT_EQ(iam_view(seen).connections_end_at, kWall + 9h);
    EXPECT_TRUE(iam_conditions({seen}, kNow).empty());
}

TEST(IamMap, says_why_nobody_can_log_in_and_only_when_somebody_must) {
    IamStanding seen = standing();
    seen.no_token = "the IAM token expired at 15:04 UTC";
    EXPECT_TRUE(iam_conditions({seen}, kNow).empty()) << "all connections are kept";
    reach::ProbeState failed;
    failed.blame = {health::Layer::auth, "iam-token-failed", "what was seen", false, true};
    add_probes(seen, {&failed}, kClock);
    const auto found = iam_conditions({standing(), seen}, kNow);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].summary, "user app cannot log in to demo: the IAM token expired at 15:04 UTC");
    EXPECT_EQ(found[0].evidence, "what was seen");
    EXPECT_EQ(found[0].severity, std::nullopt);
    ASSERT_NE(health::find_entry(found[0].code), nullptr);
    EXPECT_EQ(health::find_entry(found[0].code)->layer, health::Layer::auth);
    seen.no_token.clear();
    EXPECT_TRUE(iam_conditions({seen}, kNow).empty()) << "a token has come, and the node is about to be tried";
    seen.no_token = "no IAM token was pushed yet";
    seen.mint_trouble = "/x/keys: is absent";
    EXPECT_EQ(iam_conditions({seen}, kNow)[0].evidence, "/x/keys: is absent");
}

TEST(IamMap, warns_before_connections_end) {
    IamStanding seen = standing();
    const reach::ProbeState old = kept(11h);
    add_probes(seen, {&old}, kClock);
    EXPECT_TRUE(iam_conditions({seen}, kNow).empty()) << "there is a token";
    seen.no_token = "the IAM token expired at 15:04 UTC";
    const auto found = iam_conditions({seen}, kNow);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].severity, Severity::warning);
    EXPECT_EQ(found[0].summary, "connections of user app, authenticated by IAM, end at 16:04 UTC");
    EXPECT_TRUE(iam_conditions({seen}, kNow - 1ms).empty());
    // What is broken now counts more than what ends soon.
    IamStanding broken = seen;
    broken.lacking = "seen";
    EXPECT_EQ(iam_conditions({seen, broken}, kNow)[0].severity, std::nullopt);
    EXPECT_EQ(iam_conditions({broken, seen}, kNow)[0].severity, std::nullopt);
}

TEST(IamMap, warns_of_a_fresh_token_that_is_refused) {
    IamStanding seen = standing();
    reach::ProbeState refused = kept(11h);
    refused.reauth_refusal = "10.0.0.1:6379 answers AUTH with: WRONGPASS";
    add_probes(seen, {&refused}, kClock);
    const auto found = iam_conditions({seen}, kNow);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].severity, Severity::warning);
    EXPECT_EQ(found[0].summary, "a fresh token of user app is refused; connections end at 16:04 UTC");
    EXPECT_EQ(found[0].evidence, refused.reauth_refusal);
}

}  // namespace
}  // namespace memdb::app
