// The drawings of the report: shapes are SVG that stretches, words are HTML that does not. Pure.
#pragma once

#include "client/local_time.hpp"
#include "control/history_view.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

/// The time that all drawings of one report show.
struct TimeAxis {
    WallTime begin{};
    WallTime end{};
    LocalTime local = nullptr;

    /// 0 … 1000, clamped.
    [[nodiscard]] double place(WallTime time) const;
    /// The line of labels below a drawing, and lines at the same places in it.
    [[nodiscard]] std::string labels() const;
    [[nodiscard]] std::string lines(double height) const;

  private:
    [[nodiscard]] std::vector<WallTime> ticks() const;
};

/// A scale of latencies, logarithmic, with round ends.
struct LatencyAxis {
    double low = 100;     ///< microseconds
    double high = 10000;  ///< the same

    /// 0 (high) … `height` (low), clamped.
    [[nodiscard]] double place(double microseconds, double height) const;
    [[nodiscard]] std::vector<double> ticks() const;
};

/// The scale that the latencies of all these nodes fit into.
LatencyAxis latency_axis(const std::vector<const control::NodeHistory*>& nodes);

/// One lane: the verdicts of a profile.
std::string verdict_lane(const control::History& history, std::string_view profile, const TimeAxis& axis);

/// One lane for each code that stood, the longest first, at most eight.
std::string finding_lanes(const control::History& history, std::string_view profile, const TimeAxis& axis);

/// Median with a band from min to p99; a mark below where PINGs were lost.
std::string latency_plot(const control::NodeHistory& node, std::int64_t bucket_s, const TimeAxis& axis,
                         const LatencyAxis& scale);

}  // namespace memdb::client
