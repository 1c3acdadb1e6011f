#include "keys/credential_store.hpp"

#include "tests/support/full_disk.hpp"
#include "tests/support/got.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/test_certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace memdb::keys {
namespace {

namespace fs = std::filesystem;
using tests::certificate_pem;
using tests::content;
using tests::got;
using tests::key_pem;
using tests::kNow;
using tests::mode_of;
using tests::put;
using tests::ScratchFolder;
using tests::TestKey;
using tests::tree;

Credential credential(const std::string& name, TestKey key = TestKey::client) {
    return got(
        check_client_credential(certificate_pem({.common_name = name, .key = key}), Secret<>(key_pem(key)), kNow));
}

TEST(CredentialStore, before_the_first_generation_there_is_none) {
    const ScratchFolder folder;
    const CredentialStore store(folder.path());
    EXPECT_EQ(store.load_current().error().code, Errc::not_found);
    EXPECT_TRUE(got(store.list()).empty());
}

TEST(CredentialStore, a_new_generation_is_complete_but_not_in_force) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    ASSERT_EQ(got(store.add(credential("first"), kNow)), 1u);
    EXPECT_EQ(store.load_current().error().code, Errc::not_found);
    EXPECT_EQ(got(store.load(1)).info.common_name, "first");

    ASSERT_TRUE(store.use(1));
    ASSERT_EQ(got(store.add(credential("second", TestKey::other), kNow)), 2u);
    EXPECT_EQ(got(store.load_current()).number, 1u);
    ASSERT_TRUE(store.use(2));
    const auto current = store.load_current();
    ASSERT_TRUE(current) << current.error().message;
    EXPECT_EQ(current->number, 2u);
    EXPECT_EQ(current->info.common_name, "second");
    EXPECT_EQ(current->cert_path, folder.path() / "credentials/2/cert.pem");
    EXPECT_EQ(current->key_path, folder.path() / "credentials/2/key.pem");
    EXPECT_THAT(got(store.list()), testing::ElementsAre(1u, 2u));

    ASSERT_TRUE(store.use(1)) << "and back";
    EXPECT_EQ(got(store.load_current()).number, 1u);
}

TEST(CredentialStore, files_and_folders_are_for_their_owner_only) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    ASSERT_TRUE(store.add(credential("first"), kNow));
    const auto root = folder.path() / "credentials";
    EXPECT_EQ(mode_of(root), 0700u);
    EXPECT_EQ(mode_of(root / "1"), 0700u);
    for (const char* name : {"key.pem", "cert.pem", "meta.json"}) EXPECT_EQ(mode_of(root / "1" / name), 0600u) << name;
    EXPECT_EQ(content(root / "1" / "meta.json").find("PRIVATE"), std::string::npos);
}

