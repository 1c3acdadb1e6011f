// Against the real inotify, in a folder of each test's own.
#include "host/file_watch.hpp"

#include "tests/support/got.hpp"
#include "tests/support/scratch_folder.hpp"

#include <sys/stat.h>
#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace memdb::host {
namespace {

namespace fs = std::filesystem;
using tests::content;
using tests::put;
using tests::ScratchFolder;
using Clock = std::chrono::steady_clock;

struct Watched : testing::Test {
    void follow(const fs::path& path) {
        watch = tests::got(FileWatch::open(io, [this] { ++calls; }));
        watch->follow({path.string()});
    }
    /// Runs the loop until no burst can be under way any more.
    int settled() {
        for (int before = calls;; before = calls) {
            io.restart();
            io.run_for(3 * FileWatch::kBurst);
            if (calls == before) return calls;
        }
    }
    /// Runs the loop until the watch has told of `change`; false when that takes more than 2 s.
    bool tells(const std::function<void()>& change) {
        const int before = settled();
        change();
        EXPECT_EQ(calls, before) << "never from inside anything but the loop";
        const auto limit = Clock::now() + 2s;
        io.restart();
        while (calls == before && Clock::now() < limit) io.run_one_for(10ms);
        return calls > before;
    }

    ScratchFolder scratch;
    fs::path folder = scratch.path();
    boost::asio::io_context io;
    int calls = 0;
    std::unique_ptr<FileWatch> watch;
};

TEST_F(Watched, tells_of_all_that_can_happen_to_a_file) {
    const fs::path file = folder / "password", fresh = folder / "fresh";
    put(file, "1");
    follow(file);
    EXPECT_EQ(settled(), 0) << "what was there before is no news";
    EXPECT_TRUE(tells([&] { put(file, "2"); })) << "rewritten in place";
    EXPECT_TRUE(tells([&] {
        put(fresh, "3");
        fs::rename(fresh, file);
    })) << "replaced by a rename";
    EXPECT_TRUE(tells([&] { ASSERT_EQ(::chmod(file.c_str(), 0644), 0); }));
    EXPECT_TRUE(tells([&] { fs::rename(file, folder / "away"); }));
    EXPECT_TRUE(tells([&] { fs::rename(folder / "away", file); }));
    EXPECT_TRUE(tells([&] { fs::remove(file); }));
    EXPECT_TRUE(tells([&] { put(file, "4"); })) << "it comes back";
    EXPECT_TRUE(tells([&] { put(file, "5"); })) << "and is watched again";
    EXPECT_TRUE(watch->blind_spots().empty());
}

TEST_F(Watched, says_nothing_of_its_neighbours_and_of_readers) {
    const fs::path file = folder / "password";
    put(file, "1");
    follow(file);
    put(folder / "neighbour", "1");
    fs::rename(folder / "neighbour", folder / "password2");
    fs::remove(folder / "password2");
    EXPECT_EQ(content(file), "1");
    EXPECT_EQ(settled(), 0);
}

// As Kubernetes does it: password -> ..data/password, ..data -> ..1, and a new ..data is renamed over the old one.
TEST_F(Watched, follows_links_that_are_swapped_on_the_way) {
    for (const char* version : {"..1", "..2", "..3"}) {
        fs::create_directory(folder / version);
        put(folder / version / "password", version);
    }
    fs::create_symlink("..1", folder / "..data");
    fs::create_symlink("..data/password", folder / "password");
    follow(folder / "password");
    for (const char* version : {"..2", "..3"}) {
        EXPECT_TRUE(tells([&] {
            fs::create_symlink(version, folder / "..tmp");
            fs::rename(folder / "..tmp", folder / "..data");
        }));
        EXPECT_TRUE(tells([&] { put(folder / version / "password", "changed"); })) << "where it leads now";
    }
    const int before = settled();
    put(folder / "..1" / "password", "nobody reads it any more");
    EXPECT_EQ(settled(), before);
}

TEST_F(Watched, follows_a_link_into_another_folder) {
    fs::create_directories(folder / "real");
    fs::create_directories(folder / "named");
    put(folder / "real" / "password", "1");
    fs::create_symlink(folder / "real" / "password", folder / "named" / "password");  // absolute
    follow(folder / "named" / "password");
    EXPECT_TRUE(tells([&] { put(folder / "real" / "password", "2"); }));
    EXPECT_TRUE(tells([&] { fs::remove(folder / "named" / "password"); }));
    EXPECT_TRUE(tells([&] { fs::create_symlink("../real/password", folder / "named" / "password"); }));
    EXPECT_TRUE(tells([&] { fs::remove(folder / "real" / "password"); }));
    EXPECT_TRUE(tells([&] { put(folder / "real" / "password", "3"); }));
}

TEST_F(Watched, waits_for_folders_that_are_not_there) {
    const fs::path file = folder / "a" / "b" / "password";
    follow(file);
    EXPECT_TRUE(tells([&] { fs::create_directory(folder / "a"); }));
    EXPECT_TRUE(tells([&] { fs::create_directory(folder / "a" / "b"); }));
    EXPECT_TRUE(tells([&] { put(file, "1"); }));
    EXPECT_TRUE(tells([&] { fs::remove_all(folder / "a"); }));
    EXPECT_TRUE(tells([&] {
        fs::create_directories(folder / "a" / "b");
        put(file, "2");
    }));
    EXPECT_TRUE(tells([&] { put(file, "3"); }));
    EXPECT_TRUE(tells([&] { fs::rename(folder / "a", folder / "c"); }));
}

TEST_F(Watched, a_circle_of_links_ends) {
    fs::create_symlink("two", folder / "one");
    fs::create_symlink("one", folder / "two");
    follow(folder / "one");
    EXPECT_TRUE(tells([&] {
        fs::remove(folder / "two");
        put(folder / "two", "1");
    }));
}

TEST_F(Watched, tells_a_burst_once_or_twice) {
    const fs::path file = folder / "password";
    put(file, "1");
    follow(file);
    for (int i = 0; i < 100; ++i) put(file, std::to_string(i));
    const int told = settled();
    EXPECT_GE(told, 1);
    EXPECT_LE(told, 2);
}

TEST_F(Watched, forgets_what_it_followed_before) {
    put(folder / "one", "1");
    fs::create_directory(folder / "other");
    follow(folder / "one");
    watch->follow({(folder / "other" / "two").string()});
    put(folder / "one", "2");
    EXPECT_EQ(settled(), 0);
    EXPECT_TRUE(tells([&] { put(folder / "other" / "two", "2"); }));
}

TEST_F(Watched, may_end_at_any_time) {
    const fs::path file = folder / "password";
    watch = tests::got(FileWatch::open(io, [this] {
        ++calls;
        watch.reset();
    }));
    watch->follow({file.string()});
    EXPECT_TRUE(tells([&] { put(file, "1"); }));
    EXPECT_EQ(settled(), 1);
    follow(file);
    put(file, "2");
    watch.reset();
    EXPECT_EQ(settled(), 1);
}

}  // namespace
}  // namespace memdb::host
