// The planner as a table: what is, what is wished -> the steps; and played to its end from every point on the way.
#include "tests/support/aws_play.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace memdb::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(AwsPlanner, goes_from_nothing_to_reachable_in_the_documents_order) {
    const Wish wish = plain_wish();
    const Played played = play(applying(wish), wish, bare_account(), fresh_laptop());
    EXPECT_EQ(played.refusal, "");
    EXPECT_THAT(played.steps, ElementsAre("create-group", "allow-group", "make-authority", "make-server",
                                          "import-certificate", "make-client", "create-endpoint", "associate",
                                          "associate", "authorize", "import-profile", "connect"));
    EXPECT_TRUE(played.local.profile->reachable);
    EXPECT_THAT(played.account.endpoint->groups, ElementsAre("sg-vpn"));
    EXPECT_EQ(played.account.rules.front().source_group, "sg-vpn") << "not the clients' range: AWS translates it away";
}

TEST(AwsPlanner, goes_on_from_every_point_and_ends_in_the_same_state) {
    for (const Wish& wish : {plain_wish(), full_wish()}) {
        const Played whole = play(applying(wish), wish, bare_account(), fresh_laptop());
        for (std::size_t cut = 0; cut < whole.steps.size(); ++cut) {
            Played part = play(applying(wish), wish, bare_account(), fresh_laptop(), cut);
            const Played rest = play(applying(wish), wish, part.account, part.local);
            EXPECT_EQ(rest.account, whole.account) << "cut after " << cut;
            EXPECT_EQ(part.steps.size() + rest.steps.size(), whole.steps.size());
            EXPECT_TRUE(play(applying(wish), wish, rest.account, rest.local).steps.empty())
                << "a second run does nothing";
        }
    }
}

TEST(AwsPlanner, repairs_what_was_changed_and_nothing_else) {
    const Wish wish = full_wish();
    const Played good = play(applying(wish), wish, bare_account(), fresh_laptop());
    struct Drift {
        const char* what;
        std::function<void(Inventory&)> change;
        std::vector<std::string> repair;
    };
    const std::vector<Drift> drifts = {
        {"the inbound rule is gone", [](Inventory& a) { a.rules.clear(); }, {"allow-group"}},
        {"split tunnel is off", [](Inventory& a) { a.endpoint->split_tunnel = false; }, {"modify-endpoint"}},
        {"another port", [](Inventory& a) { a.endpoint->port = 1194; }, {"modify-endpoint"}},
        {"no log", [](Inventory& a) { a.endpoint->log_group.clear(); }, {"modify-endpoint"}},
        {"another certificate", [](Inventory& a) { a.endpoint->server_certificate = "arn:x"; }, {"modify-endpoint"}},
        {"the default group", [](Inventory& a) { a.endpoint->groups = {"sg-default"}; }, {"apply-groups"}},
        {"one association is gone",
         [](Inventory& a) {
             a.endpoint->associations.pop_back();
             std::erase_if(a.endpoint->routes, [](const VpnRoute& r) { return r.subnet == "subnet-b"; });
         },
         {"associate", "create-route"}},
        {"a rule is gone", [](Inventory& a) { a.endpoint->rules.pop_back(); }, {"authorize"}},
        {"a route is missing in one subnet", [](Inventory& a) { a.endpoint->routes.pop_back(); }, {"create-route"}},
        {"somebody's route in one subnet only",
         [](Inventory& a) {
             a.endpoint->routes.push_back({net("10.30.0.0/16"), "subnet-a", "active", "", "add-route", "theirs"});
         },
         {"create-route"}},
        {"a rule of ours that is not wished",
         [](Inventory& a) {
             a.endpoint->rules.push_back({net("10.20.1.0/24"), "active", "", std::string(kDescription), true});
         },
         {"revoke-rule"}},
        {"a rule of somebody else",
         [](Inventory& a) {
             a.endpoint->rules.push_back({net("10.9.0.0/16"), "active", "", "theirs"});
         },
         {}},
        {"a newer server certificate here",
         [](Inventory& a) { a.certificate->serial = "S0"; },
         {"reimport-certificate"}},
    };
    for (const Drift& drift : drifts) {
        Inventory account = good.account;
        drift.change(account);
        LocalState local = good.local;
        local.serials.push_back("S0");
        const Played repaired = play(applying(wish), wish, account, local);
        EXPECT_EQ(repaired.steps, drift.repair) << drift.what;
        EXPECT_EQ(repaired.refusal, "") << drift.what;
    }
}

