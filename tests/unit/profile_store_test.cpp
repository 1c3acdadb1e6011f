#include "keys/profile_store.hpp"

#include "tests/support/full_disk.hpp"
#include "tests/support/got.hpp"
#include "tests/support/import_requests.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace memdb::keys {
namespace {

namespace fs = std::filesystem;
using config::ImportRequest;
using control::Wanted;
using std::chrono::days;
using tests::content;
using tests::direct_request;
using tests::got;
using tests::kNow;
using tests::mode_of;
using tests::put;
using tests::ScratchFolder;
using tests::tree;
using tests::tunnel_request;

class ProfileStoreTest : public testing::Test {
  protected:
    ScratchFolder folder_;
    fs::path profiles_ = folder_.path() / "profiles";
    ProfileStore store_ = got(ProfileStore::open(folder_.path()));
};

TEST_F(ProfileStoreTest, what_is_imported_is_loaded) {
    const auto outcome = store_.import(tunnel_request(), kNow);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_THAT(outcome->warnings, testing::IsEmpty());
    ASSERT_TRUE(store_.import(direct_request(), kNow));
    EXPECT_THAT(got(store_.list()), testing::ElementsAre("demo", "inside"));

    const auto stored = store_.load("demo");
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(stored->profile, outcome->profile);
    EXPECT_EQ(stored->config_path, profiles_ / "demo/client.ovpn");
    EXPECT_EQ(stored->authorities.size(), 1u);
    EXPECT_EQ(stored->cluster_ca_path, profiles_ / "demo/cluster-ca.pem");
    ASSERT_TRUE(stored->credential && *stored->credential);
    EXPECT_EQ((*stored->credential)->number, 1u);
    EXPECT_EQ((*stored->credential)->info.common_name, "client1.domain.tld");
    EXPECT_EQ(store_.cluster_password(stored->profile)->reveal(), "correct horse");

    const auto direct = store_.load("inside");
    ASSERT_TRUE(direct) << direct.error().message;
    EXPECT_FALSE(direct->credential);
    EXPECT_FALSE(direct->cluster_ca_path);
    EXPECT_TRUE(direct->config_path.empty());
    EXPECT_TRUE(store_.cluster_password(direct->profile)->empty());
}

TEST_F(ProfileStoreTest, the_files_are_those_of_the_design_for_their_owner_only) {
    ASSERT_TRUE(store_.import(tunnel_request(), kNow));
    std::vector<std::string> names;
    for (const auto& [name, what] : tree(profiles_)) {
        names.push_back(name);
        if (what.starts_with("->")) continue;
        EXPECT_EQ(mode_of(profiles_ / name), what == "dir" ? 0700u : 0600u) << name;
    }
    EXPECT_THAT(names,
                testing::UnorderedElementsAre("demo", "demo/profile.toml", "demo/client.ovpn", "demo/cluster-password",
                                              "demo/cluster-ca.pem", "demo/credentials", "demo/credentials/1",
                                              "demo/credentials/1/key.pem", "demo/credentials/1/cert.pem",
                                              "demo/credentials/1/meta.json", "demo/credentials/current"));
    EXPECT_EQ(content(profiles_ / "demo/client.ovpn").find("remote "), std::string::npos);
    EXPECT_EQ(mode_of(profiles_), 0700u);
}

TEST_F(ProfileStoreTest, a_refused_import_leaves_no_trace) {
    ASSERT_TRUE(store_.import(direct_request(), kNow));
    const auto before = tree(folder_.path());
    struct Row {
        std::string_view what;
        std::function<void(ImportRequest&)> spoil;
        std::string_view begins;
    };
    const Row rows[] = {
        {"empty file", [](auto& r) { r.ovpn_text.clear(); }, "downloaded-client-config.ovpn is empty"},
        {"key that does not match", [](auto& r) { r.key_pem = Secret<>(tests::key_pem(tests::TestKey::other)); },
         "the private key does not belong"},
        {"encrypted key", [](auto& r) { r.key_pem = Secret<>(tests::encrypted_key_pem()); },
         "the private key is encrypted"},
        {"expired", [](auto& r) { r.cert_pem = tests::certificate_pem({.not_after = kNow - days{1}}); },
         "the certificate client1.domain.tld expired on 2026-05-31"},
        {"name that exists", [](auto& r) { r.name = "inside"; },
         "profile inside exists: choose another name, or `memdbctl profile remove inside` first"},
        {"refused directive", [](auto& r) { r.ovpn_text += "plugin /x.so\n"; }, "downloaded-client-config.ovpn:"},
        {"name with a path", [](auto& r) { r.name = "../../etc"; }, "\"../../etc\" cannot be"},
    };
    for (const Row& row : rows) {
        ImportRequest request = tunnel_request();
        row.spoil(request);
        const auto outcome = store_.import(request, kNow);
        ASSERT_FALSE(outcome) << row.what;
        EXPECT_THAT(outcome.error().message, testing::StartsWith(std::string(row.begins)));
        EXPECT_EQ(outcome.error().message.find('\n'), std::string::npos);
        EXPECT_EQ(tree(folder_.path()), before) << row.what;
    }
}

TEST_F(ProfileStoreTest, a_full_disk_leaves_no_trace_wherever_it_strikes) {
    const auto before = tree(folder_.path());
    const ImportRequest request = tunnel_request();
    int failures = 0;
    for (rlim_t bytes = 0; bytes < 4000; bytes += 200) {
        const auto outcome = [&] {
            const tests::FullDisk full(bytes);
            return store_.import(request, kNow);
        }();
        if (outcome) {
            ASSERT_TRUE(store_.remove("demo"));
        } else {
            ++failures;
            EXPECT_EQ(outcome.error().code, Errc::io) << outcome.error().message;
        }
        ASSERT_EQ(tree(folder_.path()), before) << bytes;
    }
    EXPECT_GT(failures, 5);
    EXPECT_LT(failures, 20);
}

TEST_F(ProfileStoreTest, there_is_a_limit_to_the_number_of_profiles) {
    ImportRequest request = direct_request();
    for (std::size_t i = 0; i < kProfileLimit; ++i) {
        request.name = "p" + std::to_string(i);
        ASSERT_TRUE(store_.import(request, kNow));
    }
    request.name = "one-more";
    EXPECT_EQ(store_.import(request, kNow).error().message, "there are 32 profiles already, more are not allowed");
}

TEST_F(ProfileStoreTest, remove_takes_everything_and_makes_the_name_free) {
    ASSERT_TRUE(store_.import(tunnel_request(), kNow));
    ASSERT_TRUE(store_.remove("demo"));
    EXPECT_TRUE(tree(profiles_).empty());
    EXPECT_EQ(store_.remove("demo").error().message, "there is no profile demo");
    for (const std::string name : {"", "..", ".new-x", "a/b", "../profiles"}) {
        EXPECT_EQ(store_.remove(name).error().code, Errc::not_found) << name;
        EXPECT_EQ(store_.load(name).error().code, Errc::not_found) << name;
        EXPECT_EQ(store_.set_wanted(name, Wanted::connected).error().code, Errc::not_found) << name;
    }
    EXPECT_TRUE(fs::exists(profiles_));
    EXPECT_TRUE(store_.import(tunnel_request(), kNow));
}

TEST_F(ProfileStoreTest, damage_is_told_from_absence_and_unreadable) {
    EXPECT_EQ(store_.load("demo").error().code, Errc::not_found);
    struct Row {
        std::string_view what;
        std::function<void(const fs::path&)> spoil;  ///< gets profiles/demo
        Errc code;
    };
    const auto to_folder = [](const fs::path& path) {
        fs::remove(path);
        fs::create_directory(path);
    };
    const Row rows[] = {
        {"no profile.toml", [](const fs::path& p) { fs::remove(p / "profile.toml"); }, Errc::malformed},
        {"empty profile.toml", [](const fs::path& p) { put(p / "profile.toml", ""); }, Errc::malformed},
        {"binary profile.toml", [](const fs::path& p) { put(p / "profile.toml", "\x01\xFF"); }, Errc::malformed},
        {"huge profile.toml", [](const fs::path& p) { put(p / "profile.toml", std::string(40'000, '#')); },
         Errc::malformed},
        {"unreadable profile.toml", [&](const fs::path& p) { to_folder(p / "profile.toml"); }, Errc::io},
        {"no client.ovpn", [](const fs::path& p) { fs::remove(p / "client.ovpn"); }, Errc::malformed},
        {"empty client.ovpn", [](const fs::path& p) { put(p / "client.ovpn", ""); }, Errc::malformed},
        {"unreadable client.ovpn", [&](const fs::path& p) { to_folder(p / "client.ovpn"); }, Errc::io},
        {"no cluster CA", [](const fs::path& p) { fs::remove(p / "cluster-ca.pem"); }, Errc::malformed},
        {"damaged cluster CA", [](const fs::path& p) { put(p / "cluster-ca.pem", "x"); }, Errc::malformed},
        {"unreadable cluster CA", [&](const fs::path& p) { to_folder(p / "cluster-ca.pem"); }, Errc::io},
    };
    for (const Row& row : rows) {
        ASSERT_TRUE(store_.import(tunnel_request(), kNow));
        row.spoil(profiles_ / "demo");
        const auto stored = store_.load("demo");
        ASSERT_FALSE(stored) << row.what;
        EXPECT_EQ(stored.error().code, row.code) << row.what;
        EXPECT_THAT(stored.error().message, testing::StartsWith("profile demo: ")) << row.what;
        EXPECT_THAT(got(store_.list()), testing::ElementsAre("demo")) << row.what << ": still there to be removed";
        ASSERT_TRUE(store_.remove("demo"));
    }
}

TEST_F(ProfileStoreTest, a_folder_under_a_wrong_name_is_damage) {
    ASSERT_TRUE(store_.import(direct_request(), kNow));
    fs::rename(profiles_ / "inside", profiles_ / "outside");
    EXPECT_EQ(store_.load("outside").error().message,
              "profile outside: profile.toml belongs to another profile: remove it and import it again");
}

TEST_F(ProfileStoreTest, a_lost_credential_is_the_credentials_trouble_not_the_profiles) {
    ASSERT_TRUE(store_.import(tunnel_request(), kNow));
    fs::remove(profiles_ / "demo/credentials/current");
    const auto stored = store_.load("demo");
    ASSERT_TRUE(stored);
    ASSERT_TRUE(stored->credential);
    EXPECT_EQ(stored->credential->error().code, Errc::not_found);
}

TEST_F(ProfileStoreTest, a_lost_password_is_never_an_empty_one) {
    ASSERT_TRUE(store_.import(tunnel_request(), kNow));
    const auto profile = got(store_.load("demo")).profile;
    put(profiles_ / "demo/cluster-password", "");
    EXPECT_EQ(store_.cluster_password(profile).error().code, Errc::malformed);
    fs::remove(profiles_ / "demo/cluster-password");
    EXPECT_EQ(store_.cluster_password(profile).error().code, Errc::malformed);
    fs::create_directory(profiles_ / "demo/cluster-password");
    EXPECT_EQ(store_.cluster_password(profile).error().code, Errc::io);
}

TEST_F(ProfileStoreTest, the_wish_is_kept_and_any_doubt_means_disconnected) {
    ASSERT_TRUE(store_.import(direct_request(), kNow));
    EXPECT_EQ(store_.wanted("inside").wanted, Wanted::disconnected);
    EXPECT_FALSE(store_.wanted("inside").trouble) << "absent is no trouble";
    for (const Wanted wanted : {Wanted::connected, Wanted::disconnected, Wanted::connected}) {
        ASSERT_TRUE(store_.set_wanted("inside", wanted));
        EXPECT_EQ(store_.wanted("inside").wanted, wanted);
        EXPECT_FALSE(store_.wanted("inside").trouble);
    }
    const auto file = profiles_ / "inside/wanted";
    for (const std::string& damage :
         {std::string(), std::string("connected"), std::string("x"), std::string(100, 'c')}) {
        put(file, damage);
        EXPECT_EQ(store_.wanted("inside").wanted, Wanted::disconnected);
        ASSERT_TRUE(store_.wanted("inside").trouble);
        EXPECT_EQ(store_.wanted("inside").trouble->code, Errc::malformed);
    }
    fs::remove(file);
    fs::create_directory(file);
    EXPECT_EQ(store_.wanted("inside").wanted, Wanted::disconnected);
    EXPECT_EQ(store_.wanted("inside").trouble->code, Errc::io);
    EXPECT_FALSE(store_.wanted("../inside").trouble);
}

TEST_F(ProfileStoreTest, a_second_agent_on_the_same_directory_is_refused_with_the_first_ones_pid) {
    const auto second = ProfileStore::open(folder_.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::busy);
    EXPECT_EQ(second.error().message,
              "another memdbd (pid " + std::to_string(::getpid()) + ") already uses " + folder_.path().string());
}

TEST(ProfileStoreOpen, the_lock_goes_with_its_owner_and_a_leftover_file_does_not_matter) {
    const ScratchFolder folder;
    put(folder.path() / "lock", "4000000\n");
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(ProfileStore::open(folder.path()));
    EXPECT_EQ(content(folder.path() / "lock"), std::to_string(::getpid()) + "\n");
}

TEST(ProfileStoreOpen, what_a_crash_left_is_removed_what_is_foreign_is_not) {
    const ScratchFolder folder;
    fs::create_directories(folder.path() / "profiles/.new-abc/credentials/1");
    fs::create_directories(folder.path() / "profiles/.old-abc/demo");
    fs::create_directories(folder.path() / "profiles/Not A Profile");
    const auto store = ProfileStore::open(folder.path());
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_THAT(tree(folder.path() / "profiles"), testing::ElementsAre(testing::Pair("Not A Profile", "dir")));
    EXPECT_TRUE(got(store->list()).empty());
}

TEST(ProfileStoreOpen, a_state_directory_that_cannot_be_used_is_said) {
    const ScratchFolder folder;
    EXPECT_EQ(ProfileStore::open(folder.path() / "none").error().code, Errc::io);
    put(folder.path() / "profiles", "a file");
    EXPECT_EQ(ProfileStore::open(folder.path()).error().code, Errc::io);
}

/// Runs `program`, gives back its output; ends it after 20 s at the latest.
std::string output_of(std::vector<std::string> words) {
    int ends[2];
    if (::pipe(ends) != 0) return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        ::dup2(ends[1], 1);
        ::dup2(ends[1], 2);
        ::close(ends[0]);
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof(buffer))) > 0;)
        text.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return text;
}

TEST_F(ProfileStoreTest, openvpn_takes_what_is_written_as_far_as_dialling) {
    ASSERT_TRUE(fs::exists("/usr/sbin/openvpn")) << "scripts/setup installs it";
    ASSERT_TRUE(store_.import(tunnel_request(), kNow));
    const auto stored = got(store_.load("demo"));
    const Generation& generation = got(*stored.credential);
    // Port 9 of loopback refuses: openvpn has read everything by then, and gives up after one attempt.
    const std::string output =
        output_of({"/usr/sbin/openvpn", "--config", stored.config_path, "--cert", generation.cert_path, "--key",
                   generation.key_path, "--remote", "127.0.0.1", "9", "tcp", "--dev", "null", "--connect-retry-max",
                   "1", "--connect-timeout", "1", "--script-security", "0"});
    EXPECT_EQ(output.find("Options error"), std::string::npos) << output;
    EXPECT_EQ(output.find("DEPRECATED"), std::string::npos) << output;
    EXPECT_EQ(output.find("WARNING"), std::string::npos) << output;
    EXPECT_NE(output.find("Attempting to establish TCP connection with [AF_INET]127.0.0.1:9"), std::string::npos)
        << output;
}

}  // namespace
}  // namespace memdb::keys
