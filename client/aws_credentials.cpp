#include "client/aws_credentials.hpp"

#include "client/aws_program.hpp"
#include "client/child_process.hpp"
#include "client/import_files.hpp"
#include "config/aws_credentials_parser.hpp"
#include "control/api_fields.hpp"
#include "control/api_secrets.hpp"
#include "control/api_time.hpp"

#include <unistd.h>

#include <cstdlib>
#include <optional>

namespace memdb::client {
namespace {

constexpr Duration kExportLimit = 60s;  // a credential_process may ask a person
constexpr std::string_view kHowToGetSome =
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure` or `aws sso login`";

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string profile_option(const std::string& profile) { return profile.empty() ? "" : " --profile " + profile; }

std::optional<reach::AwsCredentials> from_environment() {
    const std::string key = environment("AWS_ACCESS_KEY_ID");
    Secret<> secret(environment("AWS_SECRET_ACCESS_KEY"));
    if (key.empty() || secret.empty()) return std::nullopt;
    return reach::AwsCredentials{key, std::move(secret), Secret<>(environment("AWS_SESSION_TOKEN"))};
}

bool says(const ChildEnd& end, std::string_view words) { return end.complaints.find(words) != std::string::npos; }

Problem export_problem(const ChildEnd& end, const std::string& profile) {
    if (says(end, "nable to locate credentials") || says(end, "no credentials found"))
        return {Exit::failed, "no AWS credentials: " + std::string(kHowToGetSome)};
    if (says(end, "aws sso login") || (says(end, "SSO") && says(end, "expired")) ||
        says(end, "Error loading SSO Token"))
        return {Exit::failed, "the AWS session has expired: aws sso login" + profile_option(profile)};
    return {Exit::failed, child_failure("aws", end)};
}

/// Nothing when there is no aws program, or one that cannot export.
Outcome<std::optional<reach::AwsCredentials>> from_aws(const std::string& profile, WallTime now) {
    using Found = std::optional<reach::AwsCredentials>;
    const std::string program = find_program("aws");
    if (program.empty()) return Found{};
    ChildCommand command{aws_argv({"configure", "export-credentials", "--format", "process"}, {"", profile}),
                         own_environment(),
                         {},
                         kOutputLimit,
                         kExportLimit};
    command.argv.front() = program;
    auto end = run_child(command);
    if (end.has_error()) return end.error();
    const Secret<> output(std::move(end->output));
    if (end->status != 0) {
        if (says(*end, "nvalid choice")) return Found{};  // AWS CLI 1 has no such command
        return export_problem(*end, profile);
    }
    auto credentials = parse_exported_credentials(output.reveal(), now);
    if (credentials) return Found(std::move(*credentials));
    if (credentials.error().code == Errc::deadline_passed)
        return Problem{Exit::failed, "the AWS session has expired: aws sso login" + profile_option(profile)};
    return Problem{Exit::failed, "aws configure export-credentials: " + credentials.error().message};
}

/// Nothing when there is no such file.
Outcome<std::optional<config::AwsSection>> section_of(const std::string& path, const std::string& profile,
                                                      config::AwsFileKind kind) {
    using Found = std::optional<config::AwsSection>;
    if (::access(path.c_str(), F_OK) != 0) return Found{};
    const auto text = read_secret_file(path);
    if (text.has_error()) return text.error();
    auto section = config::parse_aws_file(text->reveal(), profile, kind);
    if (!section) return Problem{Exit::failed, path + ": " + section.error().message};
    return Found(*std::move(section));
}

std::string path_of(const char* variable, const char* default_name) {
    const std::string given = environment(variable);
    return given.empty() ? environment("HOME") + "/.aws/" + default_name : given;
}

Outcome<reach::AwsCredentials> from_files(std::string profile) {
    for (const char* variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"})
        if (profile.empty()) profile = environment(variable);
    if (profile.empty()) profile = "default";
    std::string instead, paths;
    for (const auto kind : {config::AwsFileKind::credentials, config::AwsFileKind::config}) {
        const std::string path = kind == config::AwsFileKind::credentials
                                     ? path_of("AWS_SHARED_CREDENTIALS_FILE", "credentials")
                                     : path_of("AWS_CONFIG_FILE", "config");
        auto section = section_of(path, profile, kind);
        if (section.has_error()) return section.error();
        paths += (paths.empty() ? "" : " and ") + path;
        if (!*section) continue;
        if ((*section)->keys) return *std::move((*section)->keys);
        if (instead.empty()) instead = (*section)->instead;
    }
    if (!instead.empty())
        return Problem{Exit::failed, "the AWS profile " + profile + " gets its keys by " + instead +
                                         ": that takes an aws program that can export them, of AWS CLI 2.9 or later"};
    return Problem{Exit::failed, "no AWS credentials: " + paths + " have no keys of the profile " + profile + "; " +
                                     std::string(kHowToGetSome)};
}

}  // namespace

Result<reach::AwsCredentials> parse_exported_credentials(std::string_view text, WallTime now) {
    control::WipingMemory memory;
    std::string ends;
    auto credentials = control::parse_whole<reach::AwsCredentials>(
        text, kOutputLimit,
        [&ends](control::Fields& top, reach::AwsCredentials& out) {
            top.read("AccessKeyId", out.access_key, 256);
            if (!top.has("SecretAccessKey")) top.fail("SecretAccessKey", "missing");
            control::read_secret(top, "SecretAccessKey", out.secret_key);
            control::read_secret(top, "SessionToken", out.session_token);
            top.read_optional("Expiration", ends, 64);
        },
        &memory);
    // A time in another zone, or none at all, is AWS's to judge.
    if (ends.ends_with("+00:00")) ends.replace(ends.size() - 6, 6, "Z");
    const auto end = control::parse_time(ends);
    if (credentials && end && *end <= now) return Failure{Errc::deadline_passed, "the credentials have expired"};
    return credentials;
}

Outcome<reach::AwsCredentials> find_aws_credentials(const std::string& profile, WallTime now) {
    if (profile.empty())
        if (auto credentials = from_environment()) return *std::move(credentials);
    auto exported = from_aws(profile, now);
    if (exported.has_error()) return exported.error();
    if (*exported) return **std::move(exported);
    return from_files(profile);
}

}  // namespace memdb::client
