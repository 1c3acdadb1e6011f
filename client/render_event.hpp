// Events and PING rounds as lines for people. Pure.
#pragma once

#include "client/render.hpp"
#include "control/event.hpp"

#include <string>
#include <vector>

namespace memdb::client {

/// "15:04:05" in the reader's time zone.
std::string clock_text(WallTime at, Duration offset);

/// "15:04:05  demo  verdict  connecting → reachable". `offset`: the reader's time zone. Ends with a newline.
std::string render_event(const control::Event& event, Duration offset, const Style& style);

/// The findings that stand, by profile; one line when there is none.
std::string render_findings(const control::Snapshot& snapshot, const Style& style);

/// One line a node: "demo-0001-001 primary  0.7 ms".
std::string render_ping_round(const control::PingReport& report, const Style& style);

/// What all rounds together were like, as ping(8) sums it up.
class PingSummary {
  public:
    void add(const control::PingReport& report);
    [[nodiscard]] bool all_answered() const { return sent_ > 0 && answered_ == sent_; }
    /// "24 sent, 23 answered; min 0.6 ms, avg 0.8 ms, max 1.4 ms". Ends with a newline.
    [[nodiscard]] std::string text() const;

  private:
    std::size_t sent_ = 0;
    std::size_t answered_ = 0;
    std::int64_t sum_us_ = 0;
    std::int64_t min_us_ = 0;
    std::int64_t max_us_ = 0;
};

}  // namespace memdb::client
