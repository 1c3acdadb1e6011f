#include "base/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <string>

namespace memdb {
namespace {

/// Whether stderr is the journal: systemd says which device and inode it connected (systemd.exec(5), $JOURNAL_STREAM).
bool stderr_is_the_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat st {};
    if (stream == nullptr || fstat(2, &st) != 0) return false;
    return std::string_view(stream) == std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino);
}

spdlog::sink_ptr make_sink() {
    if (stderr_is_the_journal()) {
        auto sink = std::make_shared<spdlog::sinks::systemd_sink_mt>("memdbd", true);
        sink->set_pattern("%n: %v");
        return sink;
    }
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    sink->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%-5l%$ %n: %v");
    return sink;
}

/// Into memory, for `memdbctl bugreport`: the journal may be gone, or not readable by who reports.
class RingSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    RingSink() {
        set_formatter_(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %n: %v",
                                                                   spdlog::pattern_time_type::utc, ""));
    }
    LogRing lines() {
        const std::lock_guard lock(mutex_);
        return ring_;
    }

  private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t text;
        formatter_->format(message, text);
        ring_.add({text.data(), text.size()});
    }
    void flush_() override {}

    LogRing ring_;
};

const std::shared_ptr<RingSink>& the_ring() {
    static const auto ring = std::make_shared<RingSink>();
    return ring;
}

const spdlog::sink_ptr& the_sink() {
    static const spdlog::sink_ptr sink = make_sink();
    return sink;
}

}  // namespace

std::shared_ptr<spdlog::logger> logger(std::string_view name) {
    const std::string key(name);
    if (auto known = spdlog::get(key)) return known;
    const std::initializer_list<spdlog::sink_ptr> sinks = {the_sink(), the_ring()};
    auto made = std::make_shared<spdlog::logger>(key, sinks);
    made->set_level(spdlog::get_level());
    made->flush_on(spdlog::level::info);
    spdlog::register_logger(made);
    return made;
}

LogRing recent_log_lines() { return the_ring()->lines(); }

Result<void> set_log_level(std::string_view level) {
    constexpr std::array levels = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                   spdlog::level::err};
    constexpr std::array<std::string_view, levels.size()> names = {"trace", "debug", "info", "warn", "error"};
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == level) {
            spdlog::set_level(levels[i]);
            return {};
        }
    return Failure{Errc::bad_input,
                   "no log level \"" + std::string(level) + "\": use error, warn, info, debug or trace"};
}

}  // namespace memdb
