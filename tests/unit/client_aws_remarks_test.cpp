// What plan warns of: the document's warnings, and what would fail or surprise later.
#include "tests/support/aws_account.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace memdb::tests {
namespace {

std::string remarks(const Wish& wish, const Inventory& account, const LocalState& local) {
    std::string text;
    for (const Remark& remark : plan_apply(wish, account, local, kToday).remarks)
        text += remark.text + " -> " + remark.advice + "\n";
    return text;
}

GroupRule open_rule(std::string_view network) { return {"sgr-1", "sg-cluster", "tcp", 6379, 6379, net(network)}; }

Endpoint endpoint_of(std::string id, bool ours) {
    Endpoint endpoint;
    endpoint.id = std::move(id);
    endpoint.state = "available";
    endpoint.vpc = "vpc-1";
    endpoint.client_root = "arn:root";
    endpoint.client_network = net("10.200.0.0/22");
    endpoint.port = 443;
    endpoint.ours = ours;
    return endpoint;
}

TEST(AwsRemarks, a_plain_account_has_none) { EXPECT_EQ(remarks(plain_wish(), bare_account(), fresh_laptop()), ""); }

TEST(AwsRemarks, each_condition_is_named_with_what_to_do) {
    struct Row {
        std::function<void(Inventory&, LocalState&, Wish&)> change;
        std::vector<const char*> words;
    };
    const std::vector<Row> table = {
        {[](Inventory& a, LocalState&, Wish&) { a.cluster.groups = {"sg-default"}; },
         {"the VPC's default security group, sg-default (default)", "--security-group-ids"}},
        {[](Inventory& a, LocalState&, Wish&) { a.rules = {open_rule("0.0.0.0/0")}; },
         {"is open to 0.0.0.0/0 (sgr-1)", "the cluster has no public address", "--security-group-rule-ids sgr-1"}},
        {[](Inventory& a, LocalState&, Wish&) {
             a.rules = {open_rule("0.0.0.0/0")};
             a.interfaces = {{"eni-1", "i-1", "198.51.100.7", {"sg-cluster"}}};
         },
         {"open to everybody: i-1 (198.51.100.7)", "is shared by what has public addresses"}},
        {[](Inventory& a, LocalState&, Wish&) {
             a.interfaces = {{"eni-1", "", "198.51.100.7", {"sg-cluster"}}};
         },
         {"eni-1 (198.51.100.7)", "a group of its own"}},
        {[](Inventory& a, LocalState&, Wish&) {
             a.rules = {open_rule("10.200.0.0/22")};
             a.others = {endpoint_of("cvpn-endpoint-9", false)};
         },
         {"lets in 10.200.0.0/22", "it has no effect, AWS translates", "made by memdbctl: cvpn-endpoint-9",
          "memdbctl profile import"}},
        {[](Inventory& a, LocalState&, Wish&) {
             a.rules = {open_rule("10.200.0.0/16")};
             a.endpoint = endpoint_of("cvpn-endpoint-1", true);
         },
         {"lets in 10.200.0.0/16", "it has no effect"}},
        {[](Inventory& a, LocalState&, Wish&) { a.cluster.tls = false; }, {"has no TLS"}},
        {[](Inventory& a, LocalState&, Wish&) { a.cluster.acl = "open-access"; }, {"needs no password", "--acl-name"}},
        {[](Inventory& a, LocalState&, Wish&) { a.cluster.status = "updating"; }, {"demo is updating"}},
        {[](Inventory&, LocalState& l, Wish&) { l.networks = {net("10.20.5.0/24")}; },
         {"this laptop is in 10.20.5.0/24, which overlaps the VPC's 10.20.0.0/16"}},
        {[](Inventory& a, LocalState& l, Wish&) {
             l.networks = {net("10.200.1.0/24")};
             a.endpoint = endpoint_of("cvpn-endpoint-1", true);
         },
         {"overlaps the endpoint's client range 10.200.0.0/22"}},
        {[](Inventory& a, LocalState&, Wish&) {
             a.endpoint = endpoint_of("cvpn-endpoint-1", true);
             a.endpoint->crl = EndpointCrl{"active", kToday + std::chrono::days(13), 1};
         },
         {"revocation list ends on 2026-12-09", "memdbctl aws crl --cluster demo"}},
        {[](Inventory& a, LocalState&, Wish&) {
             a.endpoint = endpoint_of("cvpn-endpoint-1", true);
             a.endpoint->crl = EndpointCrl{"active", kToday, 1};
         },
         {"every new connection is refused"}},
        {[](Inventory& a, LocalState&, Wish& w) {
             a.route_tables.front().has_default = false;
             w.internet = true;
         },
         {"subnet-a has no way to the internet"}},
        {[](Inventory& a, LocalState&, Wish&) { a.others = std::vector<Endpoint>(5); }, {"which is the default quota"}},
        {[](Inventory& a, LocalState&, Wish&) { a.unknown = {"ec2:DescribeNetworkInterfaces is denied"}; },
         {"is denied"}},
    };
    for (const Row& row : table) {
        Inventory account = bare_account();
        LocalState local = fresh_laptop();
        Wish wish = plain_wish();
        row.change(account, local, wish);
        const std::string said = remarks(wish, account, local);
        for (const char* words : row.words) EXPECT_THAT(said, testing::HasSubstr(words));
    }
}

TEST(AwsRemarks, a_rule_within_the_vpc_is_no_rule_for_the_clients_range) {
    Inventory account = bare_account();
    account.rules = {open_rule("10.0.0.0/8")};  // holds the endpoint's own addresses, too
    account.endpoint = endpoint_of("cvpn-endpoint-1", true);
    EXPECT_THAT(remarks(plain_wish(), account, fresh_laptop()), testing::Not(testing::HasSubstr("no effect")));
}

}  // namespace
}  // namespace memdb::tests
