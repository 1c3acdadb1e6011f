#include "history/incident_policy.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace memdb::history {
namespace {

constexpr WallTime kBegin = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 26});

/// Lines of "kind word from..to", in seconds from the beginning; "!" in front of the word of an error, "~" of a
/// warning.
std::vector<Span> spans_of(const std::string& story, const std::string& profile = "demo") {
    std::vector<Span> spans;
    std::istringstream lines(story);
    std::string kind, word, detail;
    long from = 0, to = 0;
    char dot = 0;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        if (!(words >> kind >> word >> from >> dot >> dot >> to)) continue;
        Span span;
        span.key = spans.size() + 1;
        span.kind = kind == "verdict" ? SpanKind::verdict : kind == "phase" ? SpanKind::phase : SpanKind::finding;
        span.profile = profile;
        if (word[0] == '!') span.severity = health::Severity::error;
        if (word[0] == '~') span.severity = health::Severity::warning;
        span.word = span.severity == health::Severity::info ? word : word.substr(1);
        std::getline(words >> std::ws, detail);
        span.open = detail == "open";
        span.detail = span.open ? "" : detail;
        span.began = kBegin + std::chrono::seconds(from);
        span.ended = kBegin + std::chrono::seconds(to);
        spans.push_back(span);
    }
    return spans;
}

/// "unreachable 10..20 port-filtered": the incidents, the newest first; then what was counted.
std::string told(const Incidents& all) {
    std::string out;
    for (const auto& incident : all.incidents)
        out += fmt::format("{} {}..{}{} {}\n", health::to_string(incident.worst), (incident.began - kBegin) / 1s,
                           (incident.ended - kBegin) / 1s, incident.open ? " open" : "", incident.cause.value_or("-"));
    for (const auto& view : all.profiles)
        out += fmt::format("{}: {} of {}, degraded {}, incidents {}\n", view.profile, view.answered_ms / 1000,
                           view.observed_ms / 1000, view.degraded_ms / 1000, view.incidents);
    return out;
}

struct Story {
    const char* name;
    const char* spans;
    const char* wanted;
};

