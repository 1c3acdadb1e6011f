#include "control/loopback_handler.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::control {
namespace {

using testing::HasSubstr;

Answer ask(std::string_view method, std::string_view target, std::string_view host = "localhost:9464") {
    static const Snapshot snapshot = support::snapshot_of({support::reachable_profile()});
    // With the most that the socket could grant: it must not matter.
    return handle_loopback({method, target, "{}", "", host}, Right::control, snapshot);
}

std::string show(const Answer& answer) {
    if (const auto* reply = std::get_if<Reply>(&answer)) return std::to_string(reply->status);
    return std::holds_alternative<Intent>(answer) ? std::string(name_of(std::get<Intent>(answer))) : "stream";
}

TEST(LoopbackHandler, answers_metrics_and_health_and_nothing_else) {
    EXPECT_EQ(show(ask("GET", "/metrics")), "metrics");
    EXPECT_EQ(show(ask("HEAD", "/metrics?x=1")), "metrics");
    EXPECT_EQ(show(ask("GET", "/healthz")), "200");
    EXPECT_EQ(show(ask("HEAD", "/healthz")), "200");
    for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"}) {
        EXPECT_EQ(show(ask(method, "/metrics")), "405") << method;
        EXPECT_EQ(show(ask(method, "/healthz")), "405") << method;
    }
    for (const char* path : {"/", "", "/v1/status", "/v1/profiles", "/v1/events", "/v1/profiles/demo", "/metrics/",
                             "//metrics", "/healthz/../v1/status", "/%6detrics", "http://localhost/metrics"})
        for (const char* method : {"GET", "HEAD", "POST", "DELETE", "PATCH"})
            EXPECT_EQ(show(ask(method, path)), "404") << path;
    for (const char* path : {"/v1/profiles/demo/disconnect", "/v1/profiles/demo/auth"})
        EXPECT_EQ(show(ask("POST", path)), "404");
}

TEST(LoopbackHandler, a_host_that_is_not_this_machine_is_refused) {
    for (const char* host :
         {"localhost", "LocalHost:9464", "127.0.0.1", "127.0.0.1:1", "127.1.2.3:9464", "[::1]", "[::1]:9464"}) {
        EXPECT_TRUE(is_loopback_host(host)) << host;
        EXPECT_EQ(show(ask("GET", "/healthz", host)), "200") << host;
    }
    for (const char* host : {"",
                             ":9464",
                             "evil.example:9464",
                             "localhost.evil.example",
                             "evil.localhost",
                             "localhost:",
                             "localhost:94a4",
                             "localhost:123456",
                             "127.0.0.1.nip.io",
                             "127.0.0.1:9464:1",
                             "10.0.0.1:9464",
                             "0.0.0.0:9464",
                             "[::]:9464",
                             "::1",
                             "[::1",
                             "[::1]x:1",
                             "2130706433",
                             "127.1",
                             "localhost@evil:1",
                             "localhost 127.0.0.1"}) {
        EXPECT_FALSE(is_loopback_host(host)) << host;
        const auto answer = ask("GET", "/metrics", host);
        EXPECT_EQ(show(answer), "403") << host;
        EXPECT_THAT(std::get<Reply>(answer).body, HasSubstr("Host header")) << host;
    }
}

}  // namespace
}  // namespace memdb::control
