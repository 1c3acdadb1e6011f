#include "keys/revocation_list.hpp"

#include "tests/support/got.hpp"
#include "tests/support/test_crls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace memdb::keys {
namespace {

using std::chrono::days;
using testing::HasSubstr;
using tests::ca_pem;
using tests::certificate_pem;
using tests::crl_der;
using tests::crl_pem;
using tests::kNow;
using tests::TestCrl;
using tests::TestKey;

std::vector<Certificate> read(const std::string& pem) { return tests::got(read_certificates(pem, "it")); }

RevocationList list_of(const TestCrl& wanted) { return tests::got(read_revocation_list(crl_pem(wanted))); }

TEST(RevocationList, reads_issuer_dates_entries_and_reasons) {
    const TestCrl wanted{.entries = {{0x30, kNow - days{3}, 1}, {0x2A}, {0x7FFF, kNow - days{9}, 4}}, .number = 255};
    const auto list = read_revocation_list(crl_pem(wanted));
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(list->issuer, "CN=memdb test CA");
    EXPECT_EQ(list->last_update, kNow - days{1});
    EXPECT_EQ(list->next_update, kNow + days{179});
    EXPECT_EQ(list->number, "FF");
    ASSERT_EQ(list->entries.size(), 3u);
    const CertificateInfo own = read(certificate_pem()).front().info;
    EXPECT_EQ(find_revocation(*list, own), (Revocation{"2A", kNow - days{2}, "unspecified"}));
    const auto serial = [&](long number) {
        return find_revocation(*list, read(certificate_pem({.serial = number})).front().info);
    };
    EXPECT_EQ(serial(0x30)->reason, "keyCompromise");
    EXPECT_EQ(serial(0x7FFF)->reason, "superseded");
    EXPECT_FALSE(serial(0x31));
    CertificateInfo elsewhere = own;
    elsewhere.issuer = "CN=another CA";
    EXPECT_FALSE(find_revocation(*list, elsewhere)) << "the same serial of another CA is another certificate";
}

TEST(RevocationList, pem_der_and_text_around_are_the_same) {
    const TestCrl wanted{.entries = {{0x2A, kNow - days{3}, 1}}};
    const auto pem = read_revocation_list(crl_pem(wanted));
    ASSERT_TRUE(pem);
    const auto der = read_revocation_list(crl_der(wanted));
    ASSERT_TRUE(der) << der.error().message;
    EXPECT_EQ(pem->entries, der->entries);
    EXPECT_EQ(tests::got(read_revocation_list("a dump\n" + pem->pem + "\nmore")), *pem);
    EXPECT_EQ(tests::got(read_revocation_list(pem->pem)), *pem) << "what is written is read back the same";
    EXPECT_EQ(read_revocation_list(crl_pem({.next_update = {}}))->next_update, std::nullopt);
}

TEST(RevocationList, every_reason_has_its_word) {
    const std::string_view words[] = {"unspecified",   "keyCompromise",        "CACompromise",    "affiliationChanged",
                                      "superseded",    "cessationOfOperation", "certificateHold", "unspecified",
                                      "removeFromCRL", "privilegeWithdrawn",   "AACompromise",    "unspecified"};
    for (long reason = 0; reason < 12; ++reason)
        EXPECT_EQ(list_of({.entries = {{1, kNow, reason}}}).entries.front().reason, words[reason]) << reason;
}

TEST(RevocationList, each_fault_has_its_sentence) {
    const std::string good = crl_pem(), der = crl_der();
    std::string damaged = good;
    damaged.erase(damaged.find('\n') + 1, 65);  // a line
    struct Row {
        std::string bytes;
        Errc code;
        std::string_view message;
    };
    const Row rows[] = {
        {"", Errc::bad_input, "the revocation list is empty"},
        {" \n", Errc::bad_input, "the revocation list is empty"},
        {"hello", Errc::bad_input, "no -----BEGIN X509 CRL----- line"},
        {certificate_pem(), Errc::bad_input, "no -----BEGIN X509 CRL----- line"},
        {good + good, Errc::bad_input, "more than one revocation list"},
        {damaged, Errc::bad_input, "damaged"},
        {good.substr(0, good.size() / 2), Errc::bad_input, "no -----BEGIN X509 CRL----- line"},
        {der + "x", Errc::bad_input, "is no certificate revocation list"},
        {der.substr(0, der.size() - 1), Errc::bad_input, "is no certificate revocation list"},
        {"0\x82", Errc::bad_input, "is no certificate revocation list"},
        {crl_pem({.number = 2, .is_delta = true}), Errc::bad_input, "delta list"},
        {std::string(kCrlSizeLimit + 1, 'x'), Errc::too_large, "more than 1024 KiB"},
    };
    for (const Row& row : rows) {
        const auto list = read_revocation_list(row.bytes);
        ASSERT_FALSE(list) << row.message;
        EXPECT_EQ(list.error().code, row.code) << row.message;
        EXPECT_THAT(list.error().message, HasSubstr(std::string(row.message)));
    }
}

TEST(RevocationList, as_many_entries_as_aws_takes_and_not_one_more) {
    TestCrl wanted;
    for (std::size_t i = 1; i <= kCrlEntryLimit; ++i) wanted.entries.push_back({static_cast<long>(i)});
    const auto full = read_revocation_list(crl_pem(wanted));
    ASSERT_TRUE(full) << full.error().message;
    EXPECT_EQ(full->entries.size(), kCrlEntryLimit);
    EXPECT_TRUE(std::ranges::is_sorted(full->entries, {}, &Revocation::serial));
    wanted.entries.push_back({static_cast<long>(kCrlEntryLimit) + 1});
    const auto beyond = read_revocation_list(crl_der(wanted));
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code, Errc::too_large);
    EXPECT_THAT(beyond.error().message, HasSubstr("20001 entries, AWS Client VPN takes 20000"));
}

