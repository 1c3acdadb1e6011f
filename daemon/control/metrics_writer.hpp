// Lines of OpenMetrics and of the classic text format: families, samples, labels. Pure; for metrics*.cpp.
#pragma once

#include "base/time.hpp"
#include "control/metrics.hpp"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace memdb::control {

enum class MetricType : std::uint8_t { gauge, counter, histogram, info, stateset };

using Label = std::pair<std::string_view, std::string_view>;

class MetricsWriter {
  public:
    MetricsWriter(std::string& out, Exposition exposition) : out_(out), exposition_(exposition) {}

    /// Begins a family: its samples follow. `unit` is the end of its name, or empty.
    void family(std::string_view name, MetricType type, std::string_view unit, std::string_view help);

    /// A sample of the family; a counter's and an info's name gets its ending by itself.
    void sample(std::span<const Label> labels, double value) { sample({}, labels, value); }
    void sample(std::span<const Label> labels, std::uint64_t value);
    void sample(std::initializer_list<Label> labels, double value) { sample(std::span(labels), value); }
    void sample(std::initializer_list<Label> labels, std::uint64_t value) { sample(std::span(labels), value); }
    /// Seconds since 1970; nothing for a moment that is not known.
    void moment(std::initializer_list<Label> labels, const std::optional<WallTime>& at);
    /// Of a stateset: one sample for each of `states`, 1 for the one that is. The label is called as the family is.
    void states(std::initializer_list<Label> labels, std::span<const std::string_view> states, std::string_view is);
    void histogram(std::span<const Label> labels, const reach::PingTally& tally);

  private:
    void sample(std::string_view ending, std::span<const Label> labels, double value);
    void line(std::string_view ending, std::span<const Label> labels, std::string_view value);

    std::string& out_;
    Exposition exposition_;
    std::string_view name_;
    std::string_view ending_;  ///< of every sample
};

}  // namespace memdb::control