TEST(CredentialStore, absent_corrupt_and_unreadable_are_told_apart) {
    struct Row {
        std::string_view what;
        std::function<void(const fs::path&)> spoil;  ///< gets credentials/
        Errc code;
    };
    const auto replace_by_folder = [](const fs::path& path) {
        fs::remove(path);
        fs::create_directory(path);
    };
    const Row rows[] = {
        {"no current", [](const fs::path& c) { fs::remove(c / "current"); }, Errc::not_found},
        {"current is a file",
         [](const fs::path& c) {
             fs::remove(c / "current");
             put(c / "current", "1");
         },
         Errc::malformed},
        {"current leads out",
         [](const fs::path& c) {
             fs::remove(c / "current");
             fs::create_symlink("../../x", c / "current");
         },
         Errc::malformed},
        {"current is 01",
         [](const fs::path& c) {
             fs::remove(c / "current");
             fs::create_symlink("01", c / "current");
         },
         Errc::malformed},
        {"current dangles", [](const fs::path& c) { fs::remove_all(c / "1"); }, Errc::malformed},
        {"no key", [](const fs::path& c) { fs::remove(c / "1/key.pem"); }, Errc::malformed},
        {"no certificate", [](const fs::path& c) { fs::remove(c / "1/cert.pem"); }, Errc::malformed},
        {"no meta", [](const fs::path& c) { fs::remove(c / "1/meta.json"); }, Errc::malformed},
        {"empty key", [](const fs::path& c) { put(c / "1/key.pem", ""); }, Errc::malformed},
        {"empty certificate", [](const fs::path& c) { put(c / "1/cert.pem", ""); }, Errc::malformed},
        {"half a certificate",
         [](const fs::path& c) { put(c / "1/cert.pem", content(c / "1/cert.pem").substr(0, 300)); }, Errc::malformed},
        {"another key", [](const fs::path& c) { put(c / "1/key.pem", key_pem(TestKey::other)); }, Errc::malformed},
        {"another pair",
         [](const fs::path& c) {
             put(c / "1/key.pem", key_pem(TestKey::other));
             put(c / "1/cert.pem", certificate_pem({.key = TestKey::other}));
         },
         Errc::malformed},
        {"meta is no JSON", [](const fs::path& c) { put(c / "1/meta.json", "{"); }, Errc::malformed},
        {"meta is an array", [](const fs::path& c) { put(c / "1/meta.json", "[]"); }, Errc::malformed},
        {"meta is huge", [](const fs::path& c) { put(c / "1/meta.json", std::string(5000, ' ')); }, Errc::malformed},
        {"key is a folder", [&](const fs::path& c) { replace_by_folder(c / "1/key.pem"); }, Errc::io},
        {"key is a link",
         [](const fs::path& c) {
             fs::rename(c / "1/key.pem", c / "k");
             fs::create_symlink("../k", c / "1/key.pem");
         },
         Errc::io},
        {"certificate is a folder", [&](const fs::path& c) { replace_by_folder(c / "1/cert.pem"); }, Errc::io},
    };
    for (const Row& row : rows) {
        const ScratchFolder folder;
        CredentialStore store(folder.path());
        ASSERT_TRUE(store.add(credential("first"), kNow));
        ASSERT_TRUE(store.use(1));
        row.spoil(folder.path() / "credentials");
        const auto current = store.load_current();
        ASSERT_FALSE(current) << row.what;
        EXPECT_EQ(current.error().code, row.code) << row.what << ": " << current.error().message;
        EXPECT_EQ(current.error().message.find('\n'), std::string::npos) << row.what;
    }
}

TEST(CredentialStore, only_a_whole_generation_is_put_in_force) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    ASSERT_TRUE(store.add(credential("first"), kNow));
    ASSERT_TRUE(store.use(1));
    EXPECT_EQ(store.use(7).error().code, Errc::not_found);
    ASSERT_TRUE(store.add(credential("second"), kNow));
    put(folder.path() / "credentials/2/key.pem", "damage");
    EXPECT_EQ(store.use(2).error().code, Errc::malformed);
    EXPECT_EQ(got(store.load_current()).number, 1u);
}

TEST(CredentialStore, a_generation_that_cannot_be_written_leaves_nothing) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    ASSERT_TRUE(store.add(credential("first"), kNow));
    ASSERT_TRUE(store.use(1));
    const auto before = tree(folder.path());
    for (const rlim_t bytes : {rlim_t{0}, rlim_t{100}, rlim_t{1000}}) {
        const tests::FullDisk full(bytes);
        EXPECT_EQ(store.add(credential("second"), kNow).error().code, Errc::io);
    }
    EXPECT_EQ(tree(folder.path()), before);
}

TEST(CredentialStore, whatever_lies_in_the_way_of_a_number_is_stepped_over) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    ASSERT_TRUE(store.add(credential("first"), kNow));
    put(folder.path() / "credentials/2", "in the way");
    EXPECT_EQ(got(store.add(credential("third"), kNow)), 3u);
    EXPECT_EQ(content(folder.path() / "credentials/2"), "in the way");
}

}  // namespace
}  // namespace memdb::keys
