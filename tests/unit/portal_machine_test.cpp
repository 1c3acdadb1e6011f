#include "health/portal_machine.hpp"

#include <gtest/gtest.h>

namespace memdb::health {
namespace {

constexpr TimePoint t0{1000s};

TEST(PortalMachine, asks_only_after_a_silence_of_two_seconds_and_then_every_fifteen) {
    PortalStep step = observe({}, t0, t0);
    EXPECT_EQ(step.action, PortalAction::none);
    EXPECT_EQ(next_look(step.state), t0 + 2s);
    step = observe(step.state, t0, t0 + 2s);
    EXPECT_EQ(step.action, PortalAction::ask);
    EXPECT_EQ(next_look(step.state), std::nullopt) << "the answer, or its limit, calls";
    EXPECT_EQ(observe(step.state, t0, t0 + 20s).action, PortalAction::none) << "one question at a time";
    PortalState state = portal_asked(step.state, "it answers a web request with 200");
    EXPECT_EQ(next_look(state), t0 + 17s);
    step = observe(state, t0 + 16s, t0 + 17s);  // another phase of the same silence
    EXPECT_EQ(step.action, PortalAction::ask);
    EXPECT_EQ(step.state.evidence, state.evidence) << "until the next answer";
    EXPECT_EQ(portal_asked(step.state, "").evidence, "") << "somebody has logged in";
}

TEST(PortalMachine, forgets_everything_as_soon_as_the_server_is_heard) {
    PortalState asking = observe(observe({}, t0, t0).state, t0, t0 + 2s).state;
    PortalStep step = observe(asking, std::nullopt, t0 + 3s);
    EXPECT_EQ(step.action, PortalAction::forget_question);
    EXPECT_EQ(step.state, PortalState{});
    EXPECT_EQ(portal_asked(step.state, "late"), PortalState{}) << "nobody waits for it any more";
    step = observe(portal_asked(asking, "x"), std::nullopt, t0 + 3s);
    EXPECT_EQ(step.action, PortalAction::none);
    EXPECT_EQ(step.state, PortalState{});
}

struct Row {
    std::string_view answer, evidence;
};

// clang-format off
constexpr Row kRows[] = {
    {"HTTP/1.1 302 Found\r\nLocation: http://portal.test/login?x=1\r\n\r\n", "it answers a web request with 302 to http://portal.test/login?x=1"},
    {"HTTP/1.0 200 OK\r\nlocation:http://a/\n", "it answers a web request with 200 to http://a/"},
    {"HTTP/1.1 511 Network Authentication Required\r\n\r\n", "it answers a web request with 511"},
    {"HTTP/1.1 200 OK\r\n\r\n<html>Location: nowhere", "it answers a web request with 200"},
    {"HTTP/1.1 302 Found\r\nLocation: http://a/\x1b[31m\r\n", "it answers a web request with 302"},
    // A proxy on the way that cannot reach the server, as in many companies.
    {"HTTP/1.1 502 Bad Gateway\r\n\r\n", ""}, {"HTTP/1.1 504 Gateway Timeout\r\n\r\n", ""}, {"HTTP/1.1 403 Forbidden\r\n\r\n", ""},
    // Nobody, or no web server.
    {"", ""}, {"HTTP/1.1 20", ""}, {"HTTP/1.1 2x0 \r\n", ""}, {"SSH-2.0-OpenSSH_9.2\r\n", ""}, {"\x00\x0e\x40", ""}, {"HTTP/2 200\r\n", ""},
};
// clang-format on

TEST(PortalMachine, asks_as_a_browser_would) {
    const std::string question = portal_question("a.test");
    EXPECT_TRUE(question.starts_with("GET / HTTP/1.1\r\nHost: a.test\r\n")) << question;
    EXPECT_TRUE(question.ends_with("\r\n\r\n"));
}

TEST(PortalMachine, knows_a_portal_by_its_answer) {
    for (const Row& row : kRows) EXPECT_EQ(portal_in(row.answer), row.evidence) << row.answer;
}

}  // namespace
}  // namespace memdb::health
