// The JSON of POST /v1/profiles/{p}/diagnose: one line for each check as it is done, then one with the whole report.
#pragma once

#include "base/error.hpp"
#include "health/check.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace memdb::control {

/// {"check":{…}} and {"report":{…}}, each with its newline.
[[nodiscard]] std::string check_line(const health::Check& check);
[[nodiscard]] std::string report_line(const health::DoctorReport& report);
/// The report alone, as `memdbctl doctor --json` prints it.
[[nodiscard]] std::string to_json(const health::DoctorReport& report);

/// One line of the stream. An {"error":…} in it is a Failure with its message.
Result<std::variant<health::Check, health::DoctorReport>> parse_doctor_line(std::string_view line);

}  // namespace memdb::control
