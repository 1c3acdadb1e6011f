// Against real files: their modes, links and kinds.
#include "keys/password_file_store.hpp"

#include "config/password_policy.hpp"
#include "tests/support/scratch_folder.hpp"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <string>

namespace memdb::keys {
namespace {

namespace fs = std::filesystem;
using tests::put;
using tests::ScratchFolder;

struct PasswordFile : testing::Test {
    void write(const std::string& text, mode_t mode = 0600) const {
        put(path, text);
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    }
    /// The password, or the failure's code and message.
    [[nodiscard]] std::string read() const { return read(path); }
    [[nodiscard]] static std::string read(const fs::path& from) {
        const auto password = read_password_file(from);
        return password ? password->reveal()
                        : std::string(to_string(password.error().code)) + " " + password.error().message;
    }

    ScratchFolder folder;
    fs::path path = folder.path() / "dev.password";
    std::string name = path.string();
};

TEST_F(PasswordFile, is_read_without_its_line_break) {
    for (const char* text : {"s3cret", "s3cret\n", "s3cret\r\n"}) {
        write(text);
        EXPECT_EQ(read(), "s3cret");
    }
    write(std::string(config::kPasswordLimit, 'x') + "\r\n", 0400);
    EXPECT_EQ(read(), std::string(config::kPasswordLimit, 'x'));
}

TEST_F(PasswordFile, that_cannot_be_used_is_named_with_the_reason) {
    EXPECT_EQ(read(), "not_found " + name + " does not exist");
    struct Row {
        std::string text, want;
        mode_t mode = 0600;
    };
    const Row rows[] = {
        {"", "malformed " + name + ": is empty"},
        {"\n", "malformed " + name + ": is empty"},
        {std::string("a\0b", 3),
         "malformed " + name + ": the password has a line break or another control character: it must be one line"},
        {"a\nb\n",
         "malformed " + name + ": the password has a line break or another control character: it must be one line"},
        {std::string(config::kPasswordLimit + 1, 'x'), "too_large " + name + ": the password has more than 1024 bytes"},
        {std::string(100'000, 'x'), "too_large " + name + ": has more than 1024 bytes"},
        {"s3cret", "not_permitted " + name + ": everybody may read it", 0644},
        {"s3cret", "not_permitted " + name + ": its group may write it", 0620},
    };
    for (const Row& row : rows) {
        write(row.text, row.mode);
        EXPECT_EQ(read(), row.want);
    }
    fs::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(read(), "not_permitted " + name + ": is no regular file") << "and nobody waits for its writer";
    EXPECT_EQ(read(folder.path()).substr(0, 13), "not_permitted");
    EXPECT_EQ(read(path / "x").substr(0, 3), "io ");
    EXPECT_EQ(read("/dev/null"), "not_permitted /dev/null: is no regular file");
}

TEST_F(PasswordFile, behind_a_link_is_judged_itself) {
    write("s3cret");
    const fs::path link = folder.path() / "link";
    fs::create_symlink("dev.password", link);
    EXPECT_EQ(read(link), "s3cret");
    ASSERT_EQ(::chmod(path.c_str(), 0604), 0);
    EXPECT_EQ(read(link), "not_permitted " + link.string() + ": everybody may read it");
    fs::remove(path);
    EXPECT_EQ(read(link), "not_found " + link.string() + " does not exist");
}

}  // namespace
}  // namespace memdb::keys
