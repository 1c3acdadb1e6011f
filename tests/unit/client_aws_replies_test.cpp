// Answers of the aws program, as it prints them, and everything that is not one.
#include "client/aws/replies.hpp"
#include "tests/support/got.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <functional>

namespace memdb::client::aws {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::got;

constexpr std::string_view kCluster = R"({"Clusters":[{"Name":"demo","Status":"available","NumberOfShards":1,"Shards":[
 {"Name":"0001","Nodes":[{"Name":"demo-0001-001","Status":"available","Endpoint":{"Address":"n1.demo.test","Port":6379}},
                         {"Name":"demo-0001-002","Status":"creating"}]}],
 "ClusterEndpoint":{"Address":"clustercfg.demo.test","Port":6380},"TLSEnabled":true,"ACLName":"acl","SubnetGroupName":"sn",
 "SecurityGroups":[{"SecurityGroupId":"sg-1","Status":"active"}],"ARN":"arn:aws:memorydb:us-east-1:123456789012:cluster/demo"}]})";
constexpr std::string_view kEndpoint = R"({"ClientVpnEndpoints":[
 {"ClientVpnEndpointId":"cvpn-endpoint-1","Status":{"Code":"available"},"DnsName":"*.cvpn-endpoint-1.prod.clientvpn.x",
  "ClientCidrBlock":"10.200.0.0/22","SplitTunnel":true,"VpnProtocol":"openvpn","TransportProtocol":"udp","VpnPort":443,
  "ServerCertificateArn":"arn:aws:acm:us-east-1:123456789012:certificate/1","AuthenticationOptions":[
   {"Type":"certificate-authentication","MutualAuthentication":{"ClientRootCertificateChain":"arn:aws:acm:x"}}],
  "ConnectionLogOptions":{"Enabled":true,"CloudwatchLogGroup":"/vpn/demo"},"SessionTimeoutHours":8,
  "Tags":[{"Key":"Name","Value":"x"},{"Key":"memdbd:cluster","Value":"demo"}],"SecurityGroupIds":["sg-9"],"VpcId":"vpc-1"},
 {"ClientVpnEndpointId":"cvpn-endpoint-2","Status":{"Code":"deleted","Message":"gone"}},
 {"ClientVpnEndpointId":"cvpn-endpoint-3","Status":{"Code":"deleting"},"Tags":[{"Key":"memdbd:cluster","Value":"other"}]}]})";
constexpr std::string_view kRules = R"({"SecurityGroupRules":[
 {"SecurityGroupRuleId":"sgr-1","GroupId":"sg-1","IsEgress":false,"IpProtocol":"tcp","FromPort":6379,"ToPort":6379,
  "ReferencedGroupInfo":{"GroupId":"sg-9","UserId":"123456789012"},"Tags":[{"Key":"memdbd:cluster","Value":"demo"}]},
 {"SecurityGroupRuleId":"sgr-2","GroupId":"sg-1","IsEgress":true,"IpProtocol":"-1","FromPort":-1,"ToPort":-1,"CidrIpv4":"0.0.0.0/0"},
 {"SecurityGroupRuleId":"sgr-3","GroupId":"sg-1","IsEgress":false,"IpProtocol":"-1","CidrIpv6":"::/0"},
 {"SecurityGroupRuleId":"sgr-4","GroupId":"sg-1","IsEgress":false,"IpProtocol":"tcp","PrefixListId":"pl-1"}]})";

TEST(AwsReplies, a_cluster_with_its_nodes) {
    const Cluster cluster = got(parse_cluster(kCluster));
    EXPECT_EQ(cluster.host, "clustercfg.demo.test");
    EXPECT_EQ(cluster.port, 6380);
    EXPECT_THAT(cluster.groups, ElementsAre("sg-1"));
    EXPECT_THAT(cluster.nodes, ElementsAre(Node{"demo-0001-001", "n1.demo.test"}, Node{"demo-0001-002", ""}));
    EXPECT_TRUE(parse_cluster(R"({"Clusters":[]})").has_error());
}

TEST(AwsReplies, endpoints_and_whose_they_are) {
    const auto all = got(parse_endpoints(kEndpoint, "demo"));
    ASSERT_EQ(all.size(), 2u) << "a deleted one is none";
    const Endpoint& own = all.front();
    EXPECT_TRUE(own.ours && own.split_tunnel);
    EXPECT_EQ(own.client_root, "arn:aws:acm:x");
    EXPECT_EQ(own.log_group, "/vpn/demo");
    EXPECT_EQ(own.session_hours, 8u);
    EXPECT_EQ(to_string(*own.client_network), "10.200.0.0/22");
    EXPECT_FALSE(all.back().ours) << "another cluster's";
}

