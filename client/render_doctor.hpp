// The doctor's report for people: the cause first, then what to do, then how it was found. Pure.
#pragma once

#include "client/render.hpp"
#include "health/check.hpp"

#include <string>

namespace memdb::client {

std::string render_doctor(const health::DoctorReport& report, const Style& style);

/// One check, with what is to be said about it.
std::string render_check(const health::Check& check, const Style& style);

}  // namespace memdb::client
