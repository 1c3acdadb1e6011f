#include "history/history_store.hpp"

#include "tests/support/full_disk.hpp"
#include "tests/support/got.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace memdb::history {
namespace {

namespace fs = std::filesystem;
using tests::content;
using tests::got;
using tests::mode_of;
using tests::put;
using tests::ScratchFolder;

constexpr WallTime kNow = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 26}) + 12h;

class HistoryStoreTest : public testing::Test {
  protected:
    [[nodiscard]] std::string path() const { return (folder_.path() / "history.db").string(); }
    [[nodiscard]] HistoryStore open(const Retention& retention = {}, WallTime now = kNow) const {
        return got(HistoryStore::open(path(), retention, now));
    }
    [[nodiscard]] std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_.path())) names.push_back(entry.path().filename());
        return names;
    }
    [[nodiscard]] std::uintmax_t bytes() const {
        std::uintmax_t sum = 0;
        for (const auto& entry : fs::directory_iterator(folder_.path())) sum += entry.file_size();
        return sum;
    }
    ScratchFolder folder_;
};

PingMinute minute(WallTime at, const std::string& node = "demo-0001-001", std::int64_t median = 700) {
    return {at, "demo", node, 12, 1, median - 100, median, median + 400};
}

Span verdict(std::uint64_t key, const char* word, WallTime began, WallTime ended, bool open = false) {
    return {.key = key, .profile = "demo", .word = word, .began = began, .ended = ended, .open = open};
}

control::History all_of(HistoryStore& store, Duration since = 24h, WallTime now = kNow) {
    return got(store.read({{{}, since}, now, {}}));
}

TEST_F(HistoryStoreTest, what_was_written_is_read_after_a_restart) {
    {
        HistoryStore store = open();
        ASSERT_TRUE(store.write({{verdict(1, "reachable", kNow - 1h, kNow, true)}, {minute(kNow - 1h)}}, kNow));
    }
    HistoryStore store = open();
    const control::History history = all_of(store);
    ASSERT_EQ(history.verdicts.size(), 1u);
    EXPECT_FALSE(history.verdicts[0].open) << "whoever wrote it has ended";
    ASSERT_NE(control::find_node(history, "demo", "demo-0001-001"), nullptr);
    EXPECT_EQ(control::find_node(history, "demo", "demo-0001-001")->total.median_us, 700);
    EXPECT_EQ(history.oldest, kNow - 1h);
    EXPECT_EQ(history.profiles.at(0).answered_ms, 3'600'000);
}

TEST_F(HistoryStoreTest, a_span_that_goes_on_is_one_row_and_keys_of_another_run_are_others) {
    for (int run = 0; run < 2; ++run) {
        HistoryStore store = open();
        for (int i = 1; i <= 3; ++i)
            ASSERT_TRUE(
                store.write({{verdict(1, "reachable", kNow + run * 1h, kNow + run * 1h + i * 1min, true)}, {}}, kNow));
    }
    HistoryStore store = open();
    const auto verdicts = all_of(store, 24h, kNow + 5h).verdicts;
    ASSERT_EQ(verdicts.size(), 2u);
    EXPECT_EQ(verdicts[0].ended - verdicts[0].began, 3min);
}

TEST_F(HistoryStoreTest, its_files_are_for_their_owner_only_and_it_keeps_a_log_ahead) {
    HistoryStore store = open();
    ASSERT_TRUE(store.write({{}, {minute(kNow)}}, kNow));
    EXPECT_THAT(files(), testing::UnorderedElementsAre("history.db", "history.db-wal", "history.db-shm"));
    for (const std::string& name : files()) EXPECT_EQ(mode_of(folder_.path() / name), 0600u) << name;
    fs::permissions(path(), fs::perms(0644));
    (void)open();
    EXPECT_EQ(mode_of(path()), 0600u);
}

