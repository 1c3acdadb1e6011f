// What the history keeps: spans of time with a word, and minutes of PING. Plain values.
//
// A span is known to have lasted from `began` to `ended`; while it lasts, `ended` is moved along, so that a crash costs
// a minute at most and no record is ever left without an end.
#pragma once

#include "base/time.hpp"
#include "health/finding.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memdb::history {

/// A moment as it is stored. `number` may be anything, for a file may be damaged in a way that SQLite does not notice:
/// what no calendar holds becomes the nearest moment that can be reckoned with.
[[nodiscard]] constexpr WallTime stored_time(std::int64_t number) noexcept {
    constexpr Duration latest = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}.time_since_epoch();
    return WallTime(std::clamp(Duration(number), Duration(0), latest));
}

/// Stored as numbers: never renumber.
enum class SpanKind : std::uint8_t { verdict = 0, phase = 1, finding = 2 };

struct Span {
    std::uint64_t key = 0;  ///< unique among the spans of one run of the agent, from 1 on
    SpanKind kind = SpanKind::verdict;
    std::string profile;                                 ///< empty: about the agent itself
    std::string word;                                    ///< verdict, phase, or finding code
    std::string detail;                                  ///< of a phase: its cause; of a finding: its sentence
    health::Severity severity = health::Severity::info;  ///< of a finding
    health::Layer layer = health::Layer::agent;          ///< the same
    WallTime began{};
    WallTime ended{};
    bool open = true;
    bool operator==(const Span&) const = default;
};

/// PINGs of one node in one minute. Latencies are absent when none was answered.
struct PingMinute {
    WallTime minute{};
    std::string profile;
    std::string node;
    std::uint32_t count = 0;  ///< answered
    std::uint32_t lost = 0;
    std::optional<std::int64_t> min_us, median_us, p99_us;
    bool operator==(const PingMinute&) const = default;
};

/// What is written at once. Writing one twice is the same as writing it once, but for its minutes.
struct Batch {
    std::vector<Span> spans;
    std::vector<PingMinute> minutes;
    [[nodiscard]] bool empty() const noexcept { return spans.empty() && minutes.empty(); }
};

}  // namespace memdb::history
