// The history's file, STATE/history.db: spans and minutes of PING in SQLite, bounded in time and size.
//
// Blocking, on one thread at a time (app/history_agent has a worker for it). A file that is damaged is set aside as
// history.db.damaged-DATE, of which the newest two are kept, and another one is begun. A file of a newer memdbd is
// left alone: then there is no history.
#pragma once

#include "control/api_history.hpp"
#include "history/database_link.hpp"
#include "history/record.hpp"
#include "history/retention_policy.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memdb::history {

struct Question {
    control::HistoryQuery query;
    WallTime now{};
    std::vector<PingMinute> fresh;    ///< not stored yet
    std::vector<Span> fresh_spans{};  ///< of this run, newer than what is stored of them
};

class HistoryStore {
  public:
    /// @param path  of the file; its folder exists and is ours alone.
    /// @return Errc::bad_input for a file of a newer memdbd; too_large: the disk is full; io: it cannot be used.
    static Result<HistoryStore> open(std::string path, const Retention& retention, WallTime now);

    /// All of `batch` or nothing. When the file has its most pages, the oldest records go first. A file that turns out
    /// to be damaged is set aside, and `batch` written to a new one.
    /// @return Errc::too_large: the disk is full; nothing was written, and the same can be tried again.
    Result<void> write(const Batch& batch, WallTime now);

    /// Removes what is too old, and the oldest part of a file that is nearly full. A little at a time.
    Result<void> tidy(WallTime now);

    /// Everything since then, with what is `fresh`. Errc::deadline_passed after 20 s.
    Result<control::History> read(const Question& question);

    void set_retention(const Retention& retention) { retention_ = retention; }

    /// Name and reason of the file that was set aside since the last call.
    std::optional<std::string> take_set_aside() { return std::exchange(set_aside_, std::nullopt); }

  private:
    HistoryStore(std::string path, const Retention& retention) : path_(std::move(path)), retention_(retention) {}
    Result<void> begin();
    Result<void> begin_anew(WallTime now, const Failure& why);
    Result<void> prepare_schema();
    Result<void> put(const Batch& batch);
    Result<void> put_spans(const Batch& batch);
    Result<void> put_minutes(const Batch& batch);
    Result<std::int64_t> name_id(const std::string& text);
    Result<void> remove_before(WallTime cut);
    Result<std::optional<WallTime>> edge(bool oldest);
    Result<std::vector<Span>> spans_of(const control::History& asked, const Question& question);
    void add_fresh(std::vector<Span>& spans, const Question& question) const;
    Result<void> add_minutes(control::History& history, const Question& question);

    std::string path_;
    Retention retention_;
    std::optional<Database> database_;
    std::int64_t key_base_ = 0;  ///< of this run's spans
    std::optional<std::string> set_aside_;
};

}  // namespace memdb::history
