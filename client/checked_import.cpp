#include "client/checked_import.hpp"

#include "base/clock.hpp"
#include "config/wiped_directives.hpp"

#include <utility>

namespace memdb::client {

Outcome<CheckedImport> check_import(const ImportPaths& paths) {
    auto sources = gather_sources(paths);
    if (sources.has_error()) return sources.error();
    auto lexed = config::lex_ovpn(sources->ovpn_text, sources->ovpn_name);
    if (!lexed) return Problem{Exit::failed, lexed.error().message};
    const config::WipedDirectives directives(*std::move(lexed));
    auto judged = config::judge_ovpn(directives.list, sources->ovpn_name, config::CredentialSource::given);
    if (!judged) return Problem{Exit::failed, judged.error().message};

    CheckedImport checked{sources->ovpn_name, *std::move(judged), std::nullopt, {}, std::move(sources->warnings)};
    const auto add = [&](const std::vector<std::string>& more) {
        checked.warnings.insert(checked.warnings.end(), more.begin(), more.end());
    };
    add(checked.config.warnings);
    if (sources->cert_pem.empty() && sources->key_pem.empty()) return checked;
    if (sources->cert_pem.empty())
        checked.credential_trouble = "a key without its certificate: give it with --cert";
    else if (sources->key_pem.empty())
        checked.credential_trouble = "a certificate without its key: give it with --key";
    if (!checked.credential_trouble.empty()) return checked;
    auto credential = keys::check_client_credential(sources->cert_pem, sources->key_pem, wall_now());
    if (!credential) {
        checked.credential_trouble = credential.error().message;
        return checked;
    }
    add(credential->warnings);
    checked.credential = *std::move(credential);
    return checked;
}

}  // namespace memdb::client
