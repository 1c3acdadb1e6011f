// Asks a program called aws that answers from files, one for each operation.
#include "client/doctor/aws_facts.hpp"

#include "tests/support/scratch_folder.hpp"
#include "tests/support/test_crls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <cstdlib>

namespace memdb::client {
namespace {

using tests::content;
using tests::put;

class AwsFactsTest : public testing::Test {
  protected:
    AwsFactsTest() : path_(std::getenv("PATH")) {
        put(folder_.path() / "aws",
            "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$2\" >>asked\n"
            "if [ -e \"$2.error\" ]; then cat \"$2.error\" >&2; exit 254; fi\ncat \"$2\"\n");
        std::filesystem::permissions(folder_.path() / "aws", std::filesystem::perms::owner_all);
        ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
        answers();
    }
    ~AwsFactsTest() override { ::setenv("PATH", path_.c_str(), 1); }

    void answer(const std::string& operation, const std::string& json) { put(folder_.path() / operation, json); }
    void fails(const std::string& operation, const std::string& words) {
        put(folder_.path() / (operation + ".error"), words + "\n");
    }

    Outcome<AwsFacts> facts() {
        aws::Session session({"us-east-1", ""});
        return ask_aws_facts(session, {"cvpn-endpoint-1", "demo", "us-east-1"}, [](const std::string&) {});
    }

    std::vector<std::string> names(Suspicion state, std::string_view serial) {
        std::vector<std::string> found;
        const auto known = facts();
        if (known.has_error()) return {known.error().message};
        for (const auto& suspect : aws_suspects(*known, serial, tests::kNow))
            if (suspect.state == state) found.emplace_back(suspect.name);
        return found;
    }

    std::string asked() { return content(folder_.path() / "asked"); }

  private:
    void answers();

    tests::ScratchFolder folder_;
    std::string path_;
};

void AwsFactsTest::answers() {
    answer("describe-client-vpn-endpoints", R"({"ClientVpnEndpoints":[{"ClientVpnEndpointId":"cvpn-endpoint-1",
        "Status":{"Code":"available"},"ClientCidrBlock":"10.200.0.0/22","SecurityGroupIds":["sg-vpn"]}]})");
    answer("describe-client-vpn-target-networks", R"({"ClientVpnTargetNetworks":[
        {"AssociationId":"a-1","TargetNetworkId":"subnet-2","Status":{"Code":"associated"}}]})");
    answer("describe-client-vpn-authorization-rules", R"({"AuthorizationRules":[
        {"DestinationCidr":"10.20.0.0/16","AccessAll":true,"Status":{"Code":"active"}}]})");
    answer("describe-client-vpn-routes", R"({"Routes":[{"DestinationCidr":"10.20.0.0/16","TargetSubnet":"subnet-2",
        "Origin":"associate","Status":{"Code":"active"}}]})");
    tests::TestCrl list;
    list.entries = {{0x0a1b}};
    answer("export-client-vpn-client-certificate-revocation-list",
           boost::json::serialize(boost::json::object{{"CertificateRevocationList", tests::crl_pem(list)},
                                                      {"Status", boost::json::object{{"Code", "active"}}}}));
    answer("describe-clusters", R"({"Clusters":[{"Name":"demo","Status":"available","TLSEnabled":true,
        "ClusterEndpoint":{"Address":"clustercfg.demo.test","Port":6379},"SubnetGroupName":"sn",
        "SecurityGroups":[{"SecurityGroupId":"sg-1","Status":"active"}],
        "ARN":"arn:aws:memorydb:us-east-1:123456789012:cluster/demo"}]})");
    answer("describe-subnet-groups", R"({"SubnetGroups":[{"Subnets":[{"Identifier":"subnet-1"}]}]})");
    answer("describe-subnets", R"({"Subnets":[
        {"SubnetId":"subnet-1","VpcId":"vpc-1","AvailabilityZone":"a","CidrBlock":"10.20.1.0/24","AvailableIpAddressCount":9},
        {"SubnetId":"subnet-2","VpcId":"vpc-1","AvailabilityZone":"b","CidrBlock":"10.20.2.0/24","AvailableIpAddressCount":9}]})");
    answer("describe-security-group-rules", R"({"SecurityGroupRules":[
        {"SecurityGroupRuleId":"sgr-1","GroupId":"sg-1","IsEgress":false,"IpProtocol":"tcp","FromPort":6379,"ToPort":6379,
         "CidrIpv4":"10.20.2.0/24"}]})");
}

TEST_F(AwsFactsTest, a_healthy_account_has_no_suspect) {
    EXPECT_THAT(names(Suspicion::yes, "0B"), testing::IsEmpty());
    EXPECT_THAT(names(Suspicion::unknown, "0B"), testing::ElementsAre("server-cert-expired"))
        << "this endpoint names no certificate";
}

TEST_F(AwsFactsTest, a_revoked_serial_is_found_on_the_endpoints_list) {
    EXPECT_THAT(names(Suspicion::yes, "0A1B"), testing::ElementsAre("client-revoked"));
}

TEST_F(AwsFactsTest, an_endpoint_that_aws_does_not_know_is_gone) {
    fails("describe-client-vpn-endpoints",
          "An error occurred (InvalidClientVpnEndpointId.NotFound) when calling the DescribeClientVpnEndpoints "
          "operation: Endpoint cvpn-endpoint-1 does not exist");
    EXPECT_THAT(names(Suspicion::yes, ""), testing::ElementsAre("endpoint-not-available"));
    EXPECT_THAT(asked(), testing::Not(testing::HasSubstr("target-networks")));
}

TEST_F(AwsFactsTest, what_is_denied_is_unknown_and_the_rest_is_asked) {
    fails(
        "export-client-vpn-client-certificate-revocation-list",
        "An error occurred (UnauthorizedOperation) when calling the "
        "ExportClientVpnClientCertificateRevocationList operation: You are not authorized to perform this operation.");
    const auto known = facts();
    ASSERT_FALSE(known.has_error());
    EXPECT_EQ(known->trouble.size(), 1u);
    EXPECT_THAT(names(Suspicion::unknown, "0B"),
                testing::ElementsAre("crl-expired", "client-revoked", "server-cert-expired"));
}

TEST_F(AwsFactsTest, without_credentials_it_asks_once_and_says_why) {
    fails("describe-client-vpn-endpoints",
          "Unable to locate credentials. You can configure credentials by running \"aws configure\".");
    const auto known = facts();
    ASSERT_TRUE(known.has_error());
    EXPECT_THAT(known.error().message, testing::HasSubstr("credentials"));
    EXPECT_EQ(asked(), "describe-client-vpn-endpoints\n");
}

}  // namespace
}  // namespace memdb::client
