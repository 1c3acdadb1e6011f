// One SQLite file: opened, asked, closed. SQLite's own words as Failures. Blocking; for one thread at a time.
//
// SQLite, because what is kept must outlive crashes and full disks, is asked for by time and by profile, and is read by
// others while it is written: that is a database, and no file format of our own would be as well tested.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "history/record.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace memdb::history {

/// A prepared question. Parameters are numbered from 1, columns from 0. Belongs to its Database, which outlives it.
class Statement {
  public:
    Statement(sqlite3* database, sqlite3_stmt* statement) noexcept : database_(database), statement_(statement) {}

    Statement& bind(int at, std::int64_t value);
    Statement& bind(int at, std::string_view text);
    Statement& bind(int at, const std::optional<std::int64_t>& value);
    Statement& bind(int at, WallTime time) { return bind(at, time.time_since_epoch().count()); }

    /// Whether there is a row. After `false` or a failure the statement can be bound and asked again.
    Result<bool> next();
    /// For what answers no rows.
    Result<void> run();

    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] std::optional<std::int64_t> optional_number(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] WallTime time(int column) const { return stored_time(number(column)); }

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    sqlite3* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
  public:
    /// Opens `path`, which is made with mode 0600 when it does not exist. Little memory: 128 KiB of pages.
    static Result<Database> open(const std::string& path);

    Result<void> run(const char* sql);
    Result<Statement> prepare(std::string_view sql);
    /// The first column of the first row; 0 when there is none.
    Result<std::int64_t> number(std::string_view sql);

    /// Questions that take longer are broken off, with Errc::deadline_passed.
    void limit(Duration time);

  private:
    struct Close {
        void operator()(sqlite3* database) const noexcept;
    };
    explicit Database(sqlite3* database) noexcept : database_(database) {}
    std::unique_ptr<sqlite3, Close> database_;
    std::shared_ptr<TimePoint> deadline_;
};

}  // namespace memdb::history
