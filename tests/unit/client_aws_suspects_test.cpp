#include "client/doctor/aws_suspects.hpp"

#include "tests/support/aws_account.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace memdb::client {
namespace {

using tests::kToday;
using tests::net;

/// An account in which nothing is wrong.
AwsFacts healthy() {
    AwsFacts facts;
    facts.account = tests::bare_account();
    facts.endpoint_known = facts.associations_known = facts.authorizations_known = facts.routes_known = true;
    facts.cluster_known = facts.rules_known = true;
    facts.target_subnets = facts.account.subnets;
    facts.revoked = {"0A", "0B"};
    facts.account.certificate = aws::ServerCertificate{"arn:server", "server", "01", kToday + std::chrono::days(100)};
    facts.account.rules = {{"sgr-1", "sg-cluster", "tcp", 6379, 6379, {}, "sg-vpn"}};
    aws::Endpoint endpoint;
    endpoint.id = "cvpn-endpoint-1";
    endpoint.state = "available";
    endpoint.client_network = net("10.200.0.0/22");
    endpoint.groups = {"sg-vpn"};
    endpoint.crl = aws::EndpointCrl{"active", kToday + std::chrono::days(20), 2};
    for (const auto* const subnet : {"subnet-a", "subnet-b"}) {
        endpoint.associations.push_back({std::string("assoc-") + subnet, subnet, "associated", ""});
        endpoint.routes.push_back({net("10.20.0.0/16"), subnet, "active", "", "associate", ""});
    }
    endpoint.rules = {{net("10.20.0.0/16"), "active", "", ""}};
    facts.account.endpoint = endpoint;
    return facts;
}

std::vector<std::string> names_with(const AwsFacts& facts, Suspicion state, std::string_view serial = "01") {
    std::vector<std::string> names;
    for (const auto& suspect : aws_suspects(facts, serial, kToday))
        if (suspect.state == state) names.emplace_back(suspect.name);
    return names;
}

using Spoil = std::function<void(AwsFacts&)>;
struct Case {
    std::string name;  ///< the only suspect
    std::string words, action;
    Spoil spoil;
};

aws::Endpoint& endpoint(AwsFacts& facts) { return *facts.account.endpoint; }

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"crl-expired", "ended on 2026-11-26", "pki crl --publish cvpn-endpoint-1",
         [](AwsFacts& f) { endpoint(f).crl->next_update = kToday; }},
        {"server-cert-expired", "arn:server ended on 2026-11-25", "import-certificate --certificate-arn arn:server",
         [](AwsFacts& f) { f.account.certificate->not_after = kToday - std::chrono::days(1); }},
        {"client-revoked", "serial 01 is on", "memdbctl rotate", [](AwsFacts& f) { f.revoked->push_back("01"); }},
        {"endpoint-not-available", "is pending-associate: soon", "--client-vpn-endpoint-ids cvpn-endpoint-1",
         [](AwsFacts& f) {
             endpoint(f).state = "pending-associate";
             endpoint(f).message = "soon";
         }},
        {"association-missing", "has no target network", "--subnet-id subnet-a",
         [](AwsFacts& f) { endpoint(f).associations.clear(); }},
        {"association-missing", "is associating", "--subnet-id subnet-a",
         [](AwsFacts& f) {
             for (auto& one : endpoint(f).associations) one.state = "associating";
         }},
        {"authorization-rule-missing", "no rule lets anybody into 10.20.1.0/24, 10.20.2.0/24 of",
         "--target-network-cidr 10.20.1.0/24 --authorize-all-groups && aws ec2 authorize-client-vpn-ingress "
         "--client-vpn-endpoint-id cvpn-endpoint-1 --target-network-cidr 10.20.2.0/24 --authorize-all-groups",
         [](AwsFacts& f) { endpoint(f).rules.clear(); }},
        {"authorization-rule-missing", "no rule lets anybody into 10.20.2.0/24", "--authorize-all-groups",
         [](AwsFacts& f) { endpoint(f).rules[0].network = net("10.20.1.0/24"); }},
        {"authorization-rule-missing", "10.20.0.0/16 is authorizing", "--target-network-cidr 10.20.1.0/24",
         [](AwsFacts& f) { endpoint(f).rules[0].state = "authorizing"; }},
        {"authorization-rule-missing", "the rule for 10.20.1.0/24 is authorizing",
         "describe-client-vpn-authorization-rules",
         [](AwsFacts& f) {
             endpoint(f).rules[0].network = net("10.20.1.0/24");
             endpoint(f).rules[0].state = "authorizing";
             endpoint(f).rules.push_back(endpoint(f).rules[0]);
             endpoint(f).rules[1].network = net("10.20.2.0/24");
             endpoint(f).rules[1].state = "active";
         }},
        {"authorization-rule-missing", "into 10.20.2.0/24 of the cluster; the rule for 10.20.1.0/24 is authorizing",
         "--target-network-cidr 10.20.2.0/24 --authorize-all-groups",
         [](AwsFacts& f) {
             endpoint(f).rules[0].network = net("10.20.1.0/24");
             endpoint(f).rules[0].state = "authorizing";
         }},
        {"authorization-rule-missing", "for a group of a directory only", "--authorize-all-groups",
         [](AwsFacts& f) { endpoint(f).rules[0].everyone = false; }},
        {"route-missing", "through subnet-b no active route leads to 10.20.1.0/24", "--target-vpc-subnet-id subnet-b",
         [](AwsFacts& f) { endpoint(f).routes.pop_back(); }},
        {"route-missing", "through subnet-a no active route", "--destination-cidr-block 10.20.1.0/24",
         [](AwsFacts& f) { endpoint(f).routes[0].state = "creating"; }},
        {"security-group-closed", "lets sg-vpn in on TCP 6379", "--group-id sg-cluster --protocol tcp --port 6379",
         [](AwsFacts& f) { f.account.rules.clear(); }},
        {"security-group-closed", "lets sg-vpn in", "--source-group sg-vpn",
         [](AwsFacts& f) { f.account.rules[0].to = f.account.rules[0].from = 6380; }},
        {"security-group-closed", "lets sg-vpn in", "--source-group sg-vpn",
         [](AwsFacts& f) { f.account.rules[0].group = "sg-other"; }},
        {"security-group-allows-vpn-range", "sgr-2 lets in 10.200.0.0/22", "--security-group-rule-ids sgr-2",
         [](AwsFacts& f) {
             f.account.rules.push_back({"sgr-2", "sg-cluster", "tcp", 6379, 6379, net("10.200.0.0/22"), ""});
         }},
    };
    return all;
}

