// TlsStream against OpenSSL's own server over a socket pair, however the server's bytes are cut.
#include "reach/tls_stream.hpp"

#include "base/clock.hpp"

#include "tests/support/test_certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace memdb::reach {
namespace {

using Progress = TlsStream::Progress;
constexpr WallTime kLong{std::chrono::sys_days{std::chrono::year{2126} / 6 / 1}.time_since_epoch()};

/// A TLS server without a socket: what it hears and says are memory, so that the test cuts its words.
class Server {
  public:
    explicit Server(const tests::TestCertificate& wanted = {.common_name = "node.test",
                                                            .not_after = kLong,
                                                            .extended_usage = "serverAuth",
                                                            .key = tests::TestKey::client})
        : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
        const std::string pem = tests::certificate_pem(wanted);
        BIO* text = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
        X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
        SSL_CTX_use_certificate(context_.get(), certificate);
        SSL_CTX_use_PrivateKey(context_.get(), tests::test_key(tests::TestKey::client));
        X509_free(certificate);
        BIO_free(text);
        again();
    }

    /// The next connection, to the same server.
    void again() {
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl_.get());
    }
    /// From now on a ticket carries 8 KiB.
    void fatten_tickets() {
        SSL_CTX_set_session_ticket_cb(
            context_.get(),
            [](SSL* ssl, void*) {
                static const std::string data(8192, 'x');
                return SSL_SESSION_set1_ticket_appdata(SSL_get0_session(ssl), data.data(), data.size());
            },
            [](SSL*, SSL_SESSION*, const unsigned char*, size_t, SSL_TICKET_STATUS, void*) {
                return SSL_TICKET_RETURN_USE;
            },
            nullptr);
        again();
    }
    [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

    std::string answer(std::string_view heard) {
        BIO_write(SSL_get_rbio(ssl_.get()), heard.data(), static_cast<int>(heard.size()));
        SSL_do_handshake(ssl_.get());
        std::string said(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
        if (!said.empty()) BIO_read(SSL_get_wbio(ssl_.get()), said.data(), static_cast<int>(said.size()));
        return said;
    }

  private:
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

class TlsStreamTest : public testing::Test {
  protected:
    TlsStreamTest() { begin(); }
    void begin(TlsSession session = {}) {
        for (const int end : pair_) ::close(end);
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair_.data()), 0);
        if (!context_) context_ = *TlsContext::make(tests::ca_pem(kLong));
        stream_ = std::make_unique<TlsStream>(context_, pair_[0], "node.test", std::move(session));
    }
    ~TlsStreamTest() override {
        ::close(pair_[0]);
        ::close(pair_[1]);
    }

    std::string heard() {
        std::array<char, 4096> bytes{};
        const ssize_t size = ::recv(pair_[1], bytes.data(), bytes.size(), 0);
        return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }
    void say(std::string_view bytes) {
        ASSERT_EQ(::send(pair_[1], bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    /// Says `bytes` in pieces of `size`, with a step of the handshake after each.
    Progress in_pieces(std::string_view bytes, std::size_t size) {
        Progress progress = Progress::wants_read;
        for (; !bytes.empty() && progress == Progress::wants_read; bytes.remove_prefix(std::min(size, bytes.size()))) {
            say(bytes.substr(0, size));
            progress = stream_->handshake();
        }
        return progress;
    }

    /// The whole handshake, and what the server says behind it. @return the size of the server's first flight.
    std::size_t shake(Server& server) {
        EXPECT_EQ(stream_->handshake(), Progress::wants_read);
        const std::string flight = server.answer(heard());
        say(flight);
        EXPECT_EQ(stream_->handshake(), Progress::done) << stream_->problem().text;
        say(server.answer(heard()));
        std::array<char, 64> bytes{};
        std::size_t got = 0;
        EXPECT_EQ(stream_->read(bytes, got), Progress::wants_read) << "tickets are no data";
        return flight.size();
    }

    std::shared_ptr<TlsContext> context_;
    std::array<int, 2> pair_{-1, -1};
    std::unique_ptr<TlsStream> stream_;
};

class TlsStreamPieces : public TlsStreamTest, public testing::WithParamInterface<std::size_t> {};

TEST_P(TlsStreamPieces, HandshakeIsDoneHoweverTheServersBytesAreCut) {
    Server server;
    ASSERT_EQ(stream_->handshake(), Progress::wants_read);
    const std::string flight = server.answer(heard());
    ASSERT_GT(flight.size(), 500U);
    EXPECT_EQ(in_pieces(flight, GetParam()), Progress::done) << stream_->problem().text;
}
// The server's first record was read in the same step that sent the greeting, and the next bytes begin with another
// kind of record (20 or 23): a look at the socket between two steps took that for plain text.
TEST_F(TlsStreamTest, RecordThatCameWithinAStepIsNotMissed) {
    Server server;
    ASSERT_EQ(stream_->handshake(), Progress::wants_read);
    const std::string flight = server.answer(heard());
    const std::size_t hello =
        5U + (static_cast<unsigned char>(flight[3]) << 8U) + static_cast<unsigned char>(flight[4]);
    say(flight.substr(0, hello));
    ASSERT_EQ(stream_->handshake(), Progress::wants_read);
    ASSERT_NE(flight[hello], 22) << "the case needs another kind of record second";
    say(flight.substr(hello));
    EXPECT_EQ(stream_->handshake(), Progress::done) << stream_->problem().text;
}

// A look at the socket, then the read: what came between the two was read and never looked at, and the bytes behind it
// were taken for plain text.
TEST_F(TlsStreamTest, BytesThatArriveWithinAReadAreNotMissed) {
    for (int round = 0; round < 200; ++round) {
        begin();
        Server server;
        ASSERT_EQ(stream_->handshake(), Progress::wants_read);
        const std::string flight = server.answer(heard());
        std::thread peer(
            [&] { EXPECT_EQ(::send(pair_[1], flight.data(), flight.size(), MSG_NOSIGNAL), flight.size()); });
        Progress progress = Progress::wants_read;
        while (progress == Progress::wants_read) progress = stream_->handshake();
        peer.join();
        ASSERT_EQ(progress, Progress::done) << round << ": " << stream_->problem().text;
    }
}

TEST_F(TlsStreamTest, ASessionIsResumedWithoutCertificates) {
    Server server;
    const std::size_t whole = shake(server);
    EXPECT_FALSE(server.resumed());
    TlsSession session = stream_->take_session();
    ASSERT_TRUE(session);
    EXPECT_FALSE(stream_->take_session()) << "it can be used once";
    const WallTime verified_at = session.verified_at;
    EXPECT_LE(wall_now() - verified_at, 10s);
    session.verified_at -= 5min;
    server.again();
    begin(std::move(session));
    const std::size_t short_one = shake(server);
    EXPECT_TRUE(server.resumed());
    EXPECT_LT(short_one * 3, whole);
    const TlsSession next = stream_->take_session();
    EXPECT_TRUE(next) << "and gives the next one";
    EXPECT_EQ(next.verified_at, verified_at - 5min) << "which proves no more than the first";
}

TEST_F(TlsStreamTest, AServerThatKnowsNothingOfASessionShowsItsCertificates) {
    Server first, other;
    shake(first);
    begin(stream_->take_session());
    EXPECT_GT(shake(other), 500U);
    EXPECT_FALSE(other.resumed());
}

// Thousands of nodes each give one, and they are kept while the tunnel is away.
TEST_F(TlsStreamTest, ATicketThatIsTooLargeIsNotKept) {
    Server server;
    server.fatten_tickets();
    shake(server);
    EXPECT_FALSE(stream_->take_session());
}

// What a session stands in for is a certificate that was verified: it must not outlive it, nor grow old.
TEST_F(TlsStreamTest, a_session_holds_no_longer_than_what_was_verified) {
    EXPECT_FALSE(is_still_verified({}, wall_now()));
    const WallTime now = wall_now();
    Server brief({.common_name = "node.test",
                  .not_before = now - 1h,
                  .not_after = now + 10min,
                  .extended_usage = "serverAuth",
                  .key = tests::TestKey::client});
    shake(brief);
    const TlsSession session = stream_->take_session();
    EXPECT_TRUE(is_still_verified(session, now + 9min));
    EXPECT_FALSE(is_still_verified(session, now + 11min)) << "the certificate has expired";
    begin();
    Server lasting;
    shake(lasting);
    const TlsSession other = stream_->take_session();
    EXPECT_TRUE(is_still_verified(other, now + 59min));
    EXPECT_FALSE(is_still_verified(other, now + 61min));
    EXPECT_FALSE(is_still_verified(other, now - 1h)) << "the clock was set back";
}

struct Wrong {
    std::string name;
    WallTime not_before, not_after;
    std::string issuer;
    SecureProblem problem;
    std::vector<std::string> told;
    std::vector<std::string> not_told;
};

// Whoever replaces a certificate that has two faults wants to hear of both.
TEST_F(TlsStreamTest, EverythingThatIsWrongWithACertificateIsTold) {
    const WallTime past = tests::kNow - std::chrono::days{500}, old = tests::kNow - std::chrono::days{400},
                   far = kLong - std::chrono::days{10};
    const Wrong all[] = {
        {"node.test", past, old, "memdb test CA", SecureProblem::expired, {"expired"}, {"another name", "issuer"}},
        {"x.test", past, kLong, "memdb test CA", SecureProblem::name_mismatch, {"x.test"}, {"expired", "valid yet"}},
        {"x.test", past, old, "memdb test CA", SecureProblem::name_mismatch, {"x.test", "and it has expired"}, {}},
        {"x.test", far, kLong, "memdb test CA", SecureProblem::name_mismatch, {"x.test", "it is not valid yet"}, {}},
        {"node.test", past, kLong, "who", SecureProblem::untrusted, {"issuer"}, {"another name", "expired"}},
        {"x.test",
         past,
         old,
         "who",
         SecureProblem::untrusted,
         {"issuer", "another name: /CN=x.test", "has expired"},
         {}},
    };
    for (const Wrong& wrong : all) {
        begin();
        Server server({.common_name = wrong.name,
                       .not_before = wrong.not_before,
                       .not_after = wrong.not_after,
                       .extended_usage = "serverAuth",
                       .key = tests::TestKey::client,
                       .issuer = wrong.issuer});
        ASSERT_EQ(stream_->handshake(), Progress::wants_read);
        say(server.answer(heard()));
        EXPECT_EQ(stream_->handshake(), Progress::failed);
        const SecureFailed& failed = stream_->problem();
        EXPECT_EQ(failed.problem, wrong.problem) << failed.text;
        for (const std::string& part : wrong.told) EXPECT_THAT(failed.text, testing::HasSubstr(part));
        for (const std::string& part : wrong.not_told) EXPECT_THAT(failed.text, testing::Not(testing::HasSubstr(part)));
    }
}

TEST_P(TlsStreamPieces, PlainTextIsToldFromTlsByItsFirstByte) {
    ASSERT_EQ(stream_->handshake(), Progress::wants_read);
    EXPECT_EQ(in_pieces("-ERR unknown command\r\n", GetParam()), Progress::failed);
    EXPECT_EQ(stream_->problem().problem, SecureProblem::not_offered);
}

INSTANTIATE_TEST_SUITE_P(Sizes, TlsStreamPieces, testing::Values(1U, 2U, 5U, 64U, 127U, 128U, 133U, 100'000U));

TEST_F(TlsStreamTest, PlainTextIsQuotedToTheEndOfItsLine) {
    ASSERT_EQ(stream_->handshake(), Progress::wants_read);
    say("-ERR unknown command\r\nmore");
    EXPECT_EQ(stream_->handshake(), Progress::failed);
    EXPECT_THAT(stream_->problem().text, testing::HasSubstr("(\"-ERR unknown command\")"));
}

TEST_F(TlsStreamTest, PeerThatEndsWithoutAWordIsClosed) {
    ASSERT_EQ(stream_->handshake(), Progress::wants_read);
    ::shutdown(pair_[1], SHUT_RDWR);
    EXPECT_EQ(stream_->handshake(), Progress::closed);
}

}  // namespace
}  // namespace memdb::reach
