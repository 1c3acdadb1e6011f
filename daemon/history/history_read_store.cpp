// What is asked of the history's file, and what is removed from it.
#include "history/history_map.hpp"
#include "history/history_store.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace memdb::history {
namespace {

constexpr Duration kReadLimit = 20s;
/// Rows that one transaction removes: its log must stay small.
constexpr const char* kSomeRows = "4000";
constexpr std::size_t kRowLimit = 3 * kSpanLimit;

}  // namespace

/// The oldest or the newest moment of all that is stored.
Result<std::optional<WallTime>> HistoryStore::edge(bool oldest) {
    auto ask = database_->prepare(oldest ? "SELECT min(t) FROM (SELECT min(minute) t FROM ping"
                                           " UNION ALL SELECT min(ended) FROM span)"
                                         : "SELECT max(t) FROM (SELECT max(minute) t FROM ping"
                                           " UNION ALL SELECT max(ended) FROM span)");
    if (ask.has_error()) return ask.error();
    const auto row = ask->next();
    if (row.has_error()) return row.error();
    const auto value = *row ? ask->optional_number(0) : std::nullopt;
    if (!value) return std::optional<WallTime>();
    return std::optional(stored_time(*value));
}

Result<void> HistoryStore::remove_before(WallTime cut) {
    for (const char* const what : {"ping WHERE rowid IN (SELECT rowid FROM ping WHERE minute<?",
                                   "span WHERE id IN (SELECT id FROM span WHERE ended<? AND open=0"}) {
        auto remove = database_->prepare(std::string("DELETE FROM ") + what + " LIMIT " + kSomeRows + ")");
        auto changes = database_->prepare("SELECT changes()");
        if (remove.has_error()) return remove.error();
        if (changes.has_error()) return changes.error();
        for (;;) {
            if (auto done = remove->bind(1, cut).run(); done.has_error()) return done.error();
            const auto row = changes->next();
            if (row.has_error()) return row.error();
            const bool more = changes->number(0) > 0;
            if (auto reset = changes->next(); reset.has_error()) return reset.error();
            if (!more) break;
        }
    }
    return database_->run("DELETE FROM name WHERE id NOT IN (SELECT profile FROM ping UNION SELECT node FROM ping)");
}

Result<void> HistoryStore::tidy(WallTime now) {
    if (!database_) return {};
    database_->limit(kReadLimit);
    const auto page_size = database_->number("PRAGMA page_size");
    if (page_size.has_error()) return page_size.error();
    const std::int64_t limit = page_limit(retention_, *page_size);
    if (auto set = database_->number("PRAGMA max_page_count=" + std::to_string(limit)); set.has_error())
        return set.error();
    const auto oldest = edge(true), newest = edge(false);
    if (oldest.has_error()) return oldest.error();
    if (newest.has_error()) return newest.error();
    if (!*oldest) return {};
    if (const WallTime cut = cut_for_age(**oldest, now, retention_); **oldest < cut)
        if (auto removed = remove_before(cut); removed.has_error()) return removed.error();
    const auto pages = database_->number("PRAGMA page_count");
    const auto unused = database_->number("PRAGMA freelist_count");
    if (pages.has_error()) return pages.error();
    if (unused.has_error()) return unused.error();
    if (!is_crowded(*pages - *unused, limit)) return {};
    return remove_before(cut_for_space(**oldest, **newest));
}

/// What goes on is known better by whoever watches it.
void HistoryStore::add_fresh(std::vector<Span>& spans, const Question& question) const {
    std::map<std::uint64_t, Span> by_key;
    for (const Span& span : question.fresh_spans) {
        if (question.query.profile && span.profile != *question.query.profile && !span.profile.empty()) continue;
        const auto key = static_cast<std::uint64_t>(key_base_) + span.key;
        by_key[key] = span;
        by_key[key].key = key;
    }
    std::erase_if(spans, [&](const Span& span) { return by_key.contains(span.key); });
    for (auto& [key, span] : by_key) spans.push_back(std::move(span));
}

