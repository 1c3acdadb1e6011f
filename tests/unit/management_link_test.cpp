#include "tunnel/management_link.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <cstdlib>
#include <fstream>

using namespace memdb;
using namespace memdb::tunnel;

namespace {

using Unix = boost::asio::local::stream_protocol;

/// A link in a folder of its own, and what it has reported. The "openvpn" that dials in is this very process.
class ManagementLinkTest : public testing::Test {
  protected:
    ManagementLinkTest() {
        char folder[] = "/tmp/memdb-link-XXXXXX";
        folder_ = mkdtemp(folder);
        path_ = folder_ + "/m.sock";
    }
    ~ManagementLinkTest() override {
        link_.close();
        unlink(path_.c_str());
        rmdir(folder_.c_str());
    }

    /// Runs what is ready, and what that makes ready; never waits for anything but our own kernel's loopback.
    void settle() {
        for (int i = 0; i < 10; ++i) {
            io_.restart();
            io_.poll();
        }
    }

    Unix::socket dial() {
        Unix::socket socket(io_);
        socket.connect(Unix::endpoint(path_));
        settle();
        return socket;
    }

    boost::asio::io_context io_;
    std::string folder_, path_, events_;
    ManagementLink link_{io_,
                         {[this](int pid) { events_ += "opened " + std::to_string(pid) + ";"; },
                          [this](std::string_view bytes) { events_ += "received " + std::string(bytes) + ";"; },
                          [this](const std::string& why) { events_ += "lost " + why + ";"; }}};
};

TEST_F(ManagementLinkTest, carries_bytes_both_ways) {
    ASSERT_TRUE(link_.listen(path_).has_value());
    link_.expect(getpid());
    auto peer = dial();
    EXPECT_EQ(events_, "opened " + std::to_string(getpid()) + ";");
    events_.clear();

    boost::asio::write(peer, boost::asio::buffer(std::string(">HOLD:x:0\r\n")));
    ASSERT_TRUE(link_.send("pid\n").has_value());
    ASSERT_TRUE(link_.send("hold release\n").has_value());
    settle();
    EXPECT_EQ(events_, "received >HOLD:x:0\r\n;");
    char got[64] = {};
    EXPECT_EQ(peer.read_some(boost::asio::buffer(got)), 17u);
    EXPECT_STREQ(got, "pid\nhold release\n");
}

TEST_F(ManagementLinkTest, lets_nobody_in_but_the_process_it_expects) {
    ASSERT_TRUE(link_.listen(path_).has_value());
    auto stranger = dial();  // nobody is expected yet
    link_.expect(getpid() + 1);
    auto other = dial();
    EXPECT_EQ(events_, "");
    link_.expect(getpid());
    auto peer = dial();
    EXPECT_EQ(events_, "opened " + std::to_string(getpid()) + ";");
    char byte = 0;
    boost::system::error_code error;
    stranger.read_some(boost::asio::buffer(&byte, 1), error);
    EXPECT_TRUE(error) << "a stranger is closed without a word";
}

TEST_F(ManagementLinkTest, makes_a_private_socket_in_place_of_a_stale_one_and_takes_it_away) {
    std::ofstream(path_) << "left by a crash";
    ASSERT_TRUE(link_.listen(path_).has_value());
    struct stat st {};
    ASSERT_EQ(stat(path_.c_str(), &st), 0);
    EXPECT_TRUE(S_ISSOCK(st.st_mode));
    EXPECT_EQ(st.st_mode & 0777u, 0600u);
    link_.close();
    EXPECT_NE(stat(path_.c_str(), &st), 0);
}

TEST_F(ManagementLinkTest, says_once_that_the_peer_has_gone_after_its_last_words) {
    ASSERT_TRUE(link_.listen(path_).has_value());
    link_.expect(getpid());
    auto peer = dial();
    events_.clear();
    boost::asio::write(peer, boost::asio::buffer(std::string(">FATAL:x\r\n")));
    peer.close();
    settle();
    EXPECT_EQ(events_, "received >FATAL:x\r\n;lost openvpn closed the management connection;");
    EXPECT_EQ(link_.send("pid\n").error().code, Errc::peer_closed);
}

TEST_F(ManagementLinkTest, refuses_to_queue_for_a_peer_that_does_not_read) {
    ASSERT_TRUE(link_.listen(path_).has_value());
    EXPECT_EQ(link_.send("pid\n").error().code, Errc::peer_closed) << "nobody has dialled in yet";
    link_.expect(getpid());
    auto peer = dial();
    Result<void> sent;
    for (int i = 0; i < 10000 && sent.has_value(); ++i) {
        sent = link_.send(std::string(1024, 'x'));
        if (i % 8 == 0) settle();
    }
    ASSERT_TRUE(sent.has_error());
    EXPECT_EQ(sent.error().code, Errc::too_large);
}

TEST_F(ManagementLinkTest, refuses_a_path_that_no_socket_can_have) {
    EXPECT_EQ(link_.listen("/tmp/" + std::string(200, 'x')).error().code, Errc::too_large);
    EXPECT_EQ(link_.listen("/nonexistent/m.sock").error().code, Errc::io);
}

TEST_F(ManagementLinkTest, goes_on_with_a_connection_that_another_process_has_taken) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ASSERT_TRUE(link_.adopt(ends[0]).has_value());
    EXPECT_EQ(link_.peer(), getpid());
    EXPECT_EQ(link_.descriptor(), ends[0]);
    ASSERT_EQ(::write(ends[1], "hello", 5), 5);
    ASSERT_TRUE(link_.send("pid\n").has_value());
    settle();
    EXPECT_EQ(events_, "received hello;") << "not opened: it was open";
    char said[16] = {};
    EXPECT_EQ(::read(ends[1], said, sizeof said), 4);
    EXPECT_EQ(std::string(said), "pid\n");
    ::close(ends[1]);
    settle();
    EXPECT_EQ(link_.peer(), 0);
    EXPECT_EQ(link_.descriptor(), -1);
    EXPECT_NE(events_.find("lost "), std::string::npos);
}

TEST_F(ManagementLinkTest, takes_nothing_over_that_is_no_connection) {
    for (const int descriptor :
         {open("/dev/null", O_RDWR | O_CLOEXEC), socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)}) {
        ManagementLink link(io_, {});
        const auto adopted = link.adopt(descriptor);
        ASSERT_TRUE(adopted.has_error());
        EXPECT_EQ(adopted.error().code, Errc::not_found);
        link.close();
        EXPECT_EQ(fcntl(descriptor, F_GETFD), -1) << "it was taken over in any case";
    }
}

}  // namespace