TEST(AwsPlanner, a_narrower_wish_takes_back_only_what_it_made) {
    const Wish wide = full_wish();
    const Played good = play(applying(wide), wide, bare_account(), fresh_laptop());
    Inventory account = good.account;
    account.endpoint->rules.push_back({net("172.16.0.0/12"), "active", "", "theirs"});
    Wish narrow = plain_wish();
    narrow.allow = Allow::networks;
    narrow.networks = {net("10.20.1.0/24")};
    const Plan plan = plan_apply(narrow, account, good.local, kToday);
    EXPECT_THAT(
        texts(plan, StepState::todo),
        ElementsAre("authorize 10.20.1.0/24", "authorize 10.20.0.2/32", "revoke-rule 10.20.0.0/16",
                    "revoke-rule 0.0.0.0/0", "delete-route subnet-a0.0.0.0/0", "delete-route subnet-b0.0.0.0/0"));
    const Played played = play(applying(narrow), narrow, account, good.local);
    EXPECT_EQ(played.account.endpoint->rules.size(), 3u) << "theirs is left";
}

TEST(AwsPlanner, rules_for_nodes_are_single_addresses) {
    Wish wish = plain_wish();
    wish.allow = Allow::nodes;
    Inventory account = bare_account();
    account.node_addresses = {{"demo-0001-001", parse_address("10.20.1.1")}};
    EXPECT_THAT(texts(plan_apply(wish, account, fresh_laptop(), kToday), StepState::later),
                testing::Contains("authorize 10.20.1.1/32"));
    account.node_addresses.front().address.reset();
    EXPECT_THAT(plan_apply(wish, account, fresh_laptop(), kToday).refusal, HasSubstr("--allow with its subnet"));
}

struct Refused {
    const char* what;
    std::function<void(Inventory&, LocalState&, Wish&)> change;
    const char* words;
};

TEST(AwsPlanner, refuses_with_the_next_step) {
    const std::vector<Refused> table = {
        {"dedicated", [](Inventory& a, LocalState&, Wish&) { a.vpc.dedicated = true; }, "dedicated tenancy"},
        {"small",
         [](Inventory& a, LocalState&, Wish&) {
             for (auto& s : a.subnets) s.free_addresses = 19;
         },
         "20 free addresses"},
        {"cidr", [](Inventory&, LocalState&, Wish& w) { w.client_network = net("10.20.8.0/22"); },
         "overlaps the VPC, 10.20.0.0/16"},
        {"lan", [](Inventory&, LocalState&, Wish& w) { w.client_network = net("192.168.0.0/22"); },
         "a network of this laptop"},
        {"tiny", [](Inventory&, LocalState&, Wish& w) { w.client_network = net("10.99.0.0/23"); }, "/22 or larger"},
        {"name",
         [](Inventory& a, LocalState&, Wish&) {
             a.groups.push_back({"sg-x", "memdbd-vpn-demo"});
         },
         "aws ec2 create-tags --resources sg-x"},
        {"profile", [](Inventory&, LocalState& l, Wish&) { l.profile = LocalProfile{"other.test:443"}; },
         "memdbctl profile remove demo"},
        {"direct", [](Inventory&, LocalState& l, Wish&) { l.profile = LocalProfile{}; }, "is a direct one"},
        {"no group", [](Inventory& a, LocalState&, Wish&) { a.cluster.groups.clear(); }, "has no security group"},
        {"creating", [](Inventory& a, LocalState&, Wish&) { a.cluster.host.clear(); }, "has no endpoint yet"},
    };
    for (const Refused& row : table) {
        Inventory account = bare_account();
        LocalState local = fresh_laptop();
        Wish wish = plain_wish();
        row.change(account, local, wish);
        EXPECT_THAT(plan_apply(wish, account, local, kToday).refusal, HasSubstr(row.words)) << row.what;
    }
}

