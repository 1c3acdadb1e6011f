// The rest of the control API on arbitrary bytes: history, doctor, log, keys, and the words of a query. What was
// accepted must come back equal through its own text, and an import can be judged.
#include "config/import_policy.hpp"
#include "control/api.hpp"
#include "control/api_doctor.hpp"
#include "control/api_history.hpp"
#include "control/api_time.hpp"

#include <cstdint>
#include <cstdlib>

using namespace memdb;
using namespace memdb::control;

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

void read_doctor(std::string_view text) {
    const auto line = parse_doctor_line(text);
    if (!line) return;
    const auto* check = std::get_if<health::Check>(&*line);
    const auto* report = std::get_if<health::DoctorReport>(&*line);
    must(*parse_doctor_line(check != nullptr ? check_line(*check) : report_line(*report)) == *line);
}

void read_query(std::string_view text) {
    if (const auto query = parse_history_query(text); !query) must(!query.error().message.empty());
    const auto since = parse_since(text);
    if (since && std::holds_alternative<Duration>(*since))
        must(std::get<Duration>(*since) > 0ms && std::get<Duration>(*since) <= std::chrono::days(366));
    if (const auto at = parse_time(text)) must(parse_time(time_text(*at)) == at);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto history = parse_history(text)) must(*parse_history(to_json(*history)) == *history);
    if (const auto log = parse_log_report(text)) must(*parse_log_report(to_json(*log)) == *log);
    if (const auto key = parse_key_request(text)) must(*parse_key_request(to_json(*key)) == *key);
    if (const auto report = parse_key_request_report(text))
        must(*parse_key_request_report(to_json(*report)) == *report);
    if (const auto install = parse_key_install(text)) must(*parse_key_install(to_json(*install)) == *install);
    (void)parse_finding(text);
    read_doctor(text);
    read_query(text);
    if (const auto import = parse_import_request(text)) {
        const auto judged = config::judge_import(*import, WallTime(std::chrono::days(20'700)));
        if (!judged) must(!judged.error().message.empty());
    }
    return 0;
}
