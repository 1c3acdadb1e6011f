// Asks servers for a sign of life with OpenVPN's first packet (hard_reset_codec), all at the same time.
//
// Decides nothing: says who answered, and what was seen of those that did not. Uses the route that the kernel has for
// each address. Servers with tls-auth or tls-crypt never answer.
#pragma once

#include "base/time.hpp"
#include "tunnel/tunnel_state.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace memdb::tunnel {

class HardResetLink {
  public:
    static constexpr std::size_t kServerLimit = 32;  ///< of one probe; those behind are not asked, and not answered

    struct Answer {
        ServerAddress server;
        bool answered = false;
        bool asked = true;     ///< no: this machine has no way to that address, or it was one too many
        Microseconds took{};   ///< from the first packet, over TCP from the first connect(), to the decision
        std::string evidence;  ///< one line for a person: "answer to packet 2", "no answer to 2 packets",
                               ///< "Connection refused", "Network is unreachable", "an answer of another session"
    };
    using Done = std::function<void(std::vector<Answer>)>;
    using EachAnswer = std::function<void(const Answer&)>;

    /// `io` must outlive it.
    explicit HardResetLink(boost::asio::io_context& io);
    ~HardResetLink();  ///< as cancel()
    HardResetLink(const HardResetLink&) = delete;
    HardResetLink& operator=(const HardResetLink&) = delete;

    /// Sends to each server up to `tries` packets (at least one), and waits `limit` for an answer to each; over TCP
    /// each is a connection of its own. One random session id per server.
    ///
    /// A server is decided by its answer, by the last limit, or at once when the kernel cannot send to it (no route, no
    /// address). What the network sends back (ICMP, RST) or a stranger's answer only becomes the evidence: whoever
    /// forges one cannot hide the server's answer. No failure is returned: it is an Answer that is not answered.
    ///
    /// @param done  once, from the loop, never from inside this call, when all are decided: within tries * limit. In
    ///              the order of `servers`; at once, and empty, without any.
    /// @param each  the same for each server as it is decided; before `done`.
    /// Both may call any member function. A probe that runs is replaced: its callbacks are not called any more.
    void probe(std::vector<ServerAddress> servers, unsigned tries, Duration limit, Done done, EachAnswer each = {});

    /// Closes all sockets; the callbacks of a running probe are not called any more.
    void cancel() noexcept;

    [[nodiscard]] bool running() const noexcept;  ///< false from just before `done` on

  private:
    class Asker;
    struct Run;
    boost::asio::io_context& io_;
    std::shared_ptr<Run> run_;
};

}  // namespace memdb::tunnel
