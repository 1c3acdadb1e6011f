// The agent's own log as JSON: the answer to GET /v1/log.
#include "control/api.hpp"
#include "control/api_fields.hpp"

namespace memdb::control {

std::string to_json(const LogReport& report) {
    json::array lines;
    lines.reserve(report.lines.size());
    for (const std::string& line : report.lines) lines.emplace_back(line);
    return json::serialize(json::object{{"lines", std::move(lines)}, {"forgotten", report.forgotten}});
}

Result<LogReport> parse_log_report(std::string_view text) {
    return parse_whole<LogReport>(text, kReplyLimit, [](Fields& top, LogReport& report) {
        top.read_list("lines", report.lines, kItemLimit);
        top.read_number("forgotten", report.forgotten);
    });
}

}  // namespace memdb::control
