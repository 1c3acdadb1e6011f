#include "keys/rotation_record.hpp"

#include "control/api_fields.hpp"
#include "control/api_time.hpp"

namespace memdb::keys {
namespace {

namespace json = boost::json;
using control::Fields;

constexpr unsigned kGenerationLimit = 1'000'000;
constexpr std::size_t kStepLimit = 32;
constexpr std::size_t kTextLimit = 2048;

void read_generation(Fields& f, std::string_view key, unsigned& out) {
    f.read_number(key, out);
    if (!f.failed() && out > kGenerationLimit) f.fail(key, "a generation expected");
}

}  // namespace

std::string write_rotation_record(const RotationState& state) {
    json::array steps;
    for (const RotationStepTaken& step : state.steps)
        steps.push_back(json::object{
            {"step", to_string(step.kind)}, {"at", control::time_text(step.at)}, {"after_ms", step.after.count()}});
    const json::object record{{"schema", 1},
                              {"phase", to_string(state.phase)},
                              {"generation", state.generation},
                              {"from", state.from},
                              {"previous", state.previous},
                              {"common_name", state.common_name},
                              {"reason", state.reason},
                              {"started_at", control::time_text(state.started_at)},
                              {"steps", std::move(steps)},
                              {"message", state.message.substr(0, kTextLimit)}};
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
    top.read("common_name", state.common_name, kTextLimit);
    top.read("reason", state.reason, kTextLimit);
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
    top.read("message", state.message, 2 * kTextLimit);
    if (trouble) return *trouble;
    return state;
}

}  // namespace memdb::keys
