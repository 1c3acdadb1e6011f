// What `memdbctl watch` knows and what a key does to it. Pure: (model, what happened, now) -> model.
#pragma once

#include "control/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

inline constexpr std::size_t kSamplesKept = 240;  ///< of one node: as many as the widest sparkline shows
inline constexpr std::size_t kLinesKept = 500;    ///< of the log

/// One look at a node: microseconds of its last PING, or nothing when it does not answer.
using Sample = std::optional<std::int64_t>;

enum class Key : std::uint8_t { quit, reconnect, doctor, help, up, down, page_up, page_down, next, previous, other };

/// What a key asks for that the model cannot do.
enum class Asked : std::uint8_t { nothing, quit, reconnect, doctor };

/// The keys in the bytes that a terminal has sent; arrows come as escape sequences.
std::vector<Key> decode_keys(std::string_view bytes);

class WatchModel {
  public:
    /// @param profile  the one to begin with; empty: the first.
    explicit WatchModel(std::string profile) : selected_(std::move(profile)) {}

    /// The agent's state as it is now. Nodes and profiles that are gone are forgotten.
    void take(control::Snapshot snapshot);
    /// Remembers each node's PING of the last take(): to be called in a steady rhythm.
    void sample();
    /// A line at the log's end; the oldest goes.
    void note(std::string line);
    /// The agent does not answer; what was known before is still shown.
    void lose(std::string why, WallTime at);
    /// What came of something that was asked for; shown until `until`.
    void tell(std::string text, WallTime until);
    Asked press(Key key);

    [[nodiscard]] const control::ProfileView* profile() const;  ///< the chosen one, null when there is none
    [[nodiscard]] const control::Snapshot& snapshot() const { return snapshot_; }
    [[nodiscard]] const std::string& selected() const { return selected_; }
    /// Oldest first; empty for a node that was never seen.
    [[nodiscard]] const std::deque<Sample>& samples(const std::string& node) const;
    [[nodiscard]] const std::deque<std::string>& log() const { return log_; }
    [[nodiscard]] const std::optional<std::pair<std::string, WallTime>>& lost() const { return lost_; }
    [[nodiscard]] std::string told(WallTime now) const { return now < told_until_ ? told_ : std::string(); }
    [[nodiscard]] bool helps() const { return help_; }
    [[nodiscard]] std::size_t scroll() const { return scroll_; }  ///< nodes above the first that is shown
    [[nodiscard]] std::size_t nodes() const;                      ///< of the chosen profile

  private:
    void select(int step);

    control::Snapshot snapshot_;
    std::string selected_;
    std::map<std::string, std::deque<Sample>> samples_;  ///< by profile and node
    std::deque<std::string> log_;
    std::optional<std::pair<std::string, WallTime>> lost_;
    std::string told_;
    WallTime told_until_{};
    std::size_t scroll_ = 0;
    bool help_ = false;
};

}  // namespace memdb::client
