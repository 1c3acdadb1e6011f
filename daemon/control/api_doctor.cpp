#include "control/api_doctor.hpp"

#include "control/api.hpp"
#include "control/api_fields.hpp"
#include "control/api_time.hpp"

namespace memdb::control {
namespace {

using health::Check;
using health::Diagnosis;
using health::DoctorReport;
using health::Suspect;

void add(json::object& object, std::string_view key, const std::string& text) {
    if (!text.empty()) object[key] = text;
}

json::array texts(const std::vector<std::string>& lines) {
    json::array array;
    for (const std::string& line : lines) array.emplace_back(line);
    return array;
}

json::object value_of(const Check& check) {
    json::object object{{"id", check.id},
                        {"layer", to_string(check.layer)},
                        {"title", check.title},
                        {"state", to_string(check.state)},
                        {"summary", check.summary}};
    add(object, "evidence", check.evidence);
    add(object, "finding", check.finding);
    add(object, "action", check.action);
    add(object, "root", check.root);
    return object;
}

json::object value_of(const Suspect& suspect) {
    return {{"cause", suspect.cause},
            {"sentence", suspect.sentence},
            {"certainty", to_string(suspect.certainty)},
            {"for", texts(suspect.in_favour)},
            {"against", texts(suspect.against)},
            {"decide", suspect.decide}};
}

json::object value_of(const Diagnosis& diagnosis) {
    json::object object{{"state", to_string(diagnosis.state)}, {"summary", diagnosis.summary}};
    add(object, "check", diagnosis.check);
    add(object, "code", diagnosis.code);
    add(object, "evidence", diagnosis.evidence);
    add(object, "action", diagnosis.action);
    json::array suspects;
    for (const Suspect& suspect : diagnosis.suspects) suspects.emplace_back(value_of(suspect));
    object["suspects"] = std::move(suspects);
    return object;
}

json::object value_of(const DoctorReport& report) {
    json::array checks;
    for (const Check& check : report.checks) checks.emplace_back(value_of(check));
    return {{"profile", report.profile},
            {"started_at", time_text(report.started_at)},
            {"took_ms", report.took_ms},
            {"diagnosis", value_of(report.diagnosis)},
            {"checks", std::move(checks)}};
}

void read_check(Fields& f, Check& check) {
    f.read("id", check.id, 64);
    f.read_word("layer", check.layer, health::parse_layer);
    f.read("title", check.title, 256);
    f.read_word("state", check.state, health::parse_check_state);
    f.read("summary", check.summary);
    f.read_optional("evidence", check.evidence);
    f.read_optional("finding", check.finding, 64);
    f.read_optional("action", check.action);
    f.read_optional("root", check.root, 64);
}

void read_diagnosis(Fields& f, Diagnosis& diagnosis) {
    f.read_word("state", diagnosis.state, health::parse_check_state);
    f.read("summary", diagnosis.summary);
    f.read_optional("check", diagnosis.check, 64);
    f.read_optional("code", diagnosis.code, 64);
    f.read_optional("evidence", diagnosis.evidence);
    f.read_optional("action", diagnosis.action);
    f.read_list(
        "suspects", diagnosis.suspects,
        [](Fields& g, Suspect& suspect) {
            g.read("cause", suspect.cause, 64);
            g.read("sentence", suspect.sentence);
            g.read_word("certainty", suspect.certainty, health::parse_certainty);
            g.read_list("for", suspect.in_favour, std::size_t{16});
            g.read_list("against", suspect.against, std::size_t{16});
            g.read("decide", suspect.decide);
        },
        32);
}

void read_report(Fields& f, DoctorReport& report) {
    f.read("profile", report.profile, 256);
    f.read("started_at", report.started_at);
    f.read_number("took_ms", report.took_ms);
    f.read_object("diagnosis", [&](Fields& g) { read_diagnosis(g, report.diagnosis); });
    f.read_list("checks", report.checks, read_check, 64);
}

}  // namespace

std::string check_line(const Check& check) { return json::serialize(json::object{{"check", value_of(check)}}) + "\n"; }

std::string report_line(const DoctorReport& report) {
    return json::serialize(json::object{{"report", value_of(report)}}) + "\n";
}

std::string to_json(const DoctorReport& report) { return json::serialize(value_of(report)); }

Result<std::variant<Check, DoctorReport>> parse_doctor_line(std::string_view line) {
    struct Line {
        std::optional<Check> check;
        std::optional<DoctorReport> report;
        std::optional<std::string> error;
    };
    const auto parsed = parse_whole<Line>(line, kBodyLimit, [](Fields& top, Line& out) {
        top.read_object("check", [&](Fields& f) { read_check(f, out.check.emplace()); });
        top.read_object("report", [&](Fields& f) { read_report(f, out.report.emplace()); });
        top.read_object("error", [&](Fields& f) { f.read("message", out.error.emplace(), 1024); });
        if (!out.check && !out.report && !out.error) top.fail("check", "missing");
    });
    if (parsed.has_error()) return parsed.error();
    if (parsed->error) return Failure{Errc::bad_input, *parsed->error};
    if (parsed->check) return std::variant<Check, DoctorReport>(*parsed->check);
    return std::variant<Check, DoctorReport>(*parsed->report);
}

}  // namespace memdb::control
