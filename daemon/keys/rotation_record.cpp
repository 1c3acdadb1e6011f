#include "keys/rotation_record.hpp"

#include "control/api_fields.hpp"
#include "control/api_time.hpp"

#include <algorithm>
#include <span>

namespace memdb::keys {
namespace {

namespace json = boost::json;
using control::Fields;

constexpr unsigned kGenerationLimit = 1'000'000;
constexpr std::size_t kStepLimit = 32;
constexpr std::size_t kTextLimit = 2048;  ///< of the message; such a record stays below its limit, whatever is escaped
constexpr std::size_t kReasonLimit = 256;
constexpr std::size_t kNameLimit = 128;

void read_generation(Fields& f, std::string_view key, unsigned& out) {
    f.read_number(key, out);
    if (!f.failed() && out > kGenerationLimit) f.fail(key, "a generation expected");
}

/// What the JSON reader takes back: the record must not be lost over a word that came from a peer or a file's name.
std::string readable(std::string_view text, std::size_t limit) {
    std::string out(text.substr(0, limit));
    if (out.size() < text.size()) {  // not in the middle of a character
        const auto is_inside = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
        std::size_t end = limit;
        while (end > 0 && is_inside(text[end])) --end;
        out.resize(end);
    }
    boost::system::error_code error;
    json::parse(json::serialize(json::value(out)), error);
    for (char& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || (error && byte >= 0x80)) c = '?';
    }
    return out;
}

}  // namespace

std::string write_rotation_record(const RotationState& state) {
    json::array steps;
    const std::size_t skipped = state.steps.size() - std::min(state.steps.size(), kStepLimit);
    for (const RotationStepTaken& step : std::span(state.steps).subspan(skipped))
        steps.push_back(json::object{
            {"step", to_string(step.kind)}, {"at", control::time_text(step.at)}, {"after_ms", step.after.count()}});
    const json::object record{{"schema", 1},
                              {"phase", to_string(state.phase)},
                              {"generation", state.generation},
                              {"from", state.from},
                              {"previous", state.previous},
                              {"common_name", readable(state.common_name, kNameLimit)},
                              {"reason", readable(state.reason, kReasonLimit)},
                              {"started_at", control::time_text(state.started_at)},
                              {"steps", std::move(steps)},
                              {"message", readable(state.message, kTextLimit)}};
    return json::serialize(record) + "\n";
}

Result<RotationState> parse_rotation_record(std::string_view text) {
    const auto value = control::parse_json(text, kRotationRecordLimit);
    if (value.has_error()) return value.error();
    control::Trouble trouble;
    RotationState state;
    Fields top(*value, "", trouble);
    int schema = 0;
    top.read_number("schema", schema);
    if (!trouble && schema != 1) top.fail("schema", "another version of memdbd wrote this");
    top.read_word("phase", state.phase, parse_rotation_phase);
    read_generation(top, "generation", state.generation);
    read_generation(top, "from", state.from);
    read_generation(top, "previous", state.previous);
    top.read("common_name", state.common_name, kNameLimit);
    top.read("reason", state.reason, kReasonLimit);
    top.read("started_at", state.started_at);
    top.read_list(
        "steps", state.steps,
        [](Fields& f, RotationStepTaken& step) {
            std::int64_t after_ms = 0;
            f.read_word("step", step.kind, parse_rotation_step);
            f.read("at", step.at);
            f.read_number("after_ms", after_ms);
            step.after = Duration(after_ms);
        },
        kStepLimit);
    top.read("message", state.message, kTextLimit);
    if (trouble) return *trouble;
    return state;
}

}  // namespace memdb::keys
