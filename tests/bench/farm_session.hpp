// One client of one node of the farm: TLS, then PING, AUTH and CLUSTER SHARDS as far as an agent asks for them.
//
// In:   an accepted socket. Out: answers, and what is counted in FarmCounts. Ends by itself; holds no buffer while
// idle.
#pragma once

#include "farm_cluster.hpp"
#include "farm_tally.hpp"

#include <openssl/ssl.h>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::bench {

struct FarmCounts {
    FarmTally accepts, handshakes, pings;  ///< a handshake counts when it is done
    std::uint64_t resumed = 0;             ///< of the handshakes
    unsigned open_handshakes = 0;
    unsigned most_open_handshakes = 0;  ///< since `reset`
    unsigned sessions = 0;
};

/// What all sessions of the farm share.
struct FarmService {
    SSL_CTX* tls = nullptr;
    std::string user, password;  ///< of AUTH; an empty password: everybody is in
    std::string shards_reply;
    FarmCounts counts;
};

/// A node's own, which outlives its sessions.
struct FarmPresence {
    FarmNode node;
    std::uint64_t last_ping_ms = 0;
    std::uint64_t worst_gap_ms = 0;  ///< between two PINGs since `reset`
};

class FarmSession : public std::enable_shared_from_this<FarmSession> {
  public:
    FarmSession(boost::asio::ip::tcp::socket socket, FarmService& service, FarmPresence& presence);
    ~FarmSession();
    FarmSession(const FarmSession&) = delete;
    FarmSession& operator=(const FarmSession&) = delete;

    void start();
    void reset();  ///< Ends the connection with a TCP reset.

  private:
    void go_on();  ///< With whatever waits for bytes: handshake, write, read.
    [[nodiscard]] bool handshake();
    void serve();
    [[nodiscard]] bool flush();
    bool wait_for(int result);
    void take(std::string_view bytes);
    void answer(const std::vector<std::string_view>& words);

    boost::asio::ip::tcp::socket socket_;
    FarmService& service_;
    FarmPresence& presence_;
    SSL* tls_;
    bool is_secure_ = false;
    bool is_in_;
    std::string unread_, unsent_;
};

[[nodiscard]] std::uint64_t monotonic_ms();

}  // namespace memdb::bench
