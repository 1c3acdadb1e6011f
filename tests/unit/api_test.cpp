#include "control/api.hpp"

#include "control/api_time.hpp"
#include "tests/support/snapshots.hpp"

#include <gtest/gtest.h>

namespace memdb::control {
namespace {

using support::kSeenAt;
using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;

TEST(ApiTime, is_rfc_3339_with_milliseconds) {
    EXPECT_EQ(time_text(kSeenAt), "2026-11-23T15:04:05.123Z");
    EXPECT_EQ(time_text(WallTime{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(time_text(WallTime{} - 1ms), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(time_text(WallTime::max()), "9999-12-31T23:59:59.999Z");
    EXPECT_EQ(time_text(WallTime::min()), "0000-01-01T00:00:00.000Z");
}

TEST(ApiTime, comes_back) {
    for (const WallTime time : {kSeenAt, WallTime{}, WallTime{} - 1ms, WallTime{951782400s}})
        EXPECT_EQ(parse_time(time_text(time)), time) << time_text(time);
}

TEST(ApiTime, takes_any_fraction_and_nothing_else) {
    EXPECT_EQ(parse_time("1970-01-01T00:00:01Z"), WallTime{1s});
    EXPECT_EQ(parse_time("1970-01-01T00:00:01.5Z"), WallTime{1500ms});
    EXPECT_EQ(parse_time("1970-01-01T00:00:01.0019999Z"), WallTime{1001ms});
    EXPECT_EQ(parse_time("2016-12-31T23:59:60Z"), parse_time("2017-01-01T00:00:00Z"));
    for (const auto* wrong :
         {"", "Z", "1970-01-01", "1970-01-01T00:00:01", "1970-01-01 00:00:01Z", "1970-13-01T00:00:01Z",
          "1970-02-30T00:00:01Z", "1970-01-01T24:00:01Z", "1970-01-01T00:60:01Z", "1970-01-01T00:00:61Z",
          "1970-01-01T00:00:01.Z", "1970-01-01T00:00:01,5Z", "1970-01-01T00:00:01.5+01:00", "1970-01-01T00:00:01.xZ",
          "197x-01-01T00:00:01Z", "1970-01-01T00:00:01.1234567890123Z"})
        EXPECT_EQ(parse_time(wrong), std::nullopt) << wrong;
}

TEST(Api, a_whole_snapshot_comes_back_equal) {
    Snapshot snapshot = snapshot_of({reachable_profile(), unreachable_profile()});
    snapshot.profiles[1].name = "prod";
    snapshot.profiles[1].tunnel->blocked_cause = "client-cert-expired";
    snapshot.profiles[1].tunnel->retry_at = kSeenAt + 3s;
    snapshot.findings = {{"disk-full", health::Severity::warning, health::Layer::agent, "no space", "", "", kSeenAt}};
    const auto back = parse_snapshot(to_json(snapshot));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(*back, snapshot);
}

TEST(Api, a_rotation_comes_back_equal) {
    ProfileView profile = reachable_profile();
    profile.credential->previous_generation = 2;
    profile.credential->rotate_at = kSeenAt + 24h;
    profile.signer = "pki:/home/x/pki";
    profile.signer_uid = 1000;
    profile.revoke_old = true;
    profile.revoke_old_uid = 7;
    profile.rotation = RotationView{"confirming",
                                    3,
                                    2,
                                    "laptop-20261123",
                                    "lost laptop",
                                    kSeenAt,
                                    {{"requested", kSeenAt, 0}, {"checked", kSeenAt + 1s, 1000}},
                                    "waiting for a PING"};
    auto back = parse_profile(to_json(profile));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(*back, profile);
    profile.rotation = RotationView{"requested", 3, {}, "x", {}, kSeenAt, {}, {}};
    back = parse_profile(to_json(profile));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(*back, profile);
}

TEST(Api, the_bodies_of_a_rotation_come_back_equal) {
    for (const KeyRequest& request : {KeyRequest{}, KeyRequest{"lost \"laptop\"", true}}) {
        const auto back = parse_key_request(to_json(request));
        ASSERT_TRUE(back.has_value()) << back.error().message;
        EXPECT_EQ(*back, request);
    }
    const KeyRequestReport report{"demo", 7, "laptop-20261123", "-----BEGIN CERTIFICATE REQUEST-----\n"};
    const auto reported = parse_key_request_report(to_json(report));
    ASSERT_TRUE(reported.has_value()) << reported.error().message;
    EXPECT_EQ(*reported, report);
    for (const KeyInstall& install : {KeyInstall{}, KeyInstall{"-----BEGIN CERTIFICATE-----\n"}}) {
        const auto back = parse_key_install(to_json(install));
        ASSERT_TRUE(back.has_value()) << back.error().message;
        EXPECT_EQ(*back, install);
    }
}

TEST(Api, the_bodies_of_a_rotation_are_read_strictly) {
    EXPECT_TRUE(parse_key_request("").has_value());
    EXPECT_TRUE(parse_key_install("").has_value());
    EXPECT_EQ(parse_key_request(R"({"fresh":1})").error().message, "fresh: true or false expected");
    EXPECT_EQ(parse_key_request(R"({"key":"x"})").error().message, "key: unknown field");
    EXPECT_TRUE(parse_key_request(R"({"reason":")" + std::string(201, 'x') + R"("})").has_error());
    EXPECT_TRUE(parse_key_install(R"({"certificate":")" + std::string(256 * 1024 + 1, 'x') + R"("})").has_error());
    EXPECT_TRUE(parse_key_install("[]").has_error());
}

TEST(Api, a_direct_profile_without_anything_known_comes_back_equal) {
    ProfileView profile;
    profile.name = "vpc";
    profile.kind = "direct";
    profile.layers = {{health::Layer::process, LayerState::skipped, {}, {}}};
    profile.clusters = {{"c:6379", health::Verdict::connecting, {}, {NodeView{}}}};
    const auto back = parse_profile(to_json(profile));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(*back, profile);
}

TEST(Api, all_of_a_credential_comes_back_equal) {
    ProfileView profile = reachable_profile();
    profile.credential = support::whole_credential();
    const auto back = parse_profile(to_json(profile));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(*back, profile);
    EXPECT_TRUE(to_json(profile).find(to_json(*profile.credential)) != std::string::npos);
    EXPECT_EQ(
        to_json(*profile.credential->crl),
        R"({"issuer":"CN=Lab CA","last_update":"2026-11-22T15:04:05.123Z","next_update":"2027-05-21T15:04:05.123Z",)"
        R"("days_left":179,"entries":3,"verified":true,"revoked":{"at":"2026-11-21T15:04:05.123Z","reason":"superseded"}})");
    EXPECT_EQ(*parse_crl_report(to_json(*profile.credential->crl)), *profile.credential->crl);
}

TEST(Api, a_revocation_list_is_asked_for_in_one_form) {
    EXPECT_EQ(*parse_crl_request(crl_request_json("-----BEGIN\n")), "-----BEGIN\n");
    EXPECT_EQ(parse_crl_request("{}").error().message, "crl: missing");
    EXPECT_EQ(parse_crl_request(R"({"crl":7})").error().message, "crl: text expected");
    EXPECT_EQ(parse_crl_request(R"({"crl":"x","pem":"y"})").error().message, "pem: unknown field");
    EXPECT_EQ(parse_crl_request(std::string(kBodyLimit + 1, ' ')).error().code, Errc::too_large);
    EXPECT_EQ(parse_crl_report(R"({"issuer":"a","last_update":"2026-11-22T15:04:05Z","entries":1,"verified":1})")
                  .error()
                  .message,
              "verified: true or false expected");
}

TEST(Api, writes_the_fields_in_the_order_of_the_design) {
    Snapshot snapshot = snapshot_of({});
    ProfileView profile;
    profile.name = "demo";
    profile.kind = "tunnel";
    profile.verdict = health::Verdict::unreachable;
    profile.wanted = Wanted::connected;
    profile.tunnel = TunnelView{"waiting", WallTime{1s},      {}, {}, "e:443", {},           {}, 3,
                                2,         "openvpn-crashed", {}, 10, 20,      WallTime{2s}, {}};
    profile.layers = {{health::Layer::process, LayerState::failed, WallTime{1s}, {}}};
    NodeView node;
    node.name = "n1";
    node.state = NodeState::ok;
    node.ping_us = 700;
    node.stages_us.dns = 5;
    profile.clusters = {{"c:6379", health::Verdict::unreachable, 16384, {node}}};
    profile.credential = CredentialView{1, "CN=a", "CN=b", "0A", WallTime{}, WallTime{1s}, 0, {}, "expired"};
    profile.findings = {
        {"openvpn-crashed", health::Severity::error, health::Layer::process, "s", "e", "a", WallTime{1s}}};
    snapshot.profiles = {profile};
    EXPECT_EQ(
        to_json(snapshot),
        R"({"schema":1,"agent":{"version":"0.1.0","pid":4242,"started_at":"2026-11-23T11:04:05.123Z","uptime_s":14400},)"
        R"("profiles":[{"name":"demo","kind":"tunnel","verdict":"unreachable","since":"1970-01-01T00:00:00.000Z",)"
        R"("wanted":"connected","tunnel":{"phase":"waiting","since":"1970-01-01T00:00:01.000Z","endpoint":"e:443",)"
        R"("attempt":3,"restarts":2,)"
        R"("last_restart_cause":"openvpn-crashed","bytes_in":10,"bytes_out":20,"retry_at":"1970-01-01T00:00:02.000Z"},)"
        R"("layers":[{"layer":"process","state":"failed","since":"1970-01-01T00:00:01.000Z"}],)"
        R"("clusters":[{"endpoint":"c:6379","verdict":"unreachable","slots_covered":16384,"nodes":[{"name":"n1","state":"ok",)"
        R"("ping_us":700,"stages_us":{"dns":5}}]}],"credential":{"generation":1,"subject":"CN=a","issuer":"CN=b","serial":"0A",)"
        R"("not_before":"1970-01-01T00:00:00.000Z","not_after":"1970-01-01T00:00:01.000Z","days_left":0,"state":"expired"},)"
        R"("findings":[{"code":"openvpn-crashed","severity":"error","layer":"process","summary":"s","evidence":"e","advice":"a",)"
        R"("since":"1970-01-01T00:00:01.000Z"}]}],"findings":[]})");
}

TEST(Api, skips_what_a_newer_agent_adds) {
    const auto snapshot = parse_snapshot(
        R"({"schema":1,"colour":"blue","profiles":[{"name":"a","kind":"tunnel","mood":{"x":[1]},)"
        R"("verdict":"stopped","since":"1970-01-01T00:00:00Z","wanted":"disconnected","tunnel":null}]})");
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
    EXPECT_EQ(snapshot->profiles.at(0).name, "a");
    EXPECT_FALSE(snapshot->profiles.at(0).tunnel);
}

struct Wrong {
    std::string_view json;
    std::string_view message;
};

TEST(Api, says_which_field_of_a_snapshot_is_wrong) {
    const Wrong rows[] = {
        {"", "not JSON at byte 0: incomplete JSON"},
        {"[]", "object expected"},
        {"{}", "schema: missing"},
        {R"({"schema":2})", "schema: another version of the agent: update memdbctl"},
        {R"({"schema":"1"})", "schema: whole number expected"},
        {R"({"schema":1.0})", "schema: whole number expected"},
        {R"({"schema":99999999999})", "schema: whole number expected"},
        {R"({"schema":1,"profiles":{}})", "profiles: list expected"},
        {R"({"schema":1,"profiles":[7]})", "profiles[0]: object expected"},
        {R"({"schema":1,"profiles":[{"name":7}]})", "profiles[0].name: text expected"},
        {R"({"schema":1,"profiles":[{"name":"a","kind":"x","verdict":"great"}]})",
         "profiles[0].verdict: a word that this version does not know"},
        {R"({"schema":1,"profiles":[{"name":"a","kind":"x","verdict":"stopped","since":"now"}]})",
         "profiles[0].since: RFC 3339 time in UTC expected"},
        {R"({"schema":1,"agent":{"version":"1","pid":-3000000000}})", "agent.pid: whole number expected"},
    };
    for (const auto& row : rows) {
        const auto result = parse_snapshot(row.json);
        ASSERT_TRUE(result.has_error()) << row.json;
        EXPECT_EQ(result.error().message, row.message) << row.json;
        EXPECT_EQ(result.error().code, Errc::malformed);
    }
}

TEST(Api, has_limits) {
    EXPECT_EQ(parse_snapshot(std::string(kReplyLimit + 1, ' ')).error().code, Errc::too_large);
    EXPECT_TRUE(parse_snapshot(std::string(100000, '[')).has_error());
    std::string many = R"({"schema":1,"profiles":[0)";
    for (int i = 0; i < 1024; ++i) many += ",0";
    EXPECT_EQ(parse_snapshot(many + "]}").error().message, "profiles: more than 1024 elements");
    EXPECT_EQ(parse_profile(R"({"name":")" + std::string(70000, 'x') + "\"}").error().message,
              "name: longer than 65536 bytes");
}

TEST(Api, every_prefix_of_a_snapshot_is_refused_and_none_crashes) {
    const std::string text = to_json(snapshot_of({reachable_profile()}));
    for (std::size_t size = 0; size < text.size(); size += size < 2000 ? 1 : 37)
        EXPECT_TRUE(parse_snapshot(std::string_view(text).substr(0, size)).has_error()) << size;
}

TEST(Api, error_bodies_come_back) {
    const ErrorBody error{ErrorCode::not_permitted, "say \"please\""};
    EXPECT_EQ(to_json(error), R"({"error":{"code":"not_permitted","message":"say \"please\""}})");
    EXPECT_EQ(*parse_error(to_json(error)), error);
    EXPECT_EQ(parse_error(R"({"error":{"code":"teapot","message":"m"}})")->code, ErrorCode::internal);
    EXPECT_EQ(parse_error("{}").error().message, "error: missing");
}

TEST(Api, every_kind_of_failure_has_a_status) {
    EXPECT_EQ(http_status_for(error_code_for(Errc::bad_input)), 400u);
    EXPECT_EQ(http_status_for(error_code_for(Errc::malformed)), 400u);
    EXPECT_EQ(http_status_for(error_code_for(Errc::not_permitted)), 403u);
    EXPECT_EQ(http_status_for(error_code_for(Errc::not_found)), 404u);
    EXPECT_EQ(http_status_for(error_code_for(Errc::already_exists)), 409u);
    EXPECT_EQ(http_status_for(error_code_for(Errc::io)), 500u);
    EXPECT_EQ(http_status_for(error_code_for(Errc::busy)), 503u);
}

TEST(Api, ping_reports_come_back) {
    const PingReport report{"demo", {{"a", "primary", "1", 700, {}}, {"b", {}, {}, {}, "no answer within 2 s"}}};
    EXPECT_EQ(*parse_ping_report(to_json(report)), report);
    const ImportReport import{"demo", {"a warning"}};
    EXPECT_EQ(*parse_import_report(to_json(import)), import);
}

TEST(Api, a_ping_request_may_be_empty_or_name_a_node) {
    EXPECT_EQ(*parse_ping_request(""), std::nullopt);
    EXPECT_EQ(*parse_ping_request(ping_request_json({})), std::nullopt);
    EXPECT_EQ(*parse_ping_request(ping_request_json("n1")), "n1");
    EXPECT_EQ(parse_ping_request(R"({"nod":"n1"})").error().message, "nod: unknown field");
    EXPECT_TRUE(parse_ping_request(R"({"node":")" + std::string(300, 'a') + "\"}").has_error());
}

config::ImportRequest an_import() {
    config::ImportRequest request;
    request.name = "demo";
    request.ovpn_text = "client\nremote x 443\n";
    request.ovpn_name = "downloaded-client-config.ovpn";
    request.cert_pem = "CERT\n";
    request.key_pem = Secret<>("-----BEGIN \x01 KEY-----\n");
    request.clusters = {{"clustercfg.demo:6379", "app", config::ClusterTls::on},
                        {"10.0.0.1", "", config::ClusterTls::off}};
    request.password = Secret<>("pass\"word");
    request.cluster_ca_pem = "CA\n";
    return request;
}

TEST(Api, import_requests_come_back) {
    const auto request = an_import();
    const auto back = parse_import_request(to_json(request));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(back->name, request.name);
    EXPECT_EQ(back->kind, request.kind);
    EXPECT_EQ(back->ovpn_text, request.ovpn_text);
    EXPECT_EQ(back->ovpn_name, request.ovpn_name);
    EXPECT_EQ(back->cert_pem, request.cert_pem);
    EXPECT_EQ(back->key_pem.reveal(), request.key_pem.reveal());
    EXPECT_EQ(back->password.reveal(), request.password.reveal());
    EXPECT_EQ(back->cluster_ca_pem, request.cluster_ca_pem);
    ASSERT_EQ(back->clusters.size(), 2u);
    EXPECT_EQ(back->clusters[0].endpoint, "clustercfg.demo:6379");
    EXPECT_EQ(back->clusters[0].user, "app");
    EXPECT_EQ(back->clusters[0].tls, config::ClusterTls::on);
    EXPECT_EQ(back->clusters[1].tls, config::ClusterTls::off);
}

TEST(Api, how_a_client_gets_to_a_cluster_comes_back) {
    auto profile = support::reachable_profile();
    EXPECT_EQ(to_json(profile).find("private_ca"), std::string::npos);  // what is not known is not there
    EXPECT_EQ(to_json(profile).find("\"tls\":true"), std::string::npos);
    profile.clusters[0].tls = false;
    profile.clusters[0].user = "app";
    profile.clusters[0].private_ca = true;
    const auto back = parse_profile(to_json(profile));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(*back, profile);
}

TEST(Api, login_by_iam_is_asked_for_in_words_and_comes_back) {
    config::ImportRequest request = an_import();
    request.clusters[0].iam = true;
    request.clusters[0].iam_cluster = "demo";
    const auto back = parse_import_request(to_json(request));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_TRUE(back->clusters[0].iam && !back->clusters[1].iam);
    EXPECT_EQ(back->clusters[0].iam_cluster, "demo");
    EXPECT_EQ(back->clusters[0].iam_region, "");

    config::ProfileChange change;
    change.auth = config::UserAuth::iam;
    change.iam_region = "eu-central-1";
    EXPECT_EQ(to_json(change), R"({"auth":"iam","iam_region":"eu-central-1"})");
    const auto changed = parse_profile_change(to_json(change));
    ASSERT_TRUE(changed.has_value()) << changed.error().message;
    EXPECT_EQ(changed->auth, config::UserAuth::iam);
    EXPECT_EQ(changed->iam_cluster, std::nullopt);
    EXPECT_EQ(changed->iam_region, "eu-central-1");
    EXPECT_EQ(parse_profile_change(R"({"auth":"ldap"})").error().message,
              "auth: a word that this version does not know");
}

TEST(Api, tokens_and_what_is_known_of_them_come_back) {
    const auto token = parse_token_request(token_request_json(Secret<>(std::string("demo/?User=\"x"))));
    ASSERT_TRUE(token.has_value()) << token.error().message;
    EXPECT_EQ(token->reveal(), "demo/?User=\"x");
    const TokenReport report{"dev", "demo", "app", support::kSeenAt};
    EXPECT_EQ(*parse_token_report(to_json(report)), report);

    Snapshot snapshot = support::snapshot_of({support::reachable_profile()});
    auto& iam = snapshot.profiles[0].clusters[0].iam.emplace();
    iam = {"app", "demo", "eu-central-1", std::nullopt, std::nullopt, std::nullopt, false};
    EXPECT_EQ(*parse_snapshot(to_json(snapshot)), snapshot);
    iam.token_signed_at = support::kSeenAt;
    iam.token_expires_at = support::kSeenAt + 15min;
    iam.connections_end_at = support::kSeenAt + 12h;
    iam.mints = true;
    EXPECT_EQ(*parse_snapshot(to_json(snapshot)), snapshot);
}

TEST(Api, import_failures_never_quote_a_secret) {
    const Wrong rows[] = {
        {R"({"name":"a","key":["hunter2"]})", "key: text expected"},
        {R"({"name":"a","pasword":"hunter2"})", "pasword: unknown field"},
        {R"({"name":"a","hunter2\u001b[2J":1})", "unknown field"},
        {R"({"name":"a","key":"hunter2)", "not JSON at byte 26: incomplete JSON"},
        {R"({"name":"a","kind":"hunter2"})", "kind: a word that this version does not know"},
        {R"({"kind":"tunnel"})", "name: missing"},
        {R"({"name":"a","clusters":[{"user":"u"}]})", "clusters[0].endpoint: missing"},
        {R"({"name":"a","clusters":[{"endpoint":"c","tls":"maybe"}]})",
         "clusters[0].tls: a word that this version does not know"},
    };
    for (const auto& row : rows) {
        const auto result = parse_import_request(row.json);
        ASSERT_TRUE(result.has_error()) << row.json;
        EXPECT_EQ(result.error().message, row.message) << row.json;
    }
}

}  // namespace
}  // namespace memdb::control
