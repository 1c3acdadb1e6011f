// The socket file itself, and who is at its other end.
#include "control/control_server.hpp"
#include "control/socket_files.hpp"
#include "tests/support/unix_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace memdb::control {
namespace {

using support::Client;
using support::TemporaryFolder;

TEST(PeerOf, tells_this_process) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const auto peer = peer_of(pair[0]);
    ASSERT_TRUE(peer.has_value()) << peer.error().message;
    EXPECT_EQ(peer->uid, ::getuid());
    EXPECT_EQ(peer->gid, ::getgid());
    EXPECT_EQ(peer->pid, ::getpid());
    ::close(pair[0]);
    ::close(pair[1]);
    EXPECT_TRUE(peer_of(-1).has_error());
}

TEST(BindControlSocket, sets_the_mode_and_replaces_a_stale_socket_but_no_live_one) {
    const TemporaryFolder folder;
    const std::string path = folder.file("s");
    const auto first = bind_control_socket(path, 0660, ::getgid());
    ASSERT_TRUE(first.has_value()) << first.error().message;
    struct stat st {};
    ASSERT_EQ(::stat(path.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0660u);

    const auto second = bind_control_socket(path, 0660, {});
    ASSERT_TRUE(second.has_error());
    EXPECT_EQ(second.error().code, Errc::busy);
    EXPECT_EQ(second.error().message, "another program answers on " + path + ": stop it first");
    EXPECT_TRUE(Client(path).connected());

    ::close(*first);  // as a crash leaves it
    const auto third = bind_control_socket(path, 0600, {});
    ASSERT_TRUE(third.has_value()) << third.error().message;
    ::close(*third);
}

TEST(BindControlSocket, leaves_other_files_alone) {
    const TemporaryFolder folder;
    const std::string path = folder.file("s");
    std::ofstream(path) << "precious";
    EXPECT_EQ(bind_control_socket(path, 0660, {}).error().code, Errc::already_exists);
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(bind_control_socket(folder.file("no/such/folder"), 0660, {}).error().code, Errc::io);
    EXPECT_EQ(bind_control_socket(folder.file(std::string(200, 'x')), 0660, {}).error().code, Errc::bad_input);
    EXPECT_EQ(bind_control_socket("", 0660, {}).error().code, Errc::bad_input);
}

}  // namespace
}  // namespace memdb::control