TEST(AwsPlanner, refuses_what_cannot_be_changed_in_an_endpoint) {
    const Wish wish = plain_wish();
    const Played good = play(applying(wish), wish, bare_account(), fresh_laptop());
    const std::vector<Refused> table = {
        {"range", [](Inventory&, LocalState&, Wish& w) { w.client_network = net("10.99.0.0/22"); },
         "which cannot be changed"},
        {"method", [](Inventory& a, LocalState&, Wish&) { a.endpoint->client_root.clear(); }, "mutual certificates"},
        {"vpc", [](Inventory& a, LocalState&, Wish&) { a.endpoint->vpc = "vpc-2"; }, "is in the VPC vpc-2"},
        {"failed",
         [](Inventory& a, LocalState&, Wish&) { a.endpoint->associations.front().state = "association-failed"; },
         "--association-id cvpn-assoc-subnet-a"},
        {"rule", [](Inventory& a, LocalState&, Wish&) { a.endpoint->rules.front().state = "failed"; },
         "revoke-client-vpn-ingress"},
        {"cluster", [](Inventory&, LocalState& l, Wish&) { l.profile->clusters = {"clustercfg.other.test:6379"}; },
         "does not have the cluster clustercfg.demo.lab.memorydb.test:6379"},
        {"pki", [](Inventory&, LocalState& l, Wish&) { l.serials.clear(); }, "was not made by the PKI in /home/me/pki"},
    };
    for (const Refused& row : table) {
        Inventory account = good.account;
        LocalState local = good.local;
        Wish changed = wish;
        row.change(account, local, changed);
        EXPECT_THAT(plan_apply(changed, account, local, kToday).refusal, HasSubstr(row.words)) << row.what;
    }
}

TEST(AwsPlanner, waits_for_an_endpoint_that_is_being_deleted) {
    Inventory account = bare_account();
    account.groups.push_back({"sg-vpn", "memdbd-vpn-demo", true});
    account.endpoint = Endpoint{"cvpn-endpoint-0", "deleting"};
    const Wish wish = plain_wish();
    const Played played = play(applying(wish), wish, account, fresh_laptop());
    EXPECT_EQ(played.account.endpoint->id, "cvpn-endpoint-1");
}

TEST(AwsPlanner, a_server_certificate_that_ends_is_renewed_under_the_same_name_and_arn) {
    const Wish wish = plain_wish();
    Played good = play(applying(wish), wish, bare_account(), fresh_laptop());
    good.local.server->not_after = kToday + std::chrono::days(29);
    const Played renewed = play(applying(wish), wish, good.account, good.local);
    EXPECT_THAT(renewed.steps, ElementsAre("make-server", "reimport-certificate"));
    EXPECT_EQ(renewed.local.server->file, "demo.vpn.internal-20261126");
    EXPECT_EQ(renewed.account.certificate->arn, good.account.certificate->arn);
}

TEST(AwsPlanner, one_subnet_for_each_zone) {
    Inventory account = bare_account();
    account.subnets.push_back({"subnet-a2", "vpc-1", "us-east-1a", net("10.20.3.0/24"), 249});
    account.subnets.push_back({"subnet-c", "vpc-1", "us-east-1c", net("10.20.4.0/28"), 11});
    const Plan plan = plan_apply(plain_wish(), account, fresh_laptop(), kToday);
    EXPECT_THAT(texts(plan, StepState::later), testing::Not(testing::Contains("associate subnet-a2")));
    EXPECT_THAT(plan.remarks, testing::Contains(testing::Field(&Remark::text, HasSubstr("subnet-c"))));
}

TEST(AwsPlanner, whom_the_pki_has_revoked_no_new_endpoint_lets_in) {
    const Wish wish = plain_wish();
    Played good = play(applying(wish), wish, bare_account(), fresh_laptop());
    good.local.revoked = 2;
    EXPECT_THAT(texts(plan_apply(wish, good.account, good.local, kToday), StepState::todo), ElementsAre("import-crl "));
    good.account.endpoint->crl = EndpointCrl{"active", kToday + std::chrono::days(100), 2};
    EXPECT_TRUE(is_finished(plan_apply(wish, good.account, good.local, kToday)));
    Inventory bare = bare_account();
    const auto later = texts(plan_apply(wish, bare, good.local, kToday), StepState::later);
    const auto list = std::find(later.begin(), later.end(), "import-crl ");
    const auto rule = std::find(later.begin(), later.end(), "authorize 10.20.0.0/16");
    EXPECT_TRUE(list != later.end() && rule != later.end() && list < rule) << "before anybody can go anywhere";
}

