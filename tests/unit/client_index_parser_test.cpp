#include "client/pki/index_parser.hpp"

#include <gtest/gtest.h>

namespace memdb::client::pki {
namespace {

const std::string kValid = "V\t290225123430Z\t\t2838AF\tunknown\t/CN=c1\n";
const std::string kRevoked = "R\t290225123430Z\t261123123430Z,superseded\t28ab\tunknown\t/CN=c1\n";

TEST(IndexParser, lines_of_easyrsa) {
    const auto entries = parse_index(kRevoked + kValid);
    ASSERT_TRUE(entries.has_value());
    ASSERT_EQ(entries->size(), 2u);
    const auto& [revoked, valid] = std::pair(entries->at(0), entries->at(1));
    EXPECT_EQ(revoked.status, CertificateStatus::revoked);
    EXPECT_EQ(revoked.reason, "superseded");
    EXPECT_EQ(revoked.revoked_at, parse_asn1_time("20261123123430Z"));
    EXPECT_EQ(revoked.serial, "28AB");
    EXPECT_EQ(valid.status, CertificateStatus::valid);
    EXPECT_EQ(valid.common_name, "c1");
    EXPECT_EQ(valid.expires, parse_asn1_time("20290225123430Z"));
    EXPECT_EQ(find_in_force(*entries, "c1"), &entries->at(1));
    EXPECT_EQ(find_in_force(*entries, "c2"), nullptr);
    EXPECT_EQ(find_serial(*entries, "28AB"), &entries->at(0));
}

TEST(IndexParser, nothing_and_a_missing_last_newline) {
    EXPECT_TRUE(parse_index("")->empty());
    EXPECT_EQ(parse_index(kValid.substr(0, kValid.size() - 1))->size(), 1u);
}

TEST(IndexParser, what_is_no_index_is_refused_with_its_line) {
    const std::string bad[] = {"\n",
                               "V\n",
                               "X\t290225123430Z\t\t28\tunknown\t/CN=c1\n",
                               "V\t290631123430Z\t\t28\tunknown\t/CN=c1\n",
                               "V\t290225123430Z\t261123123430Z\t28\tunknown\t/CN=c1\n",
                               "R\t290225123430Z\t\t28\tunknown\t/CN=c1\n",
                               "V\t290225123430Z\t\t28zz\tunknown\t/CN=c1\n",
                               "V\t290225123430Z\t\t\tunknown\t/CN=c1\n",
                               "V\t290225123430Z\t\t28\tunknown\t/CN=\x1b[31m\n",
                               "V\t290225123430Z\t\t28\tunknown\t/CN=c1\tmore\n",
                               "V\t290225123430Z\t\t28\tunknown\t/CN=" + std::string(kIndexLineLimit, 'a') + "\n"};
    for (const auto& line : bad) {
        const auto entries = parse_index(kValid + line);
        ASSERT_TRUE(entries.has_error()) << line;
        EXPECT_EQ(entries.error().code, Errc::malformed);
        EXPECT_EQ(entries.error().message.rfind("line 2: ", 0), 0u) << entries.error().message;
    }
    EXPECT_EQ(parse_index(std::string(kIndexLimit + 1, 'V')).error().code, Errc::too_large);
}

TEST(IndexParser, times) {
    EXPECT_EQ(parse_asn1_time("700101000000Z"), WallTime{});
    EXPECT_EQ(parse_asn1_time("19700101000001Z"), WallTime{} + 1s);
    EXPECT_GT(parse_asn1_time("490101000000Z"), parse_asn1_time("991231235959Z"));
    for (const char* bad :
         {"", "Z", "290225123430", "290229000000Z", "290225240000Z", "290225126000Z", "2902251234a0Z"})
        EXPECT_FALSE(parse_asn1_time(bad)) << bad;
}

TEST(IndexParser, expired_by_the_date_though_the_file_says_valid) {
    const auto entries = parse_index(kValid);
    const WallTime expires = entries->front().expires;
    EXPECT_EQ(status_at(entries->front(), expires), CertificateStatus::valid);
    EXPECT_EQ(status_at(entries->front(), expires + 1s), CertificateStatus::expired);
    EXPECT_EQ(status_at(parse_index(kRevoked)->front(), expires + 1s), CertificateStatus::revoked);
}

}  // namespace
}  // namespace memdb::client::pki
