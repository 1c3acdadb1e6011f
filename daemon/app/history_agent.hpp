// Keeps the history: what the Snapshot says, and every PING, on its way to the disk and back.
//
// The disk is the worker's: nothing here waits for it. One batch is on its way at a time; what comes meanwhile is
// collected by the trackers, which are bounded. A batch that could not be written is tried again with the next one, and
// given up, counted, when that is too much. One transaction a minute, and one soon after something changed.
#pragma once

#include "config/settings.hpp"
#include "control/api_history.hpp"
#include "control/control_handler.hpp"
#include "health/blame.hpp"
#include "history/ping_tracker.hpp"
#include "history/span_tracker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace memdb::app {

class HistoryAgent {
  public:
    /// @param path     of the file. `workers` and `io` outlive the agent.
    /// @param changed  conditions() may be others. From the loop only.
    HistoryAgent(boost::asio::io_context& io, boost::asio::thread_pool& workers, std::string path,
                 std::function<void()> changed);
    ~HistoryAgent();
    HistoryAgent(const HistoryAgent&) = delete;
    HistoryAgent& operator=(const HistoryAgent&) = delete;

    /// Begins, ends, or goes on with other limits.
    void follow(const config::HistorySettings& settings);

    /// After every look.
    void observe(const control::Snapshot& snapshot, TimePoint now, WallTime wall);

    /// One PING; without a duration it was not answered. Cheap.
    void sample(const std::string& profile, const std::string& node, std::optional<Microseconds> took);

    /// Answers later, from the loop, with what is known up to now.
    void ask(const control::HistoryQuery& query, std::function<void(control::Reply)> done);

    /// What is wrong with the history now.
    [[nodiscard]] std::vector<health::Condition> conditions(TimePoint now) const;

    /// Writes what is left, for `limit` at most, and stops. Blocking.
    void close(Duration limit);

  private:
    struct Disk;  ///< the worker's
    struct Written;
    [[nodiscard]] std::optional<std::size_t> collect(TimePoint now, WallTime wall);
    void flush();
    void written(const Written& result);
    void arm(TimePoint now);

    boost::asio::io_context& io_;
    boost::asio::thread_pool& workers_;
    std::string path_;
    std::function<void()> changed_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<Disk> disk_;  ///< none: the history is off
    std::shared_ptr<const int> life_ = std::make_shared<const int>(0);
    history::SpanTracker spans_;
    history::PingTracker pings_;
    history::Batch unwritten_;  ///< the last batch, until the disk has it
    bool is_writing_ = false;
    bool is_wanted_ = false;  ///< there is a profile that somebody wants: the open spans go on
    bool is_open_ = false;    ///< the file was written once: whatever is wrong with it is known
    bool has_news_ = false;
    std::size_t reading_ = 0;
    std::int64_t dropped_ = 0;
    TimePoint flushed_at_{};
    std::optional<TimePoint> armed_;
    std::optional<Failure> failure_;                              ///< of the last write
    std::optional<std::pair<TimePoint, std::string>> set_aside_;  ///< told until then
};

}  // namespace memdb::app