TEST(AwsPlanner, an_endpoint_of_somebody_else_with_our_tag_is_not_touched) {
    const Wish wish = plain_wish();
    const Played good = play(applying(wish), wish, bare_account(), fresh_laptop());
    Inventory account = good.account;
    account.certificate.reset();  // the tag is on the endpoint alone
    EXPECT_THAT(plan_apply(wish, account, good.local, kToday).refusal, HasSubstr("was not made by memdbctl aws"));
    account = good.account;
    account.endpoint->client_root = "arn:theirs";
    EXPECT_THAT(plan_apply(wish, account, good.local, kToday).refusal, HasSubstr("another authority (arn:theirs)"));
    account = good.account;
    account.endpoint->transport = "tcp";
    EXPECT_THAT(plan_apply(wish, account, good.local, kToday).refusal, HasSubstr("is for tcp"));
}

TEST(AwsPlanner, a_route_of_theirs_and_its_copies_of_ours_stay_in_whatever_order) {
    const Wish wish = plain_wish();
    const Played good = play(applying(wish), wish, bare_account(), fresh_laptop());
    for (const bool ours_first : {true, false}) {
        Inventory account = good.account;
        const VpnRoute theirs{net("10.30.0.0/16"), "subnet-a", "active", "", "add-route", "theirs"};
        const VpnRoute ours{net("10.30.0.0/16"), "subnet-b", "active", "", "add-route", std::string(kDescription)};
        account.endpoint->routes.push_back(ours_first ? ours : theirs);
        account.endpoint->routes.push_back(ours_first ? theirs : ours);
        EXPECT_TRUE(is_finished(plan_apply(wish, account, good.local, kToday))) << ours_first;
    }
    Inventory account = good.account;
    account.endpoint->routes.push_back({net("0.0.0.0/0"), "subnet-a", "active", "", "add-route", "theirs"});
    EXPECT_TRUE(is_finished(plan_apply(wish, account, good.local, kToday))) << "never to everywhere without --internet";
}

TEST(AwsPlanner, degraded_is_never_called_reachable) {
    const Wish wish = plain_wish();
    Played good = play(applying(wish), wish, bare_account(), fresh_laptop());
    good.local.profile->reachable = false;
    good.local.profile->degraded = true;
    const Plan plan = plan_apply(wish, good.account, good.local, kToday);
    EXPECT_TRUE(is_finished(plan));
    EXPECT_THAT(plan.steps.back().why, HasSubstr("is degraded: memdbctl status demo"));
}

/// Whatever state the parts are in, a plan is refused, finished, waits, or has a next step; and it comes to an end.
TEST(AwsPlanner, random_accounts_keep_the_invariants) {
    std::mt19937 random(20261126);  // the same every time
    const auto pick = [&](std::initializer_list<const char*> words) {
        return std::string(words.begin()[random() % words.size()]);
    };
    for (int round = 0; round < 3000; ++round) {
        const Wish wish = random() % 2 == 0 ? plain_wish() : full_wish();
        Played part = play(applying(wish), wish, bare_account(), fresh_laptop(), random() % 20);
        Inventory& account = part.account;
        if (account.endpoint) {
            for (auto& one : account.endpoint->associations)
                one.state = pick({"associated", "associating", "disassociating"});
            for (auto& one : account.endpoint->rules) one.state = pick({"active", "authorizing", "revoking"});
            for (auto& one : account.endpoint->routes) one.state = pick({"active", "creating", "deleting"});
            if (random() % 4 == 0) account.endpoint->routes.clear();
            if (random() % 8 == 0) account.endpoint->state = "deleting";
        }
        if (random() % 8 == 0) account.rules.clear();
        if (random() % 8 == 0) part.local.profile.reset();
        play(applying(wish), wish, account, part.local);
        play([&](const Inventory& a, const LocalState& l) { return plan_destroy(wish, a, l); }, wish, account,
             part.local);
    }
}

}  // namespace
}  // namespace memdb::tests
