// ProfileStore::change: all of it or nothing, at every write. (The file lies beside profile_store_test.cpp, which is
// full.)
#include "keys/profile_store.hpp"

#include "tests/support/full_disk.hpp"
#include "tests/support/got.hpp"
#include "tests/support/import_requests.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::keys {
namespace {

namespace fs = std::filesystem;
using config::ProfileChange;
using tests::content;
using tests::got;
using tests::kNow;
using tests::put;
using tests::ScratchFolder;
using tests::tree;
using tests::tunnel_request;

class ProfileStoreChangeTest : public testing::Test {
  protected:
    ProfileStoreChangeTest() { got(store_.import(tunnel_request(), kNow)); }

    static ProfileChange everything() {
        ProfileChange change;
        change.clusters = {{{"other.lab.memorydb.test", {}}}};
        change.user = "app";
        change.password = Secret<>(std::string("battery staple"));
        change.signer = "pki:/home/me/pki";
        change.revoke_old = true;
        return change;
    }

    ScratchFolder folder_;
    fs::path demo_ = folder_.path() / "profiles/demo";
    ProfileStore store_ = got(ProfileStore::open(folder_.path()));
};

TEST_F(ProfileStoreChangeTest, what_is_changed_is_loaded_and_the_old_password_is_gone) {
    const auto changed = store_.change("demo", everything(), 1000);
    ASSERT_TRUE(changed) << changed.error().message;
    const config::Profile profile = got(store_.load("demo")).profile;
    EXPECT_EQ(profile, changed->profile);
    ASSERT_EQ(profile.clusters.size(), 1u);
    EXPECT_EQ(profile.clusters[0].host, "other.lab.memorydb.test");
    EXPECT_EQ(profile.clusters[0].user, "app");
    EXPECT_EQ(profile.signer, "pki:/home/me/pki");
    EXPECT_EQ(profile.signer_uid, 1000u);
    EXPECT_TRUE(profile.revoke_old);
    EXPECT_EQ(profile.revoke_old_uid, 1000u);
    EXPECT_EQ(got(store_.cluster_password(profile)).reveal(), "battery staple");
    EXPECT_FALSE(fs::exists(demo_ / "cluster-password"));
    EXPECT_FALSE(fs::exists(demo_ / "cluster-ca.pem"));
    EXPECT_TRUE(fs::exists(demo_ / "cluster-ca.pem.1")) << "the CA was not asked to change";
    EXPECT_EQ(content(demo_ / "cluster-password.1"), "battery staple");
}

TEST_F(ProfileStoreChangeTest, what_is_not_named_stays) {
    const config::Profile before = got(store_.load("demo")).profile;
    ProfileChange change;
    change.signer = "manual";
    config::Profile expected = got(store_.change("demo", change, 7)).profile;
    EXPECT_EQ(expected.clusters, before.clusters);
    EXPECT_EQ(expected.remotes, before.remotes);
    EXPECT_EQ(got(store_.cluster_password(expected)).reveal(), "correct horse");
}

TEST_F(ProfileStoreChangeTest, a_wish_to_revoke_has_its_own_owner_and_goes_with_the_pki) {
    got(store_.change("demo", everything(), 1000));
    ProfileChange change;
    change.revoke_old = true;
    const config::Profile theirs = got(store_.change("demo", change, 7)).profile;
    EXPECT_EQ(theirs.signer_uid, 1000u) << "the signer is still who named it";
    EXPECT_EQ(theirs.revoke_old_uid, 7u);
    EXPECT_EQ(got(store_.load("demo")).profile, theirs);
    change.revoke_old = false;
    EXPECT_FALSE(got(store_.change("demo", change, 7)).profile.revoke_old);
    change.revoke_old = true;
    got(store_.change("demo", change, 7));
    ProfileChange other;
    other.signer = "command:/usr/local/bin/sign";
    const config::Profile after = got(store_.change("demo", other, 7)).profile;
    EXPECT_FALSE(after.revoke_old) << "another signer revokes by its own means";
    EXPECT_EQ(after.revoke_old_uid, 0u);
    EXPECT_EQ(got(store_.load("demo")).profile, after);
    const auto refused = store_.change("demo", change, 7);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("pki:/DIR"), std::string::npos) << refused.error().message;
}

TEST_F(ProfileStoreChangeTest, a_bad_change_changes_nothing) {
    const auto before = tree(folder_.path());
    ProfileChange bad = everything();
    bad.signer = "pki:relative";
    EXPECT_EQ(store_.change("demo", bad, 0).error().code, Errc::bad_input);
    EXPECT_EQ(store_.change("demo", {}, 0).error().code, Errc::bad_input);
    EXPECT_EQ(store_.change("none", everything(), 0).error().code, Errc::not_found);
    EXPECT_EQ(tree(folder_.path()), before);
}

TEST_F(ProfileStoreChangeTest, a_full_disk_leaves_the_old_profile_whole) {
    const auto before = tree(folder_.path());
    int failures = 0;
    // 4 bytes stop the password, 20 the CA. profile.toml is smaller than the CA, its failure is not met here.
    for (const rlim_t bytes : {rlim_t{4}, rlim_t{20}}) {
        const auto changed = [&] {
            const tests::FullDisk full(bytes);
            return store_.change("demo", everything(), 0);
        }();
        ASSERT_FALSE(changed) << bytes;
        EXPECT_EQ(changed.error().code, Errc::io);
        EXPECT_EQ(tree(folder_.path()), before) << bytes;
        ++failures;
    }
    EXPECT_EQ(failures, 2);
    EXPECT_TRUE(store_.change("demo", everything(), 0));
}

TEST_F(ProfileStoreChangeTest, a_blocked_name_fails_each_write_in_turn) {
    for (const char* const file : {"cluster-password.1", "cluster-ca.pem.1"}) {
        fs::create_directory(demo_ / file);
        EXPECT_FALSE(store_.change("demo", everything(), 0)) << file;
        const config::Profile profile = got(store_.load("demo")).profile;
        EXPECT_EQ(profile.revision, 0u);
        EXPECT_EQ(got(store_.cluster_password(profile)).reveal(), "correct horse");
        fs::remove(demo_ / file);
    }
}

TEST_F(ProfileStoreChangeTest, what_a_crash_before_the_rename_left_is_removed) {
    put(demo_ / "cluster-password.1", "half");
    const auto names = got(store_.list());
    { [[maybe_unused]] const ProfileStore gone = std::move(store_); }
    const ProfileStore again = got(ProfileStore::open(folder_.path()));
    EXPECT_FALSE(fs::exists(demo_ / "cluster-password.1"));
    EXPECT_EQ(got(again.cluster_password(got(again.load("demo")).profile)).reveal(), "correct horse");
    EXPECT_EQ(content(demo_ / "cluster-password"), "correct horse");
}

}  // namespace
}  // namespace memdb::keys