const Story kStories[] = {
    {"nothing is known", "", ""},
    {"a quiet day", "verdict connecting 0..1\nverdict reachable 1..100", "demo: 99 of 99, degraded 0, incidents 0\n"},
    {"a failure with its cause",
     "verdict reachable 0..50\nverdict unreachable 50..60\nfinding !port-filtered 50..60 all silent\n"
     "verdict reachable 60..100",
     "unreachable 50..60 port-filtered\ndemo: 90 of 100, degraded 0, incidents 1\n"},
    {"connecting after it was reachable belongs to the failure",
     "verdict reachable 0..50\nverdict connecting 50..53\nverdict unreachable 53..60\nfinding !tunnel-silent 53..58\n"
     "verdict connecting 60..62\nverdict reachable 62..100",
     "unreachable 50..62 tunnel-silent\ndemo: 88 of 100, degraded 0, incidents 1\n"},
    {"a gap that no finding explains has the tunnel's cause",
     "verdict reachable 0..50\nverdict connecting 50..52\nphase starting 50..52 openvpn-crashed\nphase up 52..100 x\n"
     "verdict reachable 52..100",
     "connecting 50..52 openvpn-crashed\ndemo: 98 of 100, degraded 0, incidents 1\n"},
    {"the first connecting is no failure, and one that never gets further is none yet",
     "verdict stopped 0..10\nverdict connecting 10..30", "demo: 0 of 0, degraded 0, incidents 0\n"},
    {"a failure right after connect begins where it is one",
     "verdict stopped 0..10\nverdict connecting 10..15\nverdict unreachable 15..30 open\nfinding !endpoint-silent "
     "15..30",
     "unreachable 15..30 open endpoint-silent\ndemo: 0 of 15, degraded 0, incidents 1\n"},
    {"degraded counts as answered, and is told apart from a failure",
     "verdict degraded 0..50\nfinding ~client-cert-expiring 0..100\nverdict unreachable 50..60\n"
     "finding !endpoint-silent 50..60\nverdict degraded 60..100 open",
     "degraded 60..100 open client-cert-expiring\nunreachable 50..60 endpoint-silent\n"
     "degraded 0..50 client-cert-expiring\ndemo: 90 of 100, degraded 90, incidents 1\n"},
    {"of several findings the first error explains it",
     "verdict reachable 0..50\nverdict unreachable 50..90\nfinding ~crl-expiring 0..100\nfinding !network-offline "
     "50..60\n"
     "finding !endpoint-silent 60..90\nverdict reachable 90..95",
     "unreachable 50..90 network-offline\ndemo: 55 of 95, degraded 0, incidents 1\n"},
    {"information explains nothing",
     "verdict reachable 0..50\nverdict unreachable 50..60\nfinding session-ending 0..100\nverdict reachable 60..70",
     "unreachable 50..60 -\ndemo: 60 of 70, degraded 0, incidents 1\n"},
    {"a restart of the agent does not cut an incident in two",
     "verdict reachable 0..50\nverdict unreachable 50..60\nfinding !port-filtered 50..60\nverdict connecting 62..64\n"
     "verdict unreachable 64..70\nfinding !port-filtered 64..70\nverdict reachable 70..80",
     "unreachable 50..70 port-filtered\ndemo: 60 of 78, degraded 0, incidents 1\n"},
    {"what happened while the agent did not run is not counted",
     "verdict reachable 0..50\nverdict connecting 1000..1002\nverdict reachable 1002..1100",
     "demo: 148 of 148, degraded 0, incidents 0\n"},
    {"an incident before a long gap ends with it",
     "verdict reachable 0..50\nverdict unreachable 50..60\nverdict connecting 1000..1001\nverdict reachable 1001..1100",
     "unreachable 50..60 -\ndemo: 149 of 159, degraded 0, incidents 1\n"},
    {"nobody wants it: the failure is over",
     "verdict reachable 0..50\nverdict unreachable 50..60\nverdict stopped 60..80\nverdict connecting 80..81\n"
     "verdict reachable 81..90",
     "unreachable 50..60 -\ndemo: 59 of 69, degraded 0, incidents 1\n"},
    {"a tunnel that is renewed in no time is no incident",
     "verdict reachable 0..50\nverdict connecting 50..50\nverdict reachable 50..100",
     "demo: 100 of 100, degraded 0, incidents 0\n"},
    {"a clock set back counts no moment twice", "verdict reachable 0..50\nverdict reachable 30..60",
     "demo: 60 of 60, degraded 0, incidents 0\n"},
    {"only what is in the time counts",
     "verdict reachable -100..10\nverdict unreachable 10..20\nverdict reachable 20..5000",
     "unreachable 10..20 -\ndemo: 1990 of 2000, degraded 0, incidents 1\n"},
    {"a word of a newer memdbd is skipped", "verdict splendid 0..50\nverdict reachable 50..60",
     "demo: 10 of 10, degraded 0, incidents 0\n"},
};

TEST(IncidentPolicy, stories) {
    for (const Story& story : kStories) {
        const auto spans = spans_of(story.spans);
        EXPECT_EQ(told(incidents_of(spans, kBegin, kBegin + 2000s)), story.wanted) << story.name;
    }
}

TEST(IncidentPolicy, profiles_do_not_mix) {
    auto spans = spans_of("verdict reachable 0..50\nverdict unreachable 50..60\nfinding !port-filtered 50..60", "demo");
    const auto other = spans_of("verdict reachable 0..60", "prod");
    spans.insert(spans.end(), other.begin(), other.end());
    EXPECT_EQ(told(incidents_of(spans, kBegin, kBegin + 100s)),
              "unreachable 50..60 port-filtered\ndemo: 50 of 60, degraded 0, incidents 1\n"
              "prod: 60 of 60, degraded 0, incidents 0\n");
}

TEST(IncidentPolicy, the_order_of_spans_does_not_matter) {
    auto spans = spans_of(kStories[3].spans);
    std::reverse(spans.begin(), spans.end());
    EXPECT_EQ(told(incidents_of(spans, kBegin, kBegin + 1000s)), kStories[3].wanted);
}

}  // namespace
}  // namespace memdb::history