TEST(AwsReplies, inbound_rules_only) {
    const auto rules = got(parse_group_rules(kRules, "demo"));
    ASSERT_EQ(rules.size(), 2u);
    EXPECT_EQ(rules[0].source_group, "sg-9");
    EXPECT_TRUE(rules[0].ours);
    EXPECT_EQ(rules[1].network->prefix, 0u);
    EXPECT_EQ(rules[1].from, -1) << "all ports";
}

TEST(AwsReplies, networks) {
    const Vpc vpc = got(parse_vpc(
        R"({"Vpcs":[{"VpcId":"vpc-1","CidrBlock":"10.20.0.0/16","InstanceTenancy":"dedicated","CidrBlockAssociationSet":[
        {"CidrBlock":"100.64.0.0/16","CidrBlockState":{"State":"associated"}},
        {"CidrBlock":"10.20.0.0/16","CidrBlockState":{"State":"associated"}},
        {"CidrBlock":"10.99.0.0/16","CidrBlockState":{"State":"disassociated"}}]}]})"));
    EXPECT_TRUE(vpc.dedicated);
    ASSERT_EQ(vpc.networks.size(), 2u) << "one of them is gone";
    EXPECT_EQ(to_string(vpc.networks.front()), "10.20.0.0/16") << "the primary first: the resolver is in it";
    const auto tables = got(parse_route_tables(
        R"({"RouteTables":[{"Associations":[{"Main":false,"SubnetId":"subnet-1"},{"Main":true}],"Routes":[
        {"DestinationCidrBlock":"10.20.0.0/16","GatewayId":"local","State":"active"},{"DestinationIpv6CidrBlock":"::/0"},
        {"DestinationCidrBlock":"0.0.0.0/0","NatGatewayId":"nat-1","State":"blackhole"}]}]})"));
    EXPECT_TRUE(tables.front().main);
    EXPECT_FALSE(tables.front().has_default) << "a black hole is no way out";
    EXPECT_THAT(tables.front().subnets, ElementsAre("subnet-1"));
    EXPECT_EQ(tables.front().destinations.size(), 1u);
    EXPECT_THAT(got(parse_subnet_group(
                    R"({"SubnetGroups":[{"Subnets":[{"Identifier":"subnet-1"},{"Identifier":"subnet-2"}]}]})")),
                ElementsAre("subnet-1", "subnet-2"));
    const auto interfaces =
        got(parse_interfaces(R"({"NetworkInterfaces":[{"NetworkInterfaceId":"eni-1","Groups":[{"GroupId":"sg-1"}]},
        {"NetworkInterfaceId":"eni-2","Association":{"PublicIp":"198.51.100.1"},"Attachment":{"InstanceId":"i-1"},"Groups":[{"GroupId":"sg-1"}]}]})"));
    ASSERT_EQ(interfaces.size(), 1u) << "only those with a public address";
    EXPECT_EQ(interfaces.front().instance, "i-1");
}

TEST(AwsReplies, parts_of_an_endpoint) {
    const auto associations = got(parse_associations(R"({"ClientVpnTargetNetworks":[
        {"AssociationId":"a-1","TargetNetworkId":"subnet-1","Status":{"Code":"associated"}},
        {"AssociationId":"a-2","TargetNetworkId":"subnet-2","Status":{"Code":"disassociated"}}]})"));
    EXPECT_EQ(associations.size(), 1u);
    const auto rules =
        got(parse_authorization_rules(R"({"AuthorizationRules":[{"DestinationCidr":"10.20.0.0/16","AccessAll":true,
        "Description":"memdbd","GroupId":"","Status":{"Code":"failed","Message":"why"}}]})"));
    EXPECT_EQ(rules.front().message, "why");
    EXPECT_TRUE(got(parse_authorization_rules(
                        R"({"AuthorizationRules":[{"DestinationCidr":"::/0","Status":{"Code":"active"}}]})"))
                    .empty())
        << "not 0.0.0.0/0";
    const auto routes =
        got(parse_routes(R"({"Routes":[{"DestinationCidr":"10.20.0.0/16","TargetSubnet":"subnet-1","Type":"Nat",
        "Origin":"associate","Status":{"Code":"active"},"Description":"Default Route"}]})"));
    EXPECT_EQ(routes.front().origin, "associate");
    const auto connections =
        got(parse_connections(R"({"Connections":[{"ConnectionId":"c-1","Status":{"Code":"terminated"}},
        {"ConnectionId":"c-2","CommonName":"laptop","ClientIp":"10.200.0.2","IngressBytes":"17","EgressBytes":"-","Status":{"Code":"active"}}]})"));
    EXPECT_EQ(connections.front().id, "c-2") << "active ones first";
    EXPECT_EQ(connections.front().bytes_in, 17u);
    EXPECT_EQ(got(parse_client_configuration(R"({"ClientConfiguration":"client\n"})")), "client\n");
}

