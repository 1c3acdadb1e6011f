#include "base/atomic_files.hpp"

#include "tests/support/full_disk.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb {
namespace {

namespace fs = std::filesystem;
using tests::content;
using tests::FullDisk;
using tests::mode_of;
using tests::put;
using tests::ScratchFolder;
using tests::tree;

TEST(AtomicFiles, a_file_is_created_replaced_and_read_whole) {
    const ScratchFolder folder;
    const auto path = folder.path() / "key.pem";
    for (const std::string& text : {std::string("one"), std::string(100'000, 'x'), std::string()}) {
        ASSERT_TRUE(replace_file(path, text, 0600));
        const auto read = read_file(path, 200'000);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(*read, text);
        EXPECT_EQ(tree(folder.path()).size(), 1u) << "a temporary is left";
    }
}

TEST(AtomicFiles, the_mode_is_exact_whatever_the_umask) {
    const ScratchFolder folder;
    for (const mode_t mask : {mode_t{0}, mode_t{077}}) {
        const mode_t before = ::umask(mask);
        EXPECT_TRUE(replace_file(folder.path() / "a", "", 0640));
        EXPECT_TRUE(make_folder(folder.path() / ("f" + std::to_string(mask)), 0750));
        ::umask(before);
        EXPECT_EQ(mode_of(folder.path() / "a"), 0640u);
        EXPECT_EQ(mode_of(folder.path() / ("f" + std::to_string(mask))), 0750u);
    }
}

TEST(AtomicFiles, absent_unreadable_and_too_large_are_three_different_failures) {
    const ScratchFolder folder;
    put(folder.path() / "five", "12345");
    fs::create_symlink("five", folder.path() / "link");
    ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);

    const auto code = [&](const char* name, std::size_t limit) {
        const auto read = read_file(folder.path() / name, limit);
        return read ? std::string("read") : std::string(to_string(read.error().code));
    };
    EXPECT_EQ(code("five", 5), "read");
    EXPECT_EQ(code("five", 4), "too_large");
    EXPECT_EQ(code("none", 5), "not_found");
    EXPECT_EQ(code("none/five", 5), "not_found");
    EXPECT_EQ(code("five/x", 5), "io");
    EXPECT_EQ(code("link", 5), "io") << "a link is never followed";
    EXPECT_EQ(code("pipe", 5), "io") << "and a pipe never waited for";
    EXPECT_EQ(code(".", 5), "io");
}

TEST(AtomicFiles, a_failed_replacement_leaves_the_old_file_and_no_other) {
    const ScratchFolder folder;
    const auto path = folder.path() / "key.pem";
    put(path, "old");
    const auto before = tree(folder.path());
    {
        const FullDisk full(10);
        const auto replaced = replace_file(path, std::string(100, 'x'), 0600);
        ASSERT_FALSE(replaced);
        EXPECT_EQ(replaced.error().code, Errc::io);
        EXPECT_EQ(replaced.error().message, "cannot write " + path.string() + ": File too large");
    }
    EXPECT_EQ(tree(folder.path()), before);

    fs::create_directory(folder.path() / "taken");
    ASSERT_FALSE(replace_file(folder.path() / "taken", "x", 0600)) << "a folder is no file to replace";
    ASSERT_FALSE(replace_file(folder.path() / "none" / "x", "x", 0600));
    EXPECT_EQ(tree(folder.path()).size(), 2u);
}

TEST(AtomicFiles, replacing_a_link_replaces_the_link_not_its_target) {
    const ScratchFolder folder;
    put(folder.path() / "target", "kept");
    fs::create_symlink("target", folder.path() / "name");
    ASSERT_TRUE(replace_file(folder.path() / "name", "new", 0600));
    EXPECT_EQ(content(folder.path() / "target"), "kept");
    EXPECT_FALSE(fs::is_symlink(folder.path() / "name"));
}

TEST(AtomicFiles, a_link_is_set_and_moved_in_one_step) {
    const ScratchFolder folder;
    const auto link = folder.path() / "current";
    for (const std::string target : {"1", "2"}) {
        ASSERT_TRUE(replace_link(link, target));
        EXPECT_EQ(fs::read_symlink(link), target);
        EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}), 1);
    }
    fs::create_directory(folder.path() / "taken");
    EXPECT_FALSE(replace_link(folder.path() / "taken", "1"));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}), 2);
}

TEST(AtomicFiles, a_folder_is_published_under_a_free_name_only) {
    const ScratchFolder folder;
    const auto temporary = make_temporary_folder(folder.path(), ".new-");
    ASSERT_TRUE(temporary);
    EXPECT_EQ(mode_of(*temporary), 0700u);
    put(*temporary / "a", "1");
    ASSERT_TRUE(publish_folder(*temporary, folder.path() / "demo"));
    EXPECT_EQ(content(folder.path() / "demo" / "a"), "1");

    const auto again = make_temporary_folder(folder.path(), ".new-");
    ASSERT_TRUE(again);
    const auto taken = publish_folder(*again, folder.path() / "demo");
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::already_exists);
    EXPECT_EQ(content(folder.path() / "demo" / "a"), "1");
    EXPECT_EQ(make_folder(folder.path() / "demo", 0700).error().code, Errc::already_exists);
}

TEST(AtomicFiles, a_tree_is_removed_without_following_links) {
    const ScratchFolder outside;
    put(outside.path() / "precious", "kept");
    const ScratchFolder folder;
    fs::create_directories(folder.path() / "demo" / "deep");
    put(folder.path() / "demo" / "deep" / "a", "1");
    fs::create_directory_symlink(outside.path(), folder.path() / "demo" / "link");
    fs::create_directory_symlink(outside.path(), folder.path() / "bare-link");

    ASSERT_TRUE(remove_tree(folder.path(), "demo"));
    ASSERT_TRUE(remove_tree(folder.path(), "bare-link"));
    EXPECT_TRUE(tree(folder.path()).empty());
    EXPECT_EQ(content(outside.path() / "precious"), "kept");

    EXPECT_EQ(remove_tree(folder.path(), "demo").error().code, Errc::not_found);
    for (const std::string name : {"", ".", "..", "a/b", "../x"}) {
        EXPECT_EQ(remove_tree(folder.path(), name).error().code, Errc::internal) << name;
    }
}

}  // namespace
}  // namespace memdb