TEST(RevocationList, the_signature_is_of_the_ca_or_not) {
    const auto authorities = read(ca_pem());
    EXPECT_TRUE(is_signed_by(list_of({}), authorities));
    EXPECT_FALSE(is_signed_by(list_of({.signed_by = TestKey::client}), authorities));
    EXPECT_FALSE(is_signed_by(list_of({.issuer = "another CA"}), authorities));
    EXPECT_FALSE(is_signed_by(list_of({}), {}));
    EXPECT_FALSE(is_signed_by(list_of({.signed_by = TestKey::client}), read(certificate_pem()))) << "that is no CA";
}

TEST(RevocationList, is_judged_before_it_is_stored) {
    const auto authorities = read(ca_pem());
    const CertificateInfo own = read(certificate_pem()).front().info;
    const RevocationList newer = list_of({.last_update = kNow, .number = 16});
    struct Row {
        TestCrl list;
        bool ca_known;
        const RevocationList* stored;
        std::string_view message;  ///< empty: accepted
    };
    const Row rows[] = {
        {{}, true, nullptr, ""},
        {{}, false, nullptr, ""},  // the clients' CA may be another one than the configuration's
        {{.next_update = kNow - days{1}}, true, nullptr, ""},  // expired: that is a finding
        {{.issuer = "another CA"},
         true,
         nullptr,
         "the list is of CN=another CA, but this profile's certificate is of CN=memdb test CA: give the list of that "
         "CA"},
        {{.signed_by = TestKey::client},
         true,
         nullptr,
         "the list says it is of CN=memdb test CA, but that CA has not signed it: make it again with `gen-crl`"},
        {{.last_update = kNow, .number = 16}, true, &newer, ""},  // the same again
        {{.last_update = kNow + 1s, .number = 3}, true, &newer, ""},
        {{.last_update = kNow, .number = 17}, true, &newer, ""},
        {{.last_update = kNow, .number = 15},
         true,
         &newer,
         "a newer list is here already: of 2026-06-01, this one is of 2026-06-01"},
        {{.last_update = kNow - days{1}},
         true,
         &newer,
         "a newer list is here already: of 2026-06-01, this one is of 2026-05-31"},
    };
    for (const Row& row : rows) {
        const std::vector<Certificate> none;
        const auto judged =
            judge_revocation_list(crl_pem(row.list), {row.ca_known ? authorities : none, &own, row.stored});
        EXPECT_EQ(judged ? "" : judged.error().message, row.message);
        if (row.stored != nullptr && !judged) {
            EXPECT_EQ(judged.error().code, Errc::already_exists);
        }
    }
    EXPECT_FALSE(judge_revocation_list(crl_pem({}), {{}, nullptr, nullptr})) << "nothing says whose it should be";
}

TEST(RevocationList, every_cut_gives_an_answer) {
    const std::string pem = crl_pem({.entries = {{0x2A}}}), der = crl_der({.entries = {{0x2A}}});
    for (std::size_t length = 0; length + 2 < pem.size(); ++length)
        EXPECT_FALSE(read_revocation_list(pem.substr(0, length))) << length;
    for (std::size_t length = 0; length < der.size(); ++length)
        EXPECT_FALSE(read_revocation_list(der.substr(0, length))) << length;
}

}  // namespace
}  // namespace memdb::keys
