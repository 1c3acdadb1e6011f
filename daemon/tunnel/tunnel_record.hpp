// What a later memdbd must know to take over a tunnel that is up: beside the connection in systemd's store, as text.
// Pure.
//
// Kept in the runtime folder, so that it is gone when nothing can be left: after a boot, and after a real stop.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "tunnel/tunnel_state.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::tunnel {

inline constexpr std::size_t kTunnelRecordLimit = 256 * 1024;  ///< bytes of text

struct TunnelRecord {
    int pid = 0;
    std::uint64_t start_time = 0;  ///< of the process: clock ticks after boot
    std::string exe;               ///< of the process: what /proc/PID/exe said
    unsigned generation = 0;       ///< the key that it was started with
    ServerAddress server;
    std::string device;
    std::vector<std::string> push_lines;  ///< of its log: what the server pushed (push_reply_parser reads it again)
    WallTime session_from{};              ///< what the calendar said when it came up
    TimePoint connected_at{};             ///< CLOCK_MONOTONIC, the same for every process until the next boot
    std::uint64_t restarts = 0;
    std::vector<TimePoint> losses;
    std::string last_restart_cause;
    bool stale = false;

    bool operator==(const TunnelRecord&) const = default;
};

/// One line of JSON, schema 1, ended by a newline.
[[nodiscard]] std::string to_json(const TunnelRecord& record);

/// Errc::malformed for anything that to_json would not have written, Errc::too_large above kTunnelRecordLimit.
[[nodiscard]] Result<TunnelRecord> parse_tunnel_record(std::string_view text);

}  // namespace memdb::tunnel
