#include "config/iam_policy.hpp"

#include <gtest/gtest.h>

namespace memdb::config {
namespace {

TEST(IamPolicy, a_cluster_endpoint_tells_name_and_region) {
    const IamName demo{"demo", "eu-central-1"};
    EXPECT_EQ(iam_name_of("clustercfg.demo.abc123.memorydb.eu-central-1.amazonaws.com"), demo);
    EXPECT_EQ(iam_name_of("clustercfg.my-c.x.memorydb.cn-north-1.amazonaws.com.cn"), (IamName{"my-c", "cn-north-1"}));
    for (const char* other : {"", "demo", "10.0.0.1", "clustercfg.demo.lab.memorydb.test",
                              "demo-0001-001.demo.abc123.memorydb.eu-central-1.amazonaws.com",
                              "clustercfg.demo.abc123.memorydb.eu-central-1.amazonaws.com.evil",
                              "clustercfg.demo.abc123.elasticache.eu-central-1.amazonaws.com",
                              "clustercfg.1demo.abc123.memorydb.eu-central-1.amazonaws.com",
                              "clustercfg.demo.abc123.memorydb..amazonaws.com",
                              "x.clustercfg.demo.abc.memorydb.eu-central-1.amazonaws.com"})
        EXPECT_EQ(iam_name_of(other), std::nullopt) << other;
}

TEST(IamPolicy, what_is_given_counts_and_what_is_missing_is_asked_for) {
    const std::string_view aws = "clustercfg.demo.abc123.memorydb.eu-central-1.amazonaws.com", lab = "c.lab.test";
    EXPECT_EQ(*judge_iam_name(aws, "", ""), (IamName{"demo", "eu-central-1"}));
    EXPECT_EQ(*judge_iam_name(aws, "other", ""), (IamName{"other", "eu-central-1"}));
    EXPECT_EQ(*judge_iam_name(lab, "demo", "us-east-1"), (IamName{"demo", "us-east-1"}));
    EXPECT_EQ(judge_iam_name(lab, "demo", "").error().message,
              "c.lab.test does not tell the cluster's name and region, which an IAM token needs: give them with "
              "--iam-cluster and --iam-region");
    EXPECT_EQ(judge_iam_name(lab, "De\nmo", "us-east-1").error().message.find('\n'), std::string::npos);
    EXPECT_NE(judge_iam_name(lab, "demo", "US").error().message.find("\"US\" is no region"), std::string::npos);
}

}  // namespace
}  // namespace memdb::config