TEST(AwsReplies, an_endpoint_without_a_list_answers_nothing_at_all) {
    for (const std::string_view nothing : {"", "\n", "{}", R"({"Status":{"Code":"pending"}})"})
        EXPECT_FALSE(got(parse_endpoint_crl(nothing)).has_value());
    EXPECT_TRUE(parse_endpoint_crl(R"({"CertificateRevocationList":"no list"})").has_error());
}

TEST(AwsReplies, certificates_logs_and_what_was_made) {
    EXPECT_TRUE(got(is_tagged(R"({"Tags":[{"Key":"memdbd:cluster","Value":"demo"}]})", "demo")));
    EXPECT_FALSE(got(is_tagged(R"({"Tags":[{"Key":"memdbd:cluster","Value":"demo2"}]})", "demo")));
    EXPECT_FALSE(got(is_tagged("{}", "demo")));
    EXPECT_TRUE(got(
        has_log_group(R"({"logGroups":[{"logGroupName":"/vpn/demo2"},{"logGroupName":"/vpn/demo"}]})", "/vpn/demo")));
    EXPECT_FALSE(got(has_log_group(R"({"logGroups":[{"logGroupName":"/vpn/demo2"}]})", "/vpn/demo")))
        << "it asks by prefix";
    EXPECT_EQ(got(parse_made(R"({"GroupId":"sg-1"})", "GroupId")), "sg-1");
    EXPECT_EQ(log_line(R"({"connection-log-type":"connection-attempt","connection-attempt-status":"failed",
        "connection-attempt-failure-reason":"client-connect-failed","connection-start-time":"T","common-name":"laptop","device-ip":"192.0.2.2"})"),
              "T laptop from 192.0.2.2: connection-attempt failed (client-connect-failed)");
    EXPECT_EQ(log_line("no record"), "");
}

TEST(AwsReplies, an_id_cannot_become_an_option_or_a_second_word) {
    for (const char* id : {"-rf", "--endpoint-url", "sg 1", "sg;1", "", "sg\n1", "$(x)", "sg-1\x01"})
        EXPECT_TRUE(parse_made(boost::json::serialize(boost::json::object{{"GroupId", id}}), "GroupId").has_error())
            << id;
    EXPECT_TRUE(parse_subnet_group(R"({"SubnetGroups":[{"Subnets":[{"Identifier":"--profile"}]}]})").has_error());
}

TEST(AwsReplies, cut_at_every_byte_is_an_error_and_never_half_an_answer) {
    for (std::size_t size = 0; size < kCluster.size(); ++size)
        EXPECT_TRUE(parse_cluster(kCluster.substr(0, size)).has_error()) << size;
    for (std::size_t size = 0; size < kEndpoint.size(); ++size)
        EXPECT_TRUE(parse_endpoints(kEndpoint.substr(0, size), "demo").has_error()) << size;
    for (std::size_t size = 0; size < kRules.size(); ++size)
        EXPECT_TRUE(parse_group_rules(kRules.substr(0, size), "demo").has_error()) << size;
}

TEST(AwsReplies, wrong_types_name_their_place) {
    EXPECT_THAT(parse_cluster(R"({"Clusters":[{"Name":1}]})").error().message, HasSubstr("Clusters[0].Name"));
    EXPECT_THAT(parse_endpoints(R"({"ClientVpnEndpoints":[{"ClientVpnEndpointId":"c","VpnPort":"443"}]})", "demo")
                    .error()
                    .message,
                HasSubstr("VpnPort"));
    EXPECT_TRUE(parse_subnets(
                    R"({"Subnets":[{"SubnetId":"s","VpcId":"v","AvailabilityZone":"z","AvailableIpAddressCount":-1}]})")
                    .has_error());
    EXPECT_TRUE(parse_vpc("[]").has_error());
}

}  // namespace
}  // namespace memdb::client::aws
