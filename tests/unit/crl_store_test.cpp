// profiles/P/crl.pem: what ProfileStore keeps of the revocation lists that it is handed.
#include "keys/profile_store.hpp"
#include "tests/support/full_disk.hpp"
#include "tests/support/got.hpp"
#include "tests/support/import_requests.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/test_crls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::keys {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using testing::HasSubstr;
using tests::content;
using tests::crl_der;
using tests::crl_pem;
using tests::got;
using tests::kNow;
using tests::mode_of;
using tests::put;
using tests::ScratchFolder;
using tests::TestKey;
using tests::tree;

/// The profile "demo", whose configuration holds the CA that signed the client's certificate.
class CrlStoreTest : public testing::Test {
  protected:
    CrlStoreTest() {
        auto request = tests::tunnel_request();
        const auto begin = request.ovpn_text.find("<ca>\n") + 5, end = request.ovpn_text.find("</ca>");
        request.ovpn_text.replace(begin, end - begin, tests::ca_pem());
        (void)got(store_.import(request, kNow));
    }
    std::optional<Result<RevocationList>> loaded() { return got(store_.load("demo")).crl; }
    Failure refused(const std::string& bytes) { return store_.store_crl("demo", bytes).error(); }

    ScratchFolder folder_;
    fs::path file_ = folder_.path() / "profiles/demo/crl.pem";
    ProfileStore store_ = got(ProfileStore::open(folder_.path()));
};

TEST_F(CrlStoreTest, absent_is_no_trouble_and_what_is_stored_is_loaded) {
    EXPECT_FALSE(loaded());
    const auto stored = store_.store_crl("demo", crl_der({.entries = {{0x2A, kNow - days{2}, 1}}}));
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(mode_of(file_), 0600u);
    EXPECT_EQ(content(file_), stored->pem);
    ASSERT_TRUE(loaded());
    EXPECT_EQ(got(*loaded()), *stored);
    EXPECT_EQ(got(*got(store_.load("demo")).credential).certificates.size(), 1u);
}

TEST_F(CrlStoreTest, a_newer_list_replaces_an_older_one_and_not_the_other_way_round) {
    ASSERT_TRUE(store_.store_crl("demo", crl_pem({.last_update = kNow})));
    EXPECT_EQ(refused(crl_pem({})).code, Errc::already_exists);
    EXPECT_EQ(got(*loaded()).last_update, kNow);
    ASSERT_TRUE(store_.store_crl("demo", crl_pem({.last_update = kNow + 1s})));
    EXPECT_EQ(got(*loaded()).last_update, kNow + 1s);
}

TEST_F(CrlStoreTest, what_is_refused_leaves_everything_as_it_was) {
    ASSERT_TRUE(store_.store_crl("demo", crl_pem()));
    const auto before = tree(folder_.path());
    EXPECT_THAT(refused("garbage").message, HasSubstr("BEGIN X509 CRL"));
    EXPECT_THAT(refused(crl_pem({.issuer = "another CA"})).message, HasSubstr("give the list of that CA"));
    EXPECT_THAT(refused(crl_pem({.last_update = kNow, .signed_by = TestKey::client})).message,
                HasSubstr("has not signed it"));
    EXPECT_EQ(refused(std::string(kCrlSizeLimit + 1, 'x')).code, Errc::too_large);
    EXPECT_EQ(store_.store_crl("nobody", crl_pem()).error().code, Errc::not_found);
    EXPECT_EQ(store_.store_crl("../demo", crl_pem()).error().code, Errc::not_found);
    {
        const tests::FullDisk full(100);
        EXPECT_EQ(refused(crl_pem({.last_update = kNow})).code, Errc::io);
    }
    EXPECT_EQ(tree(folder_.path()), before);
    ASSERT_TRUE(store_.import(tests::direct_request(), kNow));
    EXPECT_THAT(store_.store_crl("inside", crl_pem()).error().message, HasSubstr("is direct"));
}

TEST_F(CrlStoreTest, damaged_and_unreadable_are_told_apart_and_do_not_take_the_profile_down) {
    put(file_, "half a li");
    EXPECT_EQ(loaded()->error().code, Errc::bad_input);
    fs::remove(file_);
    fs::create_directory(file_);
    EXPECT_EQ(loaded()->error().code, Errc::io);
    EXPECT_TRUE(got(store_.load("demo")).credential->has_value());
    fs::remove(file_);
    put(file_, "half a li");
    ASSERT_TRUE(store_.store_crl("demo", crl_pem())) << "a damaged one is replaced";
    EXPECT_TRUE(loaded()->has_value());
}

TEST_F(CrlStoreTest, the_day_of_storing_is_known) {
    EXPECT_EQ(got(*got(store_.load("demo")).credential).stored_on, kNow);
}

}  // namespace
}  // namespace memdb::keys