TEST(AwsSuspects, a_healthy_account_has_none) {
    EXPECT_THAT(names_with(healthy(), Suspicion::yes), testing::IsEmpty());
    EXPECT_THAT(names_with(healthy(), Suspicion::unknown), testing::IsEmpty());
}

TEST(AwsSuspects, each_fault_is_the_only_suspect_with_evidence_and_action) {
    for (const Case& one : cases()) {
        AwsFacts facts = healthy();
        one.spoil(facts);
        EXPECT_THAT(names_with(facts, Suspicion::yes), testing::ElementsAre(one.name)) << one.words;
        for (const auto& suspect : aws_suspects(facts, "01", kToday)) {
            EXPECT_FALSE(suspect.evidence.empty()) << suspect.name;
            EXPECT_EQ(suspect.evidence.find('\n'), std::string::npos);
            EXPECT_EQ(suspect.action.empty(), suspect.state != Suspicion::yes) << suspect.name;
            if (suspect.name != one.name) continue;
            EXPECT_THAT(suspect.evidence, testing::HasSubstr(one.words));
            EXPECT_THAT(suspect.action, testing::HasSubstr(one.action));
        }
    }
}

TEST(AwsSuspects, the_clients_range_beside_a_closed_group_names_both) {
    AwsFacts facts = healthy();
    facts.account.rules = {{"sgr-2", "sg-cluster", "tcp", 6379, 6379, net("10.200.0.0/22"), ""}};
    EXPECT_THAT(names_with(facts, Suspicion::yes),
                testing::ElementsAre("security-group-closed", "security-group-allows-vpn-range"));
}

TEST(AwsSuspects, a_rule_for_the_target_networks_or_for_all_lets_in) {
    for (const auto* const network : {"10.20.0.0/16", "0.0.0.0/0", "10.0.0.0/8"}) {
        AwsFacts facts = healthy();
        facts.account.rules = {{"sgr-3", "sg-cluster", "-1", -1, -1, net(network), ""}};
        EXPECT_THAT(names_with(facts, Suspicion::yes), testing::IsEmpty()) << network;
    }
    AwsFacts one_of_two = healthy();
    one_of_two.account.rules = {{"sgr-3", "sg-cluster", "-1", -1, -1, net("10.20.1.0/24"), ""}};
    EXPECT_THAT(names_with(one_of_two, Suspicion::yes), testing::ElementsAre("security-group-closed"));
}

TEST(AwsSuspects, an_endpoint_that_is_gone_leaves_the_rest_unknown) {
    AwsFacts facts = healthy();
    facts.account.endpoint.reset();
    EXPECT_THAT(names_with(facts, Suspicion::yes), testing::ElementsAre("endpoint-not-available"));
    EXPECT_EQ(names_with(facts, Suspicion::unknown).size(), 6u);
}

TEST(AwsSuspects, what_was_not_asked_is_unknown_and_never_no) {
    EXPECT_EQ(names_with(AwsFacts{}, Suspicion::unknown).size(), 9u);
    AwsFacts facts = healthy();
    facts.account.endpoint->crl_is_unknown = true;
    facts.revoked.reset();
    EXPECT_THAT(names_with(facts, Suspicion::unknown), testing::ElementsAre("crl-expired", "client-revoked"));
    EXPECT_THAT(names_with(healthy(), Suspicion::unknown, ""), testing::ElementsAre("client-revoked"));
    facts = healthy();
    facts.account.endpoint->groups.clear();
    EXPECT_THAT(names_with(facts, Suspicion::unknown), testing::ElementsAre("security-group-closed"));
}

}  // namespace
}  // namespace memdb::client