Result<std::vector<Span>> HistoryStore::spans_of(const control::History& asked, const Question& question) {
    // The newest of them, should there be more than one answer may hold.
    auto ask = database_->prepare(
        "SELECT id,kind,profile,word,detail,severity,layer,began,ended,open FROM span"
        " WHERE ended>=? AND began<=? AND (?='' OR profile=? OR profile='') ORDER BY ended DESC LIMIT ?");
    if (ask.has_error()) return ask.error();
    const std::string_view name = question.query.profile ? std::string_view(*question.query.profile) : "";
    ask->bind(1, asked.since).bind(2, asked.until).bind(3, name).bind(4, name);
    ask->bind(5, static_cast<std::int64_t>(kRowLimit));
    std::vector<Span> spans;
    for (;;) {
        const auto row = ask->next();
        if (row.has_error()) return row.error();
        if (!*row) return spans;
        const std::int64_t kind = ask->number(1);
        const auto severity = health::parse_severity(ask->text(5));
        const auto layer = health::parse_layer(ask->text(6));
        if (kind < 0 || kind > 2 || !severity || !layer) continue;
        spans.push_back({static_cast<std::uint64_t>(ask->number(0)), static_cast<SpanKind>(kind), ask->text(2),
                         ask->text(3), ask->text(4), *severity, *layer, ask->time(7), ask->time(8),
                         ask->number(9) != 0});
    }
}

Result<void> HistoryStore::add_minutes(control::History& history, const Question& question) {
    const std::string_view name = question.query.profile ? std::string_view(*question.query.profile) : "";
    auto nodes = database_->prepare(
        "SELECT count(*) FROM (SELECT DISTINCT profile,node FROM ping WHERE minute>=? AND minute<=?)");
    if (nodes.has_error()) return nodes.error();
    const auto counted = nodes->bind(1, history.since).bind(2, history.until).next();
    if (counted.has_error()) return counted.error();
    const auto count = std::max(static_cast<std::size_t>(nodes->number(0)), question.fresh.size());
    const Duration bucket = bucket_for(history.until - history.since, count);
    history.bucket_s = bucket / 1s;
    SeriesMaker series(history.since, bucket);
    auto ask = database_->prepare(
        "SELECT minute, p.text, n.text, count, lost, min_us, median_us, p99_us FROM ping"
        " JOIN name p ON p.id=ping.profile JOIN name n ON n.id=ping.node"
        " WHERE minute>=? AND minute<=? AND (?='' OR p.text=?) ORDER BY minute");
    if (ask.has_error()) return ask.error();
    // The minute that `since` lies in belongs to it.
    ask->bind(1, WallTime(history.since - 1min)).bind(2, history.until).bind(3, name).bind(4, name);
    for (;;) {
        const auto row = ask->next();
        if (row.has_error()) return row.error();
        if (!*row) break;
        series.add({ask->time(0), ask->text(1), ask->text(2), static_cast<std::uint32_t>(ask->number(3)),
                    static_cast<std::uint32_t>(ask->number(4)), ask->optional_number(5), ask->optional_number(6),
                    ask->optional_number(7)});
    }
    for (const PingMinute& minute : question.fresh)
        if (name.empty() || minute.profile == name) series.add(minute);
    history.nodes = series.finish();
    return {};
}

Result<control::History> HistoryStore::read(const Question& question) {
    if (!database_) return Failure{Errc::io, "the file is not open"};
    database_->limit(kReadLimit);
    control::History history;
    history.until = question.now;
    history.since = begin_of(question.query.since, question.now);
    const auto oldest = edge(true);
    if (oldest.has_error()) return oldest.error();
    history.oldest = *oldest;
    auto spans = spans_of(history, question);
    if (spans.has_error()) return spans.error();
    history.cut = spans->size() == kRowLimit;
    add_fresh(*spans, question);
    add_spans(history, std::move(*spans));
    if (auto added = add_minutes(history, question); added.has_error()) return added.error();
    return history;
}

}  // namespace memdb::history
