#include "client/status_format.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using support::kSeenAt;
using support::reachable_profile;
using support::unreachable_profile;
using testing::HasSubstr;
using testing::StartsWith;

std::string line(std::string_view format, const control::ProfileView& profile = reachable_profile()) {
    return format_profile(format, profile, kSeenAt);
}

TEST(StatusFormat, every_field_of_a_profile_that_is_well) {
    std::string format;
    for (const FormatField& field : format_fields())
        format += std::string(field.name) + "={" + std::string(field.name) + "} ";
    EXPECT_EQ(
        line(format),
        "name=demo verdict=reachable since=2026-11-23T11:52:05.123Z for=3 h 12 min wanted=connected phase=up "
        "device=tun0 address=10.0.0.2 server=192.0.2.1:443 restarts=1 nodes=6 nodes_ok=6 ping_ms=0.8 cert_days=241 "
        "findings=0 finding= severity= summary= advice= \n");
}

TEST(StatusFormat, what_is_wrong_and_what_to_do) {
    EXPECT_THAT(
        line("{verdict}: {finding} ({severity}, {findings}), {nodes_ok} of {nodes}, {ping_ms}|{summary}|{advice}",
             unreachable_profile()),
        StartsWith("unreachable: port-filtered (error, 1), 0 of 6, |6 of 6 nodes silent on TCP 6379 while"));
}

TEST(StatusFormat, a_direct_profile_has_no_tunnel_and_may_have_no_certificate) {
    auto direct = reachable_profile();
    direct.tunnel.reset();
    direct.credential.reset();
    EXPECT_EQ(line("[{phase}{device}{address}{server}{restarts}{cert_days}]", direct), "[]\n");
}

TEST(StatusFormat, braces_and_json) {
    auto profile = unreachable_profile();
    profile.findings[0].summary = "say \"no\"\n\x1b[31mred\\";
    EXPECT_EQ(line(R"({{"class":{verdict:json},"tooltip":{summary:json}}})", profile),
              R"({"class":"unreachable","tooltip":"say \"no\" ?[31mred\\"})"
              "\n");
    EXPECT_EQ(line("{{{{name}}}}"), "{{name}}\n");
    EXPECT_EQ(line(""), "\n");
}

TEST(StatusFormat, nothing_from_a_peer_reaches_the_terminal_raw) {
    auto profile = reachable_profile();
    profile.tunnel->device = "tun\x1b]0;x\x07\xff";
    EXPECT_EQ(line("{device}", profile), "tun?]0;x??\n");
}

TEST(StatusFormat, a_mistake_is_told_with_the_fields_that_there_are) {
    EXPECT_EQ(check_format("{name} {verdict:json} {{x}}"), "");
    EXPECT_THAT(check_format("{nme}"), StartsWith("no field nme; there is name, verdict, since, for, "));
    EXPECT_THAT(check_format("{name:upper}"), StartsWith("no field name:upper; there is name, "));
    EXPECT_THAT(check_format("{}"), StartsWith("no field ; there is name"));
    for (const char* broken : {"{name", "name}", "{", "}", "{{}"})
        EXPECT_THAT(check_format(broken), HasSubstr("brace")) << broken;
}

TEST(StatusFormat, without_an_agent) {
    EXPECT_EQ(format_unknown("{name}: {verdict} {severity} [{for}{nodes}] {summary:json}", "demo", "no agent"),
              "demo: unknown error [] \"no agent\"\n");
}

}  // namespace
}  // namespace memdb::client
