#include "reach/probe_policy.hpp"

#include "reach/probe_machine.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace {

using namespace memdb;
using namespace memdb::reach;
using health::Layer;
using enum ProbePhase;

constexpr TimePoint t0{1000000s};
const ReplyReceived kOk{{.kind = Reply::Kind::status, .text = "OK"}, 300us};
const ConnectFailed kRefused{ConnectProblem::refused, "Connection refused"};
ReplyReceived refusal(std::string text) { return {{.kind = Reply::Kind::error, .text = std::move(text)}, 300us}; }

struct Meaning {
    ProbePhase phase;
    ProbeEvent event;
    Layer layer;
    std::string_view code;
};

TEST(ProbePolicy, names_the_cause_of_every_failure) {
    const Meaning table[] = {
        {resolving, ResolveFailed{"x"}, Layer::dns, "cluster-name-unresolved"},
        {resolving, Resolved{}, Layer::dns, "cluster-name-unresolved"},
        {resolving, DeadlinePassed{}, Layer::dns, "cluster-name-unresolved"},
        {connecting, DeadlinePassed{}, Layer::tcp, "node-unreachable"},
        {connecting, kRefused, Layer::tcp, "port-refused"},
        {connecting, ConnectFailed{ConnectProblem::unreachable, "x"}, Layer::tcp, "node-unreachable"},
        {connecting, ConnectFailed{ConnectProblem::reset, "x"}, Layer::tcp, "node-unreachable"},
        {connecting, ConnectFailed{ConnectProblem::other, "x"}, Layer::tcp, "node-unreachable"},
        {securing, DeadlinePassed{}, Layer::tls, "node-unreachable"},
        {securing, PeerClosed{"x"}, Layer::tls, "tls-handshake-failed"},
        {securing, SecureFailed{SecureProblem::untrusted, "x"}, Layer::tls, "tls-untrusted"},
        {securing, SecureFailed{SecureProblem::name_mismatch, "x"}, Layer::tls, "tls-name-mismatch"},
        {securing, SecureFailed{SecureProblem::expired, "x"}, Layer::tls, "tls-expired"},
        {securing, SecureFailed{SecureProblem::not_offered, "x"}, Layer::tls, "tls-not-offered"},
        {securing, SecureFailed{SecureProblem::failed, "x"}, Layer::tls, "tls-handshake-failed"},
        {authenticating, refusal("NOAUTH x"), Layer::auth, "auth-required"},
        {authenticating, refusal("WRONGPASS x"), Layer::auth, "auth-rejected"},
        {authenticating, refusal("ERR AUTH <password> called without any password configured"), Layer::auth,
         "auth-rejected"},
        {authenticating, refusal("ERR max number of clients reached"), Layer::auth, "node-busy"},
        {authenticating, refusal("LOADING x"), Layer::auth, "node-loading"},
        {authenticating, DeadlinePassed{}, Layer::auth, "node-unreachable"},
        {authenticating, PeerClosed{"x"}, Layer::auth, "node-unreachable"},
        {pinging, refusal("NOAUTH x"), Layer::auth, "auth-required"},
        {pinging, refusal("NOPERM x"), Layer::auth, "auth-no-permission"},
        {pinging, refusal("LOADING x"), Layer::ping, "node-loading"},
        {pinging, refusal("MASTERDOWN x"), Layer::ping, "node-loading"},
        {pinging, refusal("BUSY x"), Layer::ping, "node-busy"},
        {pinging, refusal("MISCONF x"), Layer::ping, "node-busy"},
        {pinging, refusal("ERR max number of clients reached"), Layer::ping, "node-busy"},
        {pinging, DeadlinePassed{}, Layer::ping, "node-unreachable"},
        {pinging, PeerClosed{"x"}, Layer::ping, "node-unreachable"},
        {pinging, ReplyMalformed{"x"}, Layer::ping, "node-unreachable"},
        {pinging, kOk, Layer::ping, "node-unreachable"},
    };
    for (const Meaning& row : table) {
        ProbeState before;
        before.phase = row.phase;
        before.address = "10.0.0.1";
        before.deadline = t0;
        before.misses = kReprobes;
        const ProbeStep got = step(before, row.event, t0, ProbeTarget{}, ProbeTimings{});
        SCOPED_TRACE(std::string(to_string(row.phase)) + " event " + std::to_string(row.event.index()));
        ASSERT_TRUE(got.state.blame);
        EXPECT_EQ(got.state.blame->layer, row.layer);
        EXPECT_EQ(got.state.blame->code, row.code);
        EXPECT_EQ(got.state.blame->silent, std::holds_alternative<DeadlinePassed>(row.event));
        EXPECT_EQ(got.state.blame->evidence.find_first_of("\r\n"), std::string::npos);
    }
}

TEST(ProbePolicy, evidence_is_one_line_whatever_the_peer_said) {
    const ProbeScene scene{pinging, format_place("2001:db8::1", 6379), 2s};
    const Reply hostile{.kind = Reply::Kind::error, .text = "LOADING \x1b[2J\r\n" + std::string(5000, 'x')};
    const std::string evidence = judge_error(scene, hostile).blame.evidence;
    EXPECT_EQ(evidence.find("[2001:db8::1]:6379 answers PING with: LOADING ?[2J??xxx"), 0U) << evidence;
    EXPECT_LT(evidence.size(), 200U);
}

}  // namespace
