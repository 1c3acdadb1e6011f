#include "history/database_link.hpp"

#include "base/clock.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace memdb::history {
namespace {

constexpr int kBusyMs = 2000;        ///< for somebody who looks into the file with another program
constexpr int kStepsPerLook = 5000;  ///< of SQLite's machine, between looks at the clock

/// malformed: the file is damaged. too_large: the disk is full, or the file has its most pages. deadline_passed: see
/// Database::limit(). busy: another program holds it. Else io.
Failure failure_of(sqlite3* database) {
    const int code = sqlite3_errcode(database);
    const int system = sqlite3_system_errno(database);
    const std::string text = sqlite3_errmsg(database);
    switch (code) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return {Errc::malformed, text};
        case SQLITE_FULL: return {Errc::too_large, text};
        case SQLITE_INTERRUPT: return {Errc::deadline_passed, "it took too long"};
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return {Errc::busy, text};
        default: break;
    }
    // SQLite knows of a full disk only what ENOSPC says; a quota and a limit of the process are no different for us.
    if (code == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT || system == EFBIG))
        return system_failure("writing", system).code == Errc::io ? Failure{Errc::too_large, "the disk is full"}
                                                                  : Failure{Errc::io, text};
    return {Errc::io, text};
}

/// Made here, so that it never has another mode; SQLite gives its log and index the mode of the file.
Result<void> make_private(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return system_failure(path, errno);
    struct stat about {};
    const bool good = ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
    if (good && (about.st_mode & 07777) != 0600) (void)::fchmod(file, 0600);  // of another owner: then opening fails
    ::close(file);
    if (!good) return Failure{Errc::io, path + ": is not a file"};
    return {};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

Statement& Statement::bind(int at, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), at, value);
    return *this;
}

Statement& Statement::bind(int at, std::string_view text) {
    const char* const bytes = text.empty() ? "" : text.data();  // a null pointer would be no text, but NULL
    sqlite3_bind_text(statement_.get(), at, bytes, static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind(int at, const std::optional<std::int64_t>& value) {
    if (value) return bind(at, *value);
    sqlite3_bind_null(statement_.get(), at);
    return *this;
}

Result<bool> Statement::next() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) {
        sqlite3_reset(statement_.get());
        return false;
    }
    Failure failure = failure_of(database_);
    sqlite3_reset(statement_.get());
    return failure;
}

Result<void> Statement::run() {
    const auto more = next();
    if (more.has_error()) return more.error();
    if (*more) sqlite3_reset(statement_.get());
    return {};
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::optional<std::int64_t> Statement::optional_number(int column) const {
    if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
    return number(column);
}

std::string Statement::text(int column) const {
    const unsigned char* const bytes = sqlite3_column_text(statement_.get(), column);
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Result<Database> Database::open(const std::string& path) {
    if (auto made = make_private(path); made.has_error()) return made.error();
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(raw);
    if (code != SQLITE_OK)
        return Failure{Errc::io, raw != nullptr ? sqlite3_errmsg(raw) : "no memory for the database"};
    sqlite3_extended_result_codes(raw, 0);
    sqlite3_busy_timeout(raw, kBusyMs);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 128, 64);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    auto set =
        database.run("PRAGMA cache_size=-128; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA synchronous=NORMAL");
    if (set.has_error()) return set.error();
    return database;
}

Result<void> Database::run(const char* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return failure_of(database_.get());
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK)
        return failure_of(database_.get());
    return Statement(database_.get(), raw);
}

Result<std::int64_t> Database::number(std::string_view sql) {
    auto statement = prepare(sql);
    if (statement.has_error()) return statement.error();
    const auto row = statement->next();
    if (row.has_error()) return row.error();
    return *row ? statement->number(0) : 0;
}

void Database::limit(Duration time) {
    deadline_ = std::make_shared<TimePoint>(now() + time);
    sqlite3_progress_handler(
        database_.get(), kStepsPerLook,
        [](void* deadline) { return *static_cast<TimePoint*>(deadline) < now() ? 1 : 0; }, deadline_.get());
}

}  // namespace memdb::history
