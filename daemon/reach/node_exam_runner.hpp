// The doctor's own connection to one node: TCP, TLS, AUTH, PING with 1 400 bytes, TIME. Beside the probes, once.
//
// Verified as every connection is. Decides nothing: says how far it came, how long the large PING took, and what the
// node's clock says.
#pragma once

#include "base/time.hpp"
#include "reach/node_link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace memdb::reach {

struct NodeExam {
    std::optional<Microseconds> large_ping;
    std::string trouble;                  ///< why there was no answer to it: one line
    bool lost = false;                    ///< everything before was answered in time, and it was not
    std::optional<Duration> clock_ahead;  ///< of this machine against the node; negative: behind. Needs the right TIME
};

/// Where, and as whom.
struct NodeExamTarget {
    std::string name;     ///< what the certificate must be for
    std::string address;  ///< literal
    std::uint16_t port = 6379;
    std::shared_ptr<TlsContext> tls;  ///< null: without TLS
    std::string auth;                 ///< the command to log in with; empty: none. Wiped after use
};

class NodeExamRunner {
  public:
    static constexpr std::size_t kLargePing = 1400;  ///< bytes of payload, as AWS's troubleshooting page says

    explicit NodeExamRunner(boost::asio::io_context& io);
    ~NodeExamRunner();  ///< as stop()
    NodeExamRunner(const NodeExamRunner&) = delete;
    NodeExamRunner& operator=(const NodeExamRunner&) = delete;

    /// @param done  once, from the loop, within `limit`; one that runs is replaced.
    void start(NodeExamTarget target, Duration limit, std::function<void(NodeExam)> done);
    void stop();  ///< `done` does not come

  private:
    enum class Stage : std::uint8_t { connecting, securing, authenticating, pinging, timing };

    void take(const ProbeEvent& event);
    void answered(const ReplyReceived& got);
    void go_on();
    void finish(std::string trouble);

    NodeLink link_;
    boost::asio::steady_timer timer_;
    NodeExamTarget target_;
    Stage stage_ = Stage::connecting;
    NodeExam exam_;
    std::function<void(NodeExam)> done_;
};

}  // namespace memdb::reach