TEST_F(HistoryStoreTest, somebody_else_may_read_while_it_is_written) {
    HistoryStore store = open();
    ASSERT_TRUE(store.write({{}, {minute(kNow)}}, kNow));
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open_v2(path().c_str(), &other, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM ping", nullptr, nullptr, nullptr), SQLITE_OK);
    EXPECT_TRUE(store.write({{}, {minute(kNow + 1min)}}, kNow)) << "a reader in the middle of it is no hindrance";
    sqlite3_close(other);
    EXPECT_EQ(all_of(store, 24h, kNow + 2min).nodes.at(0).total.count, 24);
}

TEST_F(HistoryStoreTest, what_is_damaged_is_set_aside_and_begun_anew) {
    const struct {
        const char* what;
        std::function<void(const std::string&)> spoil;
    } rows[] = {
        {"no database", [](const std::string& path) { put(path, std::string(5000, 'x')); }},
        {"truncated", [](const std::string& path) { fs::resize_file(path, fs::file_size(path) / 2); }},
        {"zeroes in the middle",
         [](const std::string& path) {
             std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
             file.seekp(4096);
             file << std::string(8192, '\0');
         }},
        {"another program's",
         [](const std::string& path) {
             fs::remove(path);
             sqlite3* other = nullptr;
             sqlite3_open(path.c_str(), &other);
             sqlite3_exec(other, "CREATE TABLE cookies(a)", nullptr, nullptr, nullptr);
             sqlite3_close(other);
         }},
    };
    int at = 0;
    for (const auto& row : rows) {
        {
            HistoryStore store = open();
            Batch batch;
            for (int i = 0; i < 500; ++i) batch.minutes.push_back(minute(kNow + i * 1min));
            ASSERT_TRUE(store.write(batch, kNow)) << row.what;
        }
        row.spoil(path());
        const WallTime when = kNow + std::chrono::minutes(++at);
        HistoryStore store = open({}, when);
        const auto aside = store.take_set_aside();
        ASSERT_TRUE(aside) << row.what;
        const std::string name = aside->substr(0, aside->find(':'));
        EXPECT_TRUE(name.starts_with("history.db.damaged-2026-11-26T12")) << *aside;
        EXPECT_TRUE(fs::exists(folder_.path() / name)) << row.what;
        EXPECT_TRUE(store.write({{}, {minute(kNow)}}, kNow)) << row.what;
        EXPECT_EQ(all_of(store).nodes.at(0).total.count, 12) << row.what;
        EXPECT_FALSE(store.take_set_aside()) << "told once";
    }
    const auto names = files();
    EXPECT_EQ(
        std::ranges::count_if(names, [](const std::string& name) { return name.find("damaged") != std::string::npos; }),
        2)
        << "the newest two are kept";
}

TEST_F(HistoryStoreTest, damage_that_is_found_while_writing_loses_nothing_of_the_batch) {
    HistoryStore store = open();
    Batch batch;
    for (int i = 0; i < 2000; ++i) batch.minutes.push_back(minute(kNow - i * 1min, "n" + std::to_string(i % 40)));
    ASSERT_TRUE(store.write(batch, kNow));
    sqlite3* other = nullptr;  // so that all of it is in the file, and none of it in the log
    ASSERT_EQ(sqlite3_open(path().c_str(), &other), SQLITE_OK);
    sqlite3_exec(other, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    {
        std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096);
        file << std::string(static_cast<std::size_t>(fs::file_size(path())) - 4096, '\x5a');
    }
    (void)store.read({{{}, Duration(24h * 30)}, kNow, {}});  // some pages are still remembered, and these are not
    EXPECT_TRUE(store.write({{verdict(1, "reachable", kNow - 1h, kNow)}, {minute(kNow, "fresh")}}, kNow));
    EXPECT_TRUE(store.take_set_aside());
    EXPECT_NE(control::find_node(all_of(store), "demo", "fresh"), nullptr);
}

TEST_F(HistoryStoreTest, rows_of_no_year_are_answered_and_tidied) {
    HistoryStore store = open();
    const Span always = verdict(1, "unreachable", WallTime::min(), WallTime::max());
    ASSERT_TRUE(store.write({{always}, {minute(WallTime::min()), minute(WallTime::max())}}, kNow));
    const control::History history = all_of(store);
    EXPECT_EQ(history.oldest, WallTime{});
    ASSERT_EQ(history.verdicts.size(), 1U);
    EXPECT_EQ(history.profiles.at(0).observed_ms, 86'400'000);
    EXPECT_TRUE(store.tidy(kNow));
}

TEST_F(HistoryStoreTest, a_file_of_a_newer_memdbd_is_left_alone) {
    { (void)open(); }
    sqlite3* other = nullptr;
    sqlite3_open(path().c_str(), &other);
    sqlite3_exec(other, "PRAGMA user_version=2", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    const std::string before = content(path());
    const auto refused = HistoryStore::open(path(), {}, kNow);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, Errc::bad_input);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("newer memdbd (version 2)"));
    EXPECT_EQ(content(path()), before);
}

TEST_F(HistoryStoreTest, a_place_that_cannot_be_used_is_a_failure) {
    EXPECT_EQ(HistoryStore::open((folder_.path() / "none" / "history.db").string(), {}, kNow).error().code, Errc::io);
    fs::create_directory(path());
    EXPECT_EQ(HistoryStore::open(path(), {}, kNow).error().code, Errc::io);
    fs::remove(path());
    fs::create_symlink("/etc/passwd", path());
    EXPECT_TRUE(HistoryStore::open(path(), {}, kNow).has_error()) << "no link is followed";
}

TEST_F(HistoryStoreTest, a_full_disk_is_told_and_over_when_there_is_room) {
    HistoryStore store = open();
    ASSERT_TRUE(store.write({{}, {minute(kNow)}}, kNow));
    Batch batch;
    for (int i = 0; i < 3000; ++i) batch.minutes.push_back(minute(kNow + i * 1min));
    {
        const tests::FullDisk full(fs::file_size(path() + "-wal") + 4096);
        const auto failed = store.write(batch, kNow);
        ASSERT_TRUE(failed.has_error());
        EXPECT_EQ(failed.error().code, Errc::too_large) << failed.error().message;
        EXPECT_EQ(all_of(store).nodes.at(0).total.count, 12) << "all of a batch or nothing";
    }
    EXPECT_TRUE(store.write(batch, kNow));
    EXPECT_EQ(all_of(store, 24h * 30, kNow + 24h * 20).nodes.at(0).total.count, 12 * 3001);
    EXPECT_FALSE(store.take_set_aside()) << "a full disk is no damage";
}

