// The parsers of the control API on arbitrary bytes. What was accepted must come back equal through its own JSON.
#include "control/api.hpp"
#include "control/event.hpp"

#include <cstdint>
#include <cstdlib>

using namespace memdb::control;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto must = [](bool holds) {
        if (!holds) std::abort();
    };
    if (const auto snapshot = parse_snapshot(text)) must(*parse_snapshot(to_json(*snapshot)) == *snapshot);
    if (const auto profile = parse_profile(text)) must(*parse_profile(to_json(*profile)) == *profile);
    if (const auto event = parse_event(text)) must(*parse_event(to_json_line(*event)) == *event);
    if (const auto report = parse_ping_report(text)) must(*parse_ping_report(to_json(*report)) == *report);
    if (const auto import = parse_import_request(text)) must(parse_import_request(to_json(*import)).has_value());
    if (const auto crl = parse_crl_report(text)) must(*parse_crl_report(to_json(*crl)) == *crl);
    if (const auto pem = parse_crl_request(text)) must(*parse_crl_request(crl_request_json(*pem)) == *pem);
    if (const auto token = parse_token_request(text))
        must(parse_token_request(token_request_json(*token))->reveal() == token->reveal());
    if (const auto report = parse_token_report(text)) must(*parse_token_report(to_json(*report)) == *report);
    if (const auto change = parse_profile_change(text)) must(parse_profile_change(to_json(*change)).has_value());
    (void)parse_error(text);
    (void)parse_import_report(text);
    (void)parse_ping_request(text);
    return 0;
}
