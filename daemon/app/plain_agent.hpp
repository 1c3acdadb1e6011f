// Whether a node that says nothing to a TLS greeting speaks plain text: a Redis without TLS waits for the end of what
// it takes for a command, so its silence looks like that of a way which loses large packets. Decides nothing.
#pragma once

#include "base/time.hpp"
#include "host/ask_link.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace memdb::app {

class PlainAgent {
  public:
    /// @param changed  an answer has come: look again. `io` must outlive the agent.
    PlainAgent(boost::asio::io_context& io, std::function<void()> changed);

    /// Call at every look. Asks at once, and again every 15 s while it lasts.
    /// @param address  of a node that is silent in TLS; empty: there is none, or another one answers.
    void observe(const std::string& address, std::uint16_t port, TimePoint now);

    /// Nobody knows yet.
    [[nodiscard]] bool is_asking() const noexcept { return asking_ && !known_; }
    /// What it says to a PING without TLS; empty: nothing.
    [[nodiscard]] const std::string& answer() const noexcept { return answer_; }

  private:
    host::AskLink link_;
    std::function<void()> changed_;
    std::optional<TimePoint> ask_at_;  ///< the next question; none: no node is silent
    bool asking_ = false;
    bool known_ = false;  ///< one answer has come, or none within the limit
    std::string answer_;
};

}  // namespace memdb::app
