#include "client/import_files.hpp"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace memdb::client {
namespace {

class ImportFiles : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "memdb-import-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name, std::ios::binary) << text;
        return folder_ / name;
    }
    static std::string problem(const std::string& path) {
        const auto read = read_file(path);
        EXPECT_TRUE(read.has_error());
        EXPECT_EQ(read_secret_file(path).error().message, read.error().message);
        EXPECT_EQ(read.error().exit, Exit::failed);
        return read.error().message;
    }

    std::filesystem::path folder_;
};

TEST_F(ImportFiles, reads_whole_files) {
    const std::string text = "\u00e4 b\r\n" + std::string(kFileLimit - 6, 'x');
    EXPECT_EQ(*read_file(write("f", text)), text);
    EXPECT_EQ(read_secret_file(write("k", "KEY\n"))->reveal(), "KEY\n");
}

TEST_F(ImportFiles, each_trouble_is_one_line_that_names_the_file) {
    const std::string none = folder_ / "none", dir = folder_;
    EXPECT_EQ(problem(none), none + ": No such file or directory");
    EXPECT_EQ(problem(dir), dir + ": is a directory");
    const std::string empty = write("empty", ""), big = write("big", std::string(kFileLimit + 1, 'x'));
    EXPECT_EQ(problem(empty), empty + ": is empty");
    EXPECT_EQ(problem(big), big + ": is larger than 256 KiB: is it the right file?");
    EXPECT_EQ(problem("/dev/null"), "/dev/null: is not a file");
    for (const std::string& bytes :
         {std::string("\x30\x82\x03\xbb", 4), std::string("a\0b", 3), std::string("Schl\xfcssel")})
        EXPECT_EQ(problem(write("der", bytes)),
                  (folder_ / "der").string() +
                      ": is not a text file: a certificate or key in another form becomes "
                      "PEM with `openssl x509` or `openssl pkey`");
    const std::string closed = write("closed", "x");
    ASSERT_EQ(::chmod(closed.c_str(), 0), 0);
    (void)::setfsuid(65534);  // root reads everything; nobody does not. No effect for any other user
    EXPECT_EQ(problem(closed), closed + ": Permission denied");
    (void)::setfsuid(::geteuid());
}

TEST_F(ImportFiles, knows_the_name_of_a_file) {
    EXPECT_EQ(file_name("/a/b.ovpn"), "b.ovpn");
    EXPECT_EQ(file_name("b.ovpn"), "b.ovpn");
}

}  // namespace
}  // namespace memdb::client
