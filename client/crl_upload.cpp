#include "client/crl_upload.hpp"

#include "client/import_files.hpp"
#include "control/api.hpp"
#include "keys/revocation_list.hpp"

namespace memdb::client {

Outcome<control::CrlView> upload_crl(const ControlClient& client, const std::string& profile, std::string_view bytes) {
    const auto list = keys::read_revocation_list(bytes);
    if (list.has_error()) return Problem{Exit::failed, list.error().message};
    const std::string body = control::crl_request_json(list->pem);
    if (body.size() > control::kBodyLimit)
        return Problem{Exit::failed, "the revocation list is too large for the agent: more than 1 MiB as text"};
    const auto response = client.request("POST", profile_path(profile, "/crl"), body, 30s);
    if (response.has_error()) return response.error();
    auto known = control::parse_crl_report(response->body);
    if (known.has_error()) return Problem{Exit::failed, "the agent's answer makes no sense: " + known.error().message};
    return std::move(*known);
}

Outcome<control::CrlView> upload_crl_file(const Context& context, const std::string& profile, const std::string& file) {
    const auto bytes = read_bytes(file, keys::kCrlSizeLimit);
    if (bytes.has_error()) return bytes.error();
    return upload_crl(context.client, profile, *bytes);
}

Outcome<control::CrlView> tell_agent(const Context& context, const std::string& profile, const std::string& file,
                                     const std::string& done) {
    auto known = upload_crl_file(context, profile, file);
    if (known.has_error())
        return Problem{known.error().exit, done + ", but the agent was not told (" + known.error().message +
                                               "); repeat with memdbctl key crl " + file + " " + profile};
    return known;
}

}  // namespace memdb::client
