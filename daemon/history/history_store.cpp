#include "history/history_store.hpp"

#include "history/damaged_files.hpp"

#include <map>
#include <utility>

namespace memdb::history {
namespace {

constexpr std::int64_t kSchema = 1;
constexpr Duration kWriteLimit = 20s;
constexpr std::size_t kNameLimit = 512;
constexpr std::size_t kDetailLimit = 1000;

constexpr const char* kTables =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE span(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, profile TEXT NOT NULL, word TEXT NOT NULL,"
    " detail TEXT NOT NULL, severity TEXT NOT NULL, layer TEXT NOT NULL, began INTEGER NOT NULL,"
    " ended INTEGER NOT NULL, open INTEGER NOT NULL);"
    "CREATE INDEX span_ended ON span(ended);"
    "CREATE TABLE ping(minute INTEGER NOT NULL, profile INTEGER NOT NULL, node INTEGER NOT NULL,"
    " count INTEGER NOT NULL, lost INTEGER NOT NULL, min_us INTEGER, median_us INTEGER, p99_us INTEGER);"
    "CREATE INDEX ping_minute ON ping(minute);"
    "PRAGMA application_id=1835230317;"  // "mdbm", for file(1)
    "PRAGMA user_version=1;"
    "COMMIT";

}  // namespace

Result<HistoryStore> HistoryStore::open(std::string path, const Retention& retention, WallTime now) {
    HistoryStore store(std::move(path), retention);
    auto begun = store.begin();
    if (begun.has_error() && begun.error().code == Errc::malformed) begun = store.begin_anew(now, begun.error());
    if (begun.has_error()) return begun.error();
    return store;
}

Result<void> HistoryStore::begin() {
    auto opened = Database::open(path_);
    if (opened.has_error()) return opened.error();
    database_.emplace(std::move(*opened));
    database_->limit(kWriteLimit);
    const auto version = database_->number("PRAGMA user_version");
    if (version.has_error()) return version.error();
    if (*version > kSchema)
        return Failure{Errc::bad_input, "it is of a newer memdbd (version " + std::to_string(*version) +
                                            "); move it away to begin another one"};
    if (auto made = prepare_schema(); made.has_error()) return made.error();
    auto check = database_->prepare("PRAGMA quick_check(1)");
    if (check.has_error()) return check.error();
    const auto row = check->next();
    if (row.has_error()) return row.error();
    if (*row && check->text(0) != "ok") return Failure{Errc::malformed, check->text(0)};
    const auto last = database_->number("SELECT max(id) FROM span");
    if (last.has_error()) return last.error();
    key_base_ = *last;
    return database_->run("UPDATE span SET open=0 WHERE open<>0");
}

Result<void> HistoryStore::prepare_schema() {
    const auto page_size = database_->number("PRAGMA page_size");
    if (page_size.has_error()) return page_size.error();
    const std::string settings =
        "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=64; PRAGMA journal_size_limit=524288;"
        "PRAGMA max_page_count=" +
        std::to_string(page_limit(retention_, std::max<std::int64_t>(*page_size, 512)));
    if (auto set = database_->run(settings.c_str()); set.has_error()) return set.error();
    const auto tables = database_->number("SELECT count(*) FROM sqlite_master WHERE name IN ('name','span','ping')");
    if (tables.has_error()) return tables.error();
    if (*tables == 3) return {};
    const auto others = database_->number("SELECT count(*) FROM sqlite_master");
    if (others.has_error()) return others.error();
    if (*others > 0) return Failure{Errc::malformed, "it has other tables than a history"};
    return database_->run(kTables);
}

Result<void> HistoryStore::begin_anew(WallTime now, const Failure& why) {
    database_.reset();
    auto aside = set_aside(path_, now);
    if (aside.has_error()) return aside.error();
    set_aside_ = *aside + ": " + why.message;
    return begin();
}

Result<void> HistoryStore::write(const Batch& batch, WallTime now) {
    if (!database_)
        if (auto begun = begin(); begun.has_error()) return begun.error();
    database_->limit(kWriteLimit);
    auto written = put(batch);
    if (written.has_error() && written.error().code == Errc::too_large) {
        // Its most pages, or the disk: room inside the file helps either way, if there is something to give.
        if (const auto tidied = tidy(now); tidied.has_value()) written = put(batch);
    }
    if (written.has_error() && written.error().code == Errc::malformed) {
        if (auto begun = begin_anew(now, written.error()); begun.has_error()) return begun.error();
        written = put(batch);
    }
    return written;
}

Result<void> HistoryStore::put(const Batch& batch) {
    if (auto begun = database_->run("BEGIN IMMEDIATE"); begun.has_error()) return begun.error();
    Result<void> done = put_spans(batch);
    if (done.has_value()) done = put_minutes(batch);
    if (done.has_value()) done = database_->run("COMMIT");
    if (done.has_error()) (void)database_->run("ROLLBACK");  // fails where SQLite has rolled back by itself
    return done;
}

Result<void> HistoryStore::put_spans(const Batch& batch) {
    auto put = database_->prepare(
        "INSERT INTO span(id,kind,profile,word,detail,severity,layer,began,ended,open) VALUES(?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT(id) DO UPDATE SET detail=excluded.detail, severity=excluded.severity, ended=excluded.ended,"
        " open=excluded.open");
    if (put.has_error()) return put.error();
    for (const Span& span : batch.spans) {
        put->bind(1, key_base_ + static_cast<std::int64_t>(span.key))
            .bind(2, std::int64_t{static_cast<int>(span.kind)});
        put->bind(3, std::string_view(span.profile)).bind(4, std::string_view(span.word));
        put->bind(5, std::string_view(span.detail).substr(0, kDetailLimit)).bind(6, health::to_string(span.severity));
        put->bind(7, health::to_string(span.layer)).bind(8, span.began).bind(9, span.ended);
        put->bind(10, std::int64_t{span.open ? 1 : 0});
        if (auto done = put->run(); done.has_error()) return done.error();
    }
    return {};
}

Result<std::int64_t> HistoryStore::name_id(const std::string& text) {
    const std::string_view name = std::string_view(text).substr(0, kNameLimit);
    auto put = database_->prepare("INSERT INTO name(text) VALUES(?) ON CONFLICT DO NOTHING");
    if (put.has_error()) return put.error();
    if (auto done = put->bind(1, name).run(); done.has_error()) return done.error();
    auto get = database_->prepare("SELECT id FROM name WHERE text=?");
    if (get.has_error()) return get.error();
    const auto row = get->bind(1, name).next();
    if (row.has_error()) return row.error();
    return get->number(0);
}

Result<void> HistoryStore::put_minutes(const Batch& batch) {
    auto put = database_->prepare(
        "INSERT INTO ping(minute,profile,node,count,lost,min_us,median_us,p99_us) VALUES(?,?,?,?,?,?,?,?)");
    if (put.has_error()) return put.error();
    std::map<std::string, std::int64_t, std::less<>> ids;
    for (const PingMinute& minute : batch.minutes) {
        for (const std::string& name : {minute.profile, minute.node}) {
            if (ids.contains(name)) continue;
            const auto id = name_id(name);
            if (id.has_error()) return id.error();
            ids[name] = *id;
        }
        put->bind(1, minute.minute).bind(2, ids[minute.profile]).bind(3, ids[minute.node]);
        put->bind(4, std::int64_t{minute.count}).bind(5, std::int64_t{minute.lost});
        put->bind(6, minute.min_us).bind(7, minute.median_us).bind(8, minute.p99_us);
        if (auto done = put->run(); done.has_error()) return done.error();
    }
    return {};
}

}  // namespace memdb::history
