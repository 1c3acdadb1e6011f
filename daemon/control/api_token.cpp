// IAM tokens as JSON: the body of POST …/auth and its answer.
#include "control/api.hpp"
#include "control/api_fields.hpp"
#include "control/api_secrets.hpp"
#include "control/api_time.hpp"

namespace memdb::control {

std::string token_request_json(const Secret<>& token) {
    WipingMemory memory;
    const json::storage_ptr storage(&memory);
    json::object object(storage);
    object["token"] = token.reveal();
    return wiping_serialize(object, token.reveal().size() + 64);
}

Result<Secret<>> parse_token_request(std::string_view text) {
    WipingMemory memory;
    return parse_whole<Secret<>>(
        text, kBodyLimit,
        [](Fields& top, Secret<>& token) {
            top.only({"token"});
            if (!top.has("token")) top.fail("token", "missing");
            read_secret(top, "token", token);
        },
        &memory);
}

std::string to_json(const TokenReport& report) {
    return json::serialize(json::object{{"profile", report.profile},
                                        {"cluster", report.cluster},
                                        {"user", report.user},
                                        {"expires_at", time_text(report.expires_at)}});
}

Result<TokenReport> parse_token_report(std::string_view text) {
    return parse_whole<TokenReport>(text, kBodyLimit, [](Fields& top, TokenReport& report) {
        top.read("profile", report.profile, 256);
        top.read("cluster", report.cluster, 256);
        top.read("user", report.user, 256);
        top.read("expires_at", report.expires_at);
    });
}

}  // namespace memdb::control
