#include "client/arguments_key.hpp"

#include "client/arguments_aws.hpp"
#include "client/aws_words.hpp"
#include "client/pki/name_policy.hpp"

#include <CLI/CLI.hpp>

namespace memdb::client {
namespace {

std::string check_name(const std::string& text) {
    return pki::is_name(text) ? "" : "a name has " + std::string(pki::kNameRule);
}
std::string check_dns_name(const std::string& text) { return pki::is_dns_name(text) ? "" : "a DNS name is expected"; }
std::string check_endpoint(const std::string& text) {
    return pki::is_endpoint_id(text) ? "" : "an endpoint's id is expected: cvpn-endpoint-0123456789abcdef0";
}
std::string check_arn(const std::string& text) {
    return is_acm_pca_arn(text) ? "" : "arn:aws:acm-pca:REGION:ACCOUNT:certificate-authority/ID is expected";
}
std::string check_time(const std::string& text) {
    return parse_duration(text) ? "" : "a time such as 30s, 500ms or 2m is expected";
}

void add_folder(CLI::App& app, Arguments& into) {
    app.add_option("--pki", into.pki.folder, "the PKI's folder (default ~/.local/share/memdbctl/pki)")
        ->type_name("DIR");
    app.add_option("--easyrsa", into.pki.easyrsa, "the easyrsa program (default: PATH, then /usr/share/easy-rsa)")
        ->type_name("PATH");
}

void add_name(CLI::App& app, Arguments& into, const char* what) {
    app.add_option("NAME", into.pki.name, what)->required()->check(check_name);
}

void add_days(CLI::App& app, Arguments& into, const char* what) {
    app.add_option("--days", into.pki.days, what)->check(CLI::Range(1u, 36500u))->type_name("N");
}

void add_timeout(CLI::App& app, Arguments& into) {
    app.add_option_function<std::string>(
           "--timeout", [&into](const std::string& text) { into.keys.timeout = parse_duration(text).value_or(2min); },
           "stop watching after so long (default 2m); exit 5, the agent goes on")
        ->check(check_time)
        ->type_name("TIME");
}

void add_profile(CLI::App& app, Arguments& into) {
    app.add_option("--profile", into.profile, "tell the agent, too: of this profile")->type_name("PROFILE");
}

}  // namespace

void add_pki_init(CLI::App& app, Arguments& into) {
    add_folder(app, into);
    app.add_option("--cn", into.pki.common_name, "name of the authority (default: MemoryDB VPN CA)")
        ->check([](const std::string& text) {
            const bool plain = !text.empty() && text.size() <= 64 &&
                               text.find_first_not_of(
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789 ._-") == std::string::npos;
            return plain ? std::string()
                         : std::string("1 to 64 letters, digits, blanks, '.', '_' and '-' are expected");
        })
        ->type_name("NAME");
    add_days(app, into, "how long the authority is valid (default 3650)");
}

void add_pki_server(CLI::App& app, Arguments& into) {
    add_name(app, into, "its name, also as DNS name: vpn.example.com");
    add_folder(app, into);
    app.add_option("--san", into.pki.dns_names, "another DNS name; may be given again")
        ->allow_extra_args(false)
        ->check(check_dns_name)
        ->type_name("DNS-NAME");
    add_days(app, into, "how long it is valid (default 825)");
}

void add_pki_client(CLI::App& app, Arguments& into) {
    add_name(app, into, "a new name for each key: laptop-2026");
    add_folder(app, into);
    add_days(app, into, "how long it is valid (default 825)");
    app.add_option("--bundle", into.pki.bundle,
                   "write one file (mode 0600) with certificate, key and CA, for profile import --cert")
        ->type_name("FILE");
    app.add_option("--ovpn", into.pki.ovpn,
                   "the bundle is this downloaded configuration, with certificate and key in it")
        ->type_name("FILE");
}

void add_pki_revoke(CLI::App& app, Arguments& into) {
    add_name(app, into, "see memdbctl pki list");
    add_folder(app, into);
    app.add_option("--reason", into.pki.reason, "why")
        ->check(CLI::IsMember(std::vector<std::string>(pki::kReasons.begin(), pki::kReasons.end())))
        ->type_name("REASON");
    add_days(app, into, "how long the new revocation list is valid (default 180)");
    add_profile(app, into);
}

void add_pki_crl(CLI::App& app, Arguments& into) {
    add_folder(app, into);
    add_days(app, into, "how long it is valid (default 180)");
    add_profile(app, into);
    app.add_option("--publish", into.pki.publish, "import it to this Client VPN endpoint")
        ->check(check_endpoint)
        ->type_name("cvpn-endpoint-ID");
    add_aws_choice(app, into);
}

void add_pki_list(CLI::App& app, Arguments& into) {
    app.add_option("--pki", into.pki.folder, "the PKI's folder (default ~/.local/share/memdbctl/pki)")
        ->type_name("DIR");
}

void add_rotate(CLI::App& app, Arguments& into) {
    app.add_option("--signer", into.keys.signer, "who signs (default: what the profile says)")
        ->check(CLI::IsMember({"pki", "acm-pca", "command", "manual"}))
        ->type_name("pki|acm-pca|command|manual");
    add_folder(app, into);
    app.add_option("--acm-pca", into.keys.acm_pca, "an AWS Private CA, by the aws program")
        ->check(check_arn)
        ->type_name("ARN");
    app.add_option("--signer-command", into.keys.command, "a program: request on stdin, certificate on stdout, 60 s")
        ->type_name("PROGRAM");
    add_aws_choice(app, into);
    add_days(app, into, "how long the certificate is valid (default: pki 825, acm-pca 365)");
    app.add_option("--reason", into.keys.reason, "for the log and the status")->type_name("TEXT");
    app.add_flag("--if-due", into.keys.if_due, "only when it is due; without PROFILE, every profile");
    auto* revoke = app.add_flag_callback(
        "--revoke-old", [&into] { into.keys.revoke_old = true; },
        "signer pki: once confirmed, revoke the old certificate and tell the agent (default: what the profile says)");
    app.add_flag_callback(
           "--no-revoke-old", [&into] { into.keys.revoke_old = false; }, "keep the old certificate valid")
        ->excludes(revoke);
    add_timeout(app, into);
}

void add_key_request(CLI::App& app, Arguments& into) {
    app.add_option("--out", into.keys.out, "write the request here instead of stdout")->type_name("FILE");
    app.add_option("--reason", into.keys.reason, "for the log and the status")->type_name("TEXT");
    app.add_flag("--fresh", into.keys.fresh, "another key, although a request is pending");
}

void add_key_install(CLI::App& app, Arguments& into) {
    app.add_option("CERTFILE", into.keys.first, "the certificate, PEM; not with --retry");
    app.add_option("PROFILE", into.keys.second, "may be left out when there is only one");
    app.add_flag("--retry", into.keys.retry, "prove the certificate that the agent has once more");
    add_timeout(app, into);
}

void add_auth_push(CLI::App& app, Arguments& into) {
    app.add_flag("--if-due", into.keys.if_due,
                 "only when the last token is older than 5 minutes; without PROFILE, every profile by IAM");
    app.add_option("--aws-profile", into.pki.aws_profile, "whose credentials: of the AWS CLI's files")
        ->check(check_aws_word)
        ->type_name("NAME");
    app.add_option("--region", into.pki.region, "sign for this region instead of the profile's")
        ->check(check_aws_word)
        ->type_name("REGION");
}

void add_key_rollback(CLI::App& app, Arguments& into) { add_timeout(app, into); }

}  // namespace memdb::client
