#include "control/control_handler.hpp"

#include "tests/support/snapshots.hpp"

#include <gtest/gtest.h>

namespace memdb::control {
namespace {

using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;

const AccessPolicy kPolicy{990, 4242, 5000};

TEST(ControlHandler, rights_come_from_uid_and_groups) {
    struct Row {
        Peer peer;
        Right right;
    };
    const Row rows[] = {
        {{0, 0, {}, 1}, Right::control},
        {{990, 990, {}, 1}, Right::read},
        {{1000, 1000, {}, 1}, Right::none},
        {{1000, 4242, {}, 1}, Right::read},
        {{1000, 1000, {27, 4242}, 1}, Right::read},
        {{1000, 1000, {5000}, 1}, Right::control},
        {{1000, 5000, {}, 1}, Right::control},
        {{990, 990, {5000}, 1}, Right::control},
        {{1000, 1000, {0}, 1}, Right::none},
        {{4242, 1000, {}, 1}, Right::none},
    };
    for (const auto& row : rows)
        EXPECT_EQ(rights_of(row.peer, kPolicy), row.right) << row.peer.uid << " " << row.peer.gid;
}

TEST(ControlHandler, an_absent_group_admits_nobody) {
    const AccessPolicy none{990, {}, {}};
    EXPECT_EQ(rights_of({1000, static_cast<gid_t>(-1), {static_cast<gid_t>(-1)}, 1}, none), Right::none);
    EXPECT_EQ(rights_of({0, 0, {}, 1}, none), Right::control);
}

std::string show(const Answer& answer) {
    if (const auto* reply = std::get_if<Reply>(&answer))
        return std::to_string(reply->status) + std::string(reply->allow);
    if (const auto* intent = std::get_if<Intent>(&answer)) return std::string(name_of(*intent));
    return "stream";
}

TEST(ControlHandler, every_path_method_and_right) {
    const Snapshot snapshot = snapshot_of({reachable_profile()});
    struct Row {
        std::string_view path;
        // GET HEAD POST DELETE PUT, with the right control
        std::array<std::string_view, 5> control;
        // the same with the right read
        std::array<std::string_view, 5> read;
    };
    constexpr std::string_view g = "405GET, HEAD", gp = "405GET, HEAD, POST", gd = "405GET, HEAD, PATCH, DELETE",
                               p = "405POST";
    const Row rows[] = {
        {"/v1/status", {"200", "200", g, g, g}, {"200", "200", g, g, g}},
        {"/v1/status?x=1", {"200", "200", g, g, g}, {"200", "200", g, g, g}},
        {"/v1/profiles", {"200", "200", "400", gp, gp}, {"200", "200", "403", gp, gp}},
        {"/v1/profiles/demo", {"200", "200", gd, "remove", gd}, {"200", "200", gd, "403", gd}},
        {"/v1/profiles/de%6do", {"200", "200", gd, "remove", gd}, {"200", "200", gd, "403", gd}},
        // What is not in the snapshot may still lie damaged on the disk.
        {"/v1/profiles/none", {"404", "404", gd, "remove", gd}, {"404", "404", gd, "403", gd}},
        {"/v1/profiles/a%2Fb", {"400", "400", gd, "400", gd}, {"400", "400", gd, "403", gd}},
        {"/v1/profiles/a%0a", {"400", "400", gd, "400", gd}, {"400", "400", gd, "403", gd}},
        {"/v1/profiles/a%", {"400", "400", gd, "400", gd}, {"400", "400", gd, "403", gd}},
        {"/v1/profiles/demo/connect", {p, p, "connect", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/demo/disconnect", {p, p, "disconnect", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/demo/reconnect", {p, p, "reconnect", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/none/connect", {p, p, "404", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/demo/ping", {p, p, "ping", p, p}, {p, p, "ping", p, p}},
        {"/v1/profiles/demo/crl", {p, p, "400", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/none/crl", {p, p, "404", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/demo/auth", {p, p, "400", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/none/auth", {p, p, "404", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/demo/key/request", {p, p, "key request", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/demo/key/install", {p, p, "key install", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/demo/key/rollback", {p, p, "key rollback", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/none/key/rollback", {p, p, "404", p, p}, {p, p, "403", p, p}},
        {"/v1/profiles/demo/key", {"404", "404", "404", "404", "404"}, {"404", "404", "404", "404", "404"}},
        {"/v1/history?since=7d&profile=none", {"history", "history", g, g, g}, {"history", "history", g, g, g}},
        {"/v1/history?since=", {"400", "400", g, g, g}, {"400", "400", g, g, g}},
        {"/v1/profiles/demo/ca", {"ca", "ca", g, g, g}, {"ca", "ca", g, g, g}},
        {"/v1/profiles/none/ca", {"404", "404", g, g, g}, {"404", "404", g, g, g}},
        {"/v1/log", {"log", "log", g, g, g}, {"403", "403", g, g, g}},
        {"/v1/events", {"stream", g, g, g, g}, {"stream", g, g, g, g}},
        {"/healthz", {"200", "200", g, g, g}, {"200", "200", g, g, g}},
        {"/metrics", {"metrics", "metrics", g, g, g}, {"metrics", "metrics", g, g, g}},
        {"/", {"404", "404", "404", "404", "404"}, {"404", "404", "404", "404", "404"}},
        {"", {"404", "404", "404", "404", "404"}, {"404", "404", "404", "404", "404"}},
        {"/v1/profiles/", {"404", "404", "404", "404", "404"}, {"404", "404", "404", "404", "404"}},
        {"/v1/profiles//connect", {"404", "404", "404", "404", "404"}, {"404", "404", "404", "404", "404"}},
        {"/v1/profiles/demo/connect/", {"404", "404", "404", "404", "404"}, {"404", "404", "404", "404", "404"}},
        {"/v1/profiles/../status", {"404", "404", "404", "404", "404"}, {"404", "404", "404", "404", "404"}},
    };
    constexpr std::array<std::string_view, 5> methods = {"GET", "HEAD", "POST", "DELETE", "PUT"};
    for (const auto& row : rows)
        for (std::size_t i = 0; i < methods.size(); ++i) {
            EXPECT_EQ(show(handle({methods[i], row.path, ""}, Right::control, snapshot)), row.control[i])
                << methods[i] << row.path;
            EXPECT_EQ(show(handle({methods[i], row.path, ""}, Right::read, snapshot)), row.read[i])
                << methods[i] << row.path;
            EXPECT_EQ(show(handle({methods[i], row.path, ""}, Right::none, snapshot)), "403") << methods[i] << row.path;
        }
}

TEST(ControlHandler, says_how_to_get_the_right) {
    const auto answer = handle({"GET", "/v1/status", ""}, Right::none, snapshot_of({}));
    EXPECT_EQ(std::get<Reply>(answer).body,
              R"({"error":{"code":"not_permitted","message":"only root and members of the group memdb )"
              R"(may ask: sudo usermod -aG memdb $USER, then log in again"}})");
}

TEST(ControlHandler, a_long_path_is_refused) {
    EXPECT_EQ(show(handle({"GET", "/v1/profiles/" + std::string(2000, 'a'), ""}, Right::read, snapshot_of({}))), "400");
}

TEST(ControlHandler, an_import_is_checked_for_form_and_name) {
    const Snapshot snapshot = snapshot_of({reachable_profile()});
    config::ImportRequest request;
    request.name = "other";
    request.key_pem = Secret<>("KEY");
    const auto answer = handle({"POST", "/v1/profiles", to_json(request)}, Right::control, snapshot);
    const auto& intent = std::get<ImportIntent>(std::get<Intent>(answer));
    EXPECT_EQ(intent.request.name, "other");
    EXPECT_EQ(intent.request.key_pem.reveal(), "KEY");
    EXPECT_TRUE(is_control(std::get<Intent>(answer)));
    request.name = "demo";
    EXPECT_EQ(show(handle({"POST", "/v1/profiles", to_json(request)}, Right::control, snapshot)), "409");
    EXPECT_EQ(show(handle({"POST", "/v1/profiles", "{"}, Right::control, snapshot)), "400");
}

TEST(ControlHandler, a_token_is_taken_whole_and_never_shown) {
    const Snapshot snapshot = snapshot_of({reachable_profile()});
    const std::string path = "/v1/profiles/demo/auth", body = token_request_json(Secret<>("demo/?Action=connect"));
    const auto answer = handle({"POST", path, body}, Right::control, snapshot);
    const auto& intent = std::get<AuthIntent>(std::get<Intent>(answer));
    EXPECT_EQ(intent.token.reveal(), "demo/?Action=connect");
    EXPECT_EQ(intent.profile, "demo");
    EXPECT_TRUE(is_control(std::get<Intent>(answer)));
    for (const std::string_view wrong : {R"({"token":7})", R"({"tokens":"x"})", "{}", "[]", R"({"token":"secret",})"}) {
        const auto refused = handle({"POST", path, wrong}, Right::control, snapshot);
        EXPECT_EQ(show(refused), "400") << wrong;
        EXPECT_EQ(std::get<Reply>(refused).body.find("secret"), std::string::npos);
    }
}

TEST(ControlHandler, a_ping_may_name_a_node_that_exists) {
    const Snapshot snapshot = snapshot_of({reachable_profile()});
    const std::string path = "/v1/profiles/demo/ping",
                      known = ping_request_json("demo-0001-001.demo.lab.memorydb.test");
    const auto answer = handle({"POST", path, known}, Right::read, snapshot);
    EXPECT_EQ(std::get<PingIntent>(std::get<Intent>(answer)).node, "demo-0001-001.demo.lab.memorydb.test");
    EXPECT_FALSE(is_control(std::get<Intent>(answer)));
    EXPECT_EQ(show(handle({"POST", path, ping_request_json("nobody")}, Right::read, snapshot)), "404");
    EXPECT_EQ(show(handle({"POST", path, "[]"}, Right::read, snapshot)), "400");
}

TEST(ControlHandler, a_revocation_list_becomes_an_intent_of_control) {
    const Snapshot snapshot = snapshot_of({reachable_profile()});
    const auto answer = handle({"POST", "/v1/profiles/demo/crl", crl_request_json("PEM")}, Right::control, snapshot);
    const auto& intent = std::get<Intent>(answer);
    EXPECT_EQ(std::get<CrlIntent>(intent).profile, "demo");
    EXPECT_EQ(std::get<CrlIntent>(intent).pem, "PEM");
    EXPECT_TRUE(is_control(intent));
    EXPECT_EQ(name_of(intent), "crl");
}

TEST(ControlHandler, healthz_is_503_unless_every_wanted_profile_is_reachable) {
    const auto ask = [](std::vector<ProfileView> profiles) {
        const auto reply =
            std::get<Reply>(handle({"GET", "/healthz", ""}, Right::read, snapshot_of(std::move(profiles))));
        return std::to_string(reply.status) + " " + reply.body;
    };
    EXPECT_EQ(ask({}), "200 ok: no profile is wanted\n");
    EXPECT_EQ(ask({reachable_profile()}), "200 ok: 1 of 1 reachable\n");
    EXPECT_EQ(ask({reachable_profile(), unreachable_profile()}),
              "503 not reachable: demo unreachable (port-filtered)\n");
    ProfileView unwanted = unreachable_profile();
    unwanted.wanted = Wanted::disconnected;
    EXPECT_EQ(ask({reachable_profile(), unwanted}), "200 ok: 1 of 1 reachable\n");
    ProfileView degraded = reachable_profile();
    degraded.verdict = health::Verdict::degraded;
    EXPECT_EQ(ask({degraded}), "503 not reachable: demo degraded\n");
}

TEST(ControlHandler, the_doctor_may_connect_and_so_needs_the_right_to_control) {
    const Snapshot snapshot = snapshot_of({reachable_profile()});
    const Request request{"POST", "/v1/profiles/demo/diagnose", ""};
    const Answer answer = handle(request, Right::control, snapshot);
    ASSERT_TRUE(std::holds_alternative<DiagnoseStream>(answer));
    EXPECT_EQ(std::get<DiagnoseStream>(answer).profile, "demo");
    EXPECT_EQ(std::get<Reply>(handle(request, Right::read, snapshot)).status, 403u);
}

TEST(ControlHandler, decodes_percent_escapes_once) {
    EXPECT_EQ(percent_decode("a%20b%41"), "a bA");
    EXPECT_EQ(percent_decode("%2541"), "%41");
    EXPECT_EQ(percent_decode("%c3%a4"), "\xc3\xa4");
    for (const auto* wrong : {"%", "%4", "%4g", "%00", "%2f", "a\nb", "%7f", "%0d"})
        EXPECT_EQ(percent_decode(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace memdb::control