TEST_F(HistoryStoreTest, it_stays_within_its_size_and_keeps_the_newest) {
    const Retention small{24h * 365, 2 * 1024 * 1024};
    HistoryStore store = open(small);
    WallTime at = kNow;
    for (int round = 0; round < 60; ++round) {
        Batch batch;
        for (int i = 0; i < 1500; ++i, at += 1min) batch.minutes.push_back(minute(at));
        ASSERT_TRUE(store.write(batch, at)) << round;
        ASSERT_LE(bytes(), std::uintmax_t(small.limit)) << round;
    }
    const control::History history = all_of(store, 24h * 365, at);
    EXPECT_GT(history.oldest.value(), kNow + 24h) << "the oldest went";
    EXPECT_GE(history.nodes.at(0).total.count, 12 * 15'000) << "and not too much of it";
    EXPECT_GE(history.nodes[0].points.back().at, at - 24h * 3);
}

TEST_F(HistoryStoreTest, what_is_too_old_goes_and_what_goes_on_stays) {
    HistoryStore store = open();
    ASSERT_TRUE(store.write({{verdict(1, "reachable", kNow - 24h * 40, kNow - 24h * 31),
                              verdict(2, "reachable", kNow - 24h * 33, kNow - 24h * 32, true)},
                             {minute(kNow - 24h * 31), minute(kNow)}},
                            kNow));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(store.tidy(kNow));
    const control::History history = all_of(store, 24h * 365);
    ASSERT_EQ(history.verdicts.size(), 1u);
    EXPECT_TRUE(history.verdicts[0].open);
    EXPECT_EQ(history.nodes.at(0).total.count, 12);
}

TEST_F(HistoryStoreTest, a_clock_that_was_ahead_for_a_while_does_not_remove_everything) {
    HistoryStore store = open();
    for (int day = 0; day < 20; ++day) ASSERT_TRUE(store.write({{}, {minute(kNow + day * Duration(24h))}}, kNow));
    ASSERT_TRUE(store.tidy(kNow + 24h * 3650));
    EXPECT_GE(all_of(store, 24h * 365, kNow + 24h * 21).nodes.at(0).total.count, 12 * 16);
}

TEST_F(HistoryStoreTest, a_question_is_for_one_profile_or_for_all_with_what_is_fresh) {
    HistoryStore store = open();
    PingMinute other = minute(kNow - 1min);
    other.profile = "prod";
    Span of_prod = verdict(2, "degraded", kNow - 1h, kNow);
    of_prod.profile = "prod";
    ASSERT_TRUE(store.write({{verdict(1, "reachable", kNow - 1h, kNow), of_prod}, {minute(kNow - 1min), other}}, kNow));
    const auto of_demo = got(store.read({{"demo", Duration(1h)}, kNow, {minute(kNow), minute(kNow, "new")}}));
    EXPECT_EQ(of_demo.verdicts.size(), 1u);
    ASSERT_EQ(of_demo.nodes.size(), 2u);
    EXPECT_EQ(of_demo.nodes[0].total.count, 24);
    EXPECT_EQ(all_of(store, 1h).profiles.size(), 2u);
    EXPECT_TRUE(got(store.read({{"none", Duration(1h)}, kNow, {}})).nodes.empty());
}

TEST_F(HistoryStoreTest, a_fresh_span_counts_instead_of_what_is_stored_of_it) {
    HistoryStore store = open();
    ASSERT_TRUE(store.write({{verdict(1, "reachable", kNow - 1h, kNow - 1min, true)}, {}}, kNow));
    Span of_prod = verdict(3, "degraded", kNow - 1h, kNow);
    of_prod.profile = "prod";
    const std::vector<Span> fresh = {verdict(1, "reachable", kNow - 1h, kNow - 10s),
                                     verdict(2, "unreachable", kNow - 10s, kNow, true), of_prod};
    const auto verdicts = got(store.read({{"demo", Duration(24h)}, kNow, {}, fresh})).verdicts;
    ASSERT_EQ(verdicts.size(), 2u);
    EXPECT_EQ(verdicts[0].ended, kNow - 10s);
    EXPECT_TRUE(verdicts[1].open);
}

TEST_F(HistoryStoreTest, a_hostile_name_is_only_a_name) {
    HistoryStore store = open();
    const std::string evil = "a'); DROP TABLE ping; --\x01<script>";
    ASSERT_TRUE(store.write({{}, {minute(kNow, evil), minute(kNow, std::string(5000, 'n'))}}, kNow));
    const auto history = all_of(store);
    EXPECT_NE(control::find_node(history, "demo", evil), nullptr);
    for (const auto& node : history.nodes) EXPECT_LE(node.node.size(), 512u);
}

}  // namespace
}  // namespace memdb::history
