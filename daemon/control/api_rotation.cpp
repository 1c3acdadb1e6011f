// Rotation of keys as JSON: the Snapshot's part, and the bodies of POST …/key/request and key/install.
#include "control/api.hpp"
#include "control/api_fields.hpp"
#include "control/api_time.hpp"
#include "control/api_values.hpp"

namespace memdb::control {
namespace {

constexpr std::size_t kReasonLimit = 200;
constexpr std::size_t kCertificateLimit = std::size_t{256} * 1024;

json::object value_of(const RotationStep& step) {
    return {{"step", step.step}, {"at", time_text(step.at)}, {"after_ms", step.after_ms}};
}

/// An empty body is an object without fields.
std::string_view or_empty(std::string_view text) { return text.empty() ? "{}" : text; }

}  // namespace

json::object value_of(const RotationView& rotation) {
    json::object object{{"phase", rotation.phase}, {"generation", rotation.generation}};
    if (rotation.from) object["from"] = *rotation.from;
    object["common_name"] = rotation.common_name;
    if (rotation.reason) object["reason"] = *rotation.reason;
    object["started_at"] = time_text(rotation.started_at);
    json::array steps;
    for (const RotationStep& step : rotation.steps) steps.emplace_back(value_of(step));
    object["steps"] = std::move(steps);
    if (rotation.message) object["message"] = *rotation.message;
    return object;
}

void read_rotation(Fields& f, RotationView& rotation) {
    f.read("phase", rotation.phase, 64);
    f.read_number("generation", rotation.generation);
    f.read_number("from", rotation.from);
    f.read("common_name", rotation.common_name);
    f.read("reason", rotation.reason);
    f.read("started_at", rotation.started_at);
    f.read_list(
        "steps", rotation.steps,
        [](Fields& g, RotationStep& step) {
            g.read("step", step.step, 64);
            g.read("at", step.at);
            g.read_number("after_ms", step.after_ms);
        },
        64);
    f.read("message", rotation.message);
}

std::string to_json(const KeyRequest& request) {
    json::object object;
    if (!request.reason.empty()) object["reason"] = request.reason;
    if (request.fresh) object["fresh"] = true;
    return json::serialize(object);
}

Result<KeyRequest> parse_key_request(std::string_view text) {
    return parse_whole<KeyRequest>(or_empty(text), kBodyLimit, [](Fields& top, KeyRequest& request) {
        top.only({"reason", "fresh"});
        top.read_optional("reason", request.reason, kReasonLimit);
        top.read_flag("fresh", request.fresh);
    });
}

std::string to_json(const KeyRequestReport& report) {
    return json::serialize(json::object{{"profile", report.profile},
                                        {"generation", report.generation},
                                        {"common_name", report.common_name},
                                        {"csr", report.csr_pem}});
}

Result<KeyRequestReport> parse_key_request_report(std::string_view text) {
    return parse_whole<KeyRequestReport>(text, kBodyLimit, [](Fields& top, KeyRequestReport& report) {
        top.read("profile", report.profile, 256);
        top.read_number("generation", report.generation);
        top.read("common_name", report.common_name, 256);
        top.read("csr", report.csr_pem);
    });
}

std::string to_json(const KeyInstall& install) {
    json::object object;
    if (install.certificate_pem) object["certificate"] = *install.certificate_pem;
    return json::serialize(object);
}

Result<KeyInstall> parse_key_install(std::string_view text) {
    return parse_whole<KeyInstall>(or_empty(text), kBodyLimit, [](Fields& top, KeyInstall& install) {
        top.only({"certificate"});
        if (top.has("certificate")) top.read("certificate", install.certificate_pem.emplace(), kCertificateLimit);
    });
}

}  // namespace memdb::control
