#include "control/metrics_writer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

namespace memdb::control {
namespace {

constexpr std::size_t kValueLimit = 256;

std::string_view word_of(MetricType type, Exposition exposition) noexcept {
    const bool classic = exposition == Exposition::classic;
    switch (type) {
        case MetricType::gauge: return "gauge";
        case MetricType::counter: return "counter";
        case MetricType::histogram: return "histogram";
        case MetricType::info: return classic ? "gauge" : "info";
        case MetricType::stateset: return classic ? "gauge" : "stateset";
    }
    return "unknown";
}

/// As a label's value: what could end it is escaped, what no name of ours has is made visible.
void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text.substr(0, kValueLimit)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\\' || c == '"')
            (out += '\\') += c;
        else if (c == '\n')
            out += "\\n";
        else
            out += byte < 0x20 || byte >= 0x7f ? '?' : c;
    }
}

/// As both formats want bounds written: "1.0", not "1".
std::string number(double value) {
    if (std::floor(value) == value && std::fabs(value) < 1e15) return fmt::format("{:.1f}", value);
    return fmt::format("{}", value);
}

double seconds(Microseconds duration) { return static_cast<double>(duration.count()) / 1e6; }

}  // namespace

void MetricsWriter::family(std::string_view name, MetricType type, std::string_view unit, std::string_view help) {
    name_ = name;
    ending_ = type == MetricType::counter ? "_total" : type == MetricType::info ? "_info" : "";
    // The classic format knows no family, only names of samples.
    const std::string_view ending = exposition_ == Exposition::classic ? ending_ : std::string_view();
    out_ += fmt::format("# HELP {0}{1} {2}\n# TYPE {0}{1} {3}\n", name, ending, help, word_of(type, exposition_));
    if (!unit.empty() && exposition_ == Exposition::openmetrics) out_ += fmt::format("# UNIT {} {}\n", name, unit);
}

void MetricsWriter::line(std::string_view ending, std::span<const Label> labels, std::string_view value) {
    out_ += name_;
    out_ += ending;
    char before = '{';
    for (const auto& [name, text] : labels) {
        if (text.empty()) continue;  // an empty label is none
        out_ += std::exchange(before, ',');
        (out_ += name) += "=\"";
        append_escaped(out_, text);
        out_ += '"';
    }
    if (before == ',') out_ += '}';
    ((out_ += ' ') += value) += '\n';
}

void MetricsWriter::sample(std::string_view ending, std::span<const Label> labels, double value) {
    line(ending.empty() ? ending_ : ending, labels, fmt::format("{}", value));
}

void MetricsWriter::sample(std::span<const Label> labels, std::uint64_t value) {
    line(ending_, labels, fmt::format("{}", value));
}

void MetricsWriter::moment(std::initializer_list<Label> labels, const std::optional<WallTime>& at) {
    if (!at) return;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at->time_since_epoch()).count();
    line(ending_, std::span(labels), fmt::format("{:.3f}", static_cast<double>(ms) / 1000.0));
}

void MetricsWriter::states(std::initializer_list<Label> labels, std::span<const std::string_view> states,
                           std::string_view is) {
    std::vector<Label> all(labels);
    all.emplace_back(name_, "");
    for (const std::string_view state : states) {
        all.back().second = state;
        line({}, all, state == is ? "1" : "0");
    }
}

void MetricsWriter::histogram(std::span<const Label> labels, const reach::PingTally& tally) {
    std::vector<Label> all(labels.begin(), labels.end());
    all.emplace_back("le", "");
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < tally.buckets.size(); ++i) {
        so_far += tally.buckets[i];
        const std::string bound = i < reach::kPingBounds.size() ? number(seconds(reach::kPingBounds[i])) : "+Inf";
        all.back().second = bound;
        line("_bucket", all, fmt::format("{}", so_far));
    }
    line("_count", labels, fmt::format("{}", so_far));
    sample("_sum", labels, seconds(tally.took));
}

}  // namespace memdb::control
