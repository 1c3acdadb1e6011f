// Any rows of a history's file, as damage that SQLite does not notice, another version or a person may have left them:
// what is made of them for one question reads back equal through its own JSON, and what is to be removed can be told.
#include "control/api_history.hpp"
#include "history/history_map.hpp"
#include "history/incident_policy.hpp"
#include "history/record.hpp"
#include "history/retention_policy.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace memdb;
using namespace memdb::history;

namespace {

constexpr WallTime kNow(std::chrono::days(20'700));

/// Numbers as they come; a byte chooses whether the next eight are one, or something near what is asked for.
class Bytes {
  public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    [[nodiscard]] bool empty() const { return at_ >= size_; }
    std::uint8_t byte() { return empty() ? std::uint8_t{0} : data_[at_++]; }
    std::int64_t number() {
        std::int64_t value = 0;
        if (byte() % 2U == 0) return byte() * 1000L;
        for (int i = 0; i < 8; ++i) value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << 8U | byte());
        return value;
    }
    WallTime time() {
        if (byte() % 4U != 0) return kNow - Duration(byte() * 700'000L);
        return stored_time(number());
    }
    std::optional<std::int64_t> latency() { return byte() % 4U == 0 ? std::nullopt : std::optional(number()); }
    template <std::size_t N>
    std::string word(const char* const (&words)[N]) {
        return words[byte() % N];
    }

  private:
    const std::uint8_t* data_;
    std::size_t size_, at_ = 0;
};

const char* const kProfiles[] = {"demo", "work", ""};
const char* const kWords[] = {"reachable", "unreachable", "degraded", "connecting", "stopped", "up",
                              "waiting",   "no-such",     ""};

Span span_of(Bytes& in) {
    Span span;
    span.key = static_cast<std::uint64_t>(in.number());
    span.kind = static_cast<SpanKind>(in.byte() % 3U);
    span.profile = in.word(kProfiles);
    span.word = in.word(kWords);
    span.detail = in.word(kWords);
    span.severity = static_cast<health::Severity>(in.byte() % 3U);
    span.layer = static_cast<health::Layer>(in.byte() % 4U);
    span.began = in.time();
    span.ended = in.time();
    span.open = in.byte() % 2U == 0;
    return span;
}

PingMinute minute_of(Bytes& in) {
    return {in.time(),
            in.word(kProfiles),
            in.word(kWords),
            static_cast<std::uint32_t>(in.number()),
            static_cast<std::uint32_t>(in.number()),
            in.latency(),
            in.latency(),
            in.latency()};
}

void must(bool holds) {
    if (!holds) std::abort();
}

void check(const control::History& history) {
    for (const auto& profile : history.profiles) {
        must(profile.answered_ms <= profile.observed_ms && profile.degraded_ms <= profile.answered_ms);
        must(profile.observed_ms <= (history.until - history.since).count() && profile.incidents >= 0);
    }
    for (const auto& incident : history.incidents) must(incident.began <= incident.ended);
    const auto again = control::parse_history(control::to_json(history));
    must(again.has_value() && *again == history);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes in(data, size);
    control::History history;
    history.until = kNow;
    history.since = begin_of(Duration(24h), kNow);
    std::vector<Span> spans;
    SeriesMaker series(history.since, bucket_for(history.until - history.since, 2));
    WallTime oldest = kNow, newest = kNow;
    while (!in.empty() && spans.size() < 200) {
        if (in.byte() % 2U == 0) {
            spans.push_back(span_of(in));
            oldest = std::min(oldest, spans.back().ended);
            newest = std::max(newest, spans.back().ended);
            if (spans.back().ended < history.since || spans.back().began > history.until) spans.pop_back();  // as asked
        } else {
            const PingMinute minute = minute_of(in);
            if (minute.minute >= history.since - 1min && minute.minute <= history.until) series.add(minute);
        }
    }
    (void)cut_for_age(oldest, kNow, {});
    (void)cut_for_space(oldest, newest);
    add_spans(history, std::move(spans));
    history.nodes = series.finish();
    check(history);
    return 0;
}
