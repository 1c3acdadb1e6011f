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
        {"another key", [](const fs::path& c) { put(c / "1/key.pem", key_pem(TestKey::other)); }, Errc::bad_input},
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

TEST(CredentialStore, a_promised_number_replaces_what_was_left_there_but_never_what_is_in_force) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    ASSERT_TRUE(store.add_as(1, credential("first"), kNow));
    ASSERT_TRUE(store.use(1));
    EXPECT_EQ(got(store.next_number()), 2u);
    fs::create_directory(folder.path() / "credentials/2");
    put(folder.path() / "credentials/2/key.pem", "half of one");
    ASSERT_TRUE(store.add_as(2, credential("second", TestKey::other), kNow));
    EXPECT_EQ(got(store.load(2)).info.common_name, "second");
    const auto before = tree(folder.path());
    EXPECT_EQ(store.add_as(1, credential("third"), kNow).error().code, Errc::already_exists);
    EXPECT_EQ(tree(folder.path()), before);
}

TEST(CredentialStore, only_what_is_named_is_kept_and_what_is_in_force_always) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    for (const unsigned number : {1u, 2u, 3u, 4u}) ASSERT_TRUE(store.add_as(number, credential("n"), kNow));
    EXPECT_EQ(store.keep_only({1, 2, 3, 4}).error().code, Errc::internal) << "nothing is in force";
    ASSERT_TRUE(store.use(3));
    const fs::path root = folder.path() / "credentials";
    fs::create_directory(root / ".new-abcdef");
    put(root / ".new-abcdef/key.pem", "half");
    ASSERT_TRUE(store.save_request(got(make_key_request("laptop"))));
    ASSERT_TRUE(store.save_record({}));
    put(root / "notes", "of a person");
    const auto before = tree(folder.path());
    EXPECT_EQ(store.keep_only({1, 2, 4}).error().code, Errc::internal);
    EXPECT_EQ(store.keep_only({}).error().code, Errc::internal);
    EXPECT_EQ(tree(folder.path()), before);
    ASSERT_TRUE(store.keep_only({2, 3, 9}));
    EXPECT_THAT(got(store.list()), testing::ElementsAre(2u, 3u));
    EXPECT_FALSE(fs::exists(root / ".new-abcdef"));
    EXPECT_EQ(got(store.load_current()).number, 3u);
    EXPECT_TRUE(store.load_request());
    EXPECT_TRUE(fs::exists(root / "rotation.json"));
    EXPECT_EQ(content(root / "notes"), "of a person");
}

TEST(CredentialStore, a_pending_key_comes_back_is_replaced_and_dropped) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    EXPECT_EQ(store.load_request().error().code, Errc::not_found);
    EXPECT_TRUE(store.drop_request()) << "none is no failure";
    const KeyRequest first = got(make_key_request("first")), second = got(make_key_request("second"));
    ASSERT_TRUE(store.save_request(first));
    const fs::path at = folder.path() / "credentials/request";
    EXPECT_EQ(mode_of(at), 0700u);
    for (const char* name : {"key.pem", "request.pem"}) EXPECT_EQ(mode_of(at / name), 0600u) << name;
    ASSERT_TRUE(store.save_request(second));
    EXPECT_EQ(got(store.load_request()).csr_pem, second.csr_pem);
    EXPECT_EQ(got(store.load_request()).key_pem.reveal(), second.key_pem.reveal());
    EXPECT_TRUE(got(store.list()).empty()) << "it is no generation";

    put(at / "key.pem", std::string(first.key_pem.reveal()));
    EXPECT_EQ(store.load_request().error().code, Errc::malformed) << "another key's";
    fs::remove(at / "key.pem");
    EXPECT_EQ(store.load_request().error().code, Errc::malformed);
    put(at / "key.pem", std::string(second.key_pem.reveal()));
    put(at / "request.pem", std::string(1U << 20U, 'x'));
    EXPECT_EQ(store.load_request().error().code, Errc::malformed) << "huge";
    ASSERT_TRUE(store.drop_request());
    EXPECT_FALSE(fs::exists(at));
}

TEST(CredentialStore, the_record_comes_back_and_a_damaged_one_is_told_from_none) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    EXPECT_EQ(got(store.load_record()), RotationState{});
    ASSERT_TRUE(store.add(credential("first"), kNow));
    RotationState state;
    state.phase = RotationPhase::confirming;
    state.generation = 2;
    state.from = 1;
    ASSERT_TRUE(store.save_record(state));
    EXPECT_EQ(got(store.load_record()), state);
    const fs::path at = folder.path() / "credentials/rotation.json";
    EXPECT_EQ(mode_of(at), 0600u);
    for (const std::string& text : {std::string("{"), std::string(), std::string(20'000, ' ')}) {
        put(at, text);
        EXPECT_EQ(store.load_record().error().code, Errc::malformed) << text.size();
    }
    fs::remove(at);
    fs::create_directory(at);
    EXPECT_EQ(store.load_record().error().code, Errc::io);
}

TEST(CredentialStore, a_full_disk_leaves_everything_of_a_rotation_as_it_was) {
    const ScratchFolder folder;
    CredentialStore store(folder.path());
    ASSERT_TRUE(store.add(credential("first"), kNow));
    ASSERT_TRUE(store.use(1));
    ASSERT_TRUE(store.save_request(got(make_key_request("pending"))));
    ASSERT_TRUE(store.save_record({}));
    const Credential second = credential("second", TestKey::other);
    const KeyRequest request = got(make_key_request("other"));
    const auto before = tree(folder.path());
    for (const rlim_t bytes : {rlim_t{0}, rlim_t{100}, rlim_t{1000}}) {
        const tests::FullDisk full(bytes);
        EXPECT_EQ(store.add_as(2, second, kNow).error().code, Errc::io) << bytes;
        EXPECT_EQ(store.save_request(request).error().code, Errc::io) << bytes;
        if (bytes < 150) {
            EXPECT_EQ(store.save_record({}).error().code, Errc::io) << bytes;
        }
    }
    EXPECT_EQ(tree(folder.path()), before);
    EXPECT_EQ(got(store.load_current()).number, 1u);
}

}  // namespace
}  // namespace memdb::keys
