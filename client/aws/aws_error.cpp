#include "client/aws/aws_error.hpp"

#include <algorithm>
#include <array>

namespace memdb::client::aws {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
    const auto begin = text.find(before);
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin + before.size());
    return text.substr(0, text.find(after));
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

struct Row {
    std::string_view part;
    AwsErrorKind kind;
};

// Parts of codes. More telling ones first.
constexpr auto kCodes = std::to_array<Row>({
    {"DryRunOperation", AwsErrorKind::would_work},
    {"UnauthorizedOperation", AwsErrorKind::denied},
    {"AccessDenied", AwsErrorKind::denied},
    {"ExpiredToken", AwsErrorKind::expired},
    {"RequestExpired", AwsErrorKind::expired},
    {"InvalidClientTokenId", AwsErrorKind::no_credentials},
    {"UnrecognizedClient", AwsErrorKind::no_credentials},
    {"AuthFailure", AwsErrorKind::no_credentials},
    {"SignatureDoesNotMatch", AwsErrorKind::no_credentials},
    {"Throttl", AwsErrorKind::throttled},
    {"RequestLimitExceeded", AwsErrorKind::throttled},
    {"TooManyRequests", AwsErrorKind::throttled},
    {"Duplicate", AwsErrorKind::duplicate},
    {"AlreadyExists", AwsErrorKind::duplicate},
    {"DependencyViolation", AwsErrorKind::in_use},
    {"ResourceInUse", AwsErrorKind::in_use},
    {"LimitExceeded", AwsErrorKind::quota},
    {"NotFound", AwsErrorKind::not_found},
    {"ConcurrentMutationLimit", AwsErrorKind::throttled},
});

// Sentences of the program's own.
constexpr auto kSentences = std::to_array<Row>({
    {"Unable to locate credentials", AwsErrorKind::no_credentials},
    {"Partial credentials found", AwsErrorKind::no_credentials},
    {"SSO session associated with this profile has expired", AwsErrorKind::expired},
    {"Error loading SSO Token", AwsErrorKind::expired},
    {"Token has expired", AwsErrorKind::expired},
    {"You must specify a region", AwsErrorKind::no_region},
    {"Could not connect to the endpoint URL", AwsErrorKind::unreachable},
    {"Connect timeout on endpoint URL", AwsErrorKind::unreachable},
    {"Read timeout on endpoint URL", AwsErrorKind::unreachable},
});

AwsErrorKind kind_of(std::string_view text, std::string_view code) {
    if (!code.empty()) {
        for (const Row& row : kCodes)
            if (has(code, row.part)) return row.kind;
        return AwsErrorKind::other;
    }
    for (const Row& row : kSentences)
        if (has(text, row.part)) return row.kind;
    if (has(text, "The config profile") && has(text, "could not be found")) return AwsErrorKind::no_profile;
    return AwsErrorKind::other;
}

/// The action and the resource that IAM names, when the message has them.
std::string denied_text(const AwsError& error, std::string_view service) {
    std::string action(between(error.message, "is not authorized to perform: ", " "));
    std::string resource(between(error.message, "on resource: ", " "));
    std::string who(trimmed(between(error.message, "User: ", " is not authorized")));
    // The first endpoint of an account makes a role of AWS's own, and EC2 words that in its own way.
    if (has(error.message, "iam:CreateServiceLinkedRole")) action = "iam:CreateServiceLinkedRole";
    if (action.empty()) action = iam_action(service, error.operation);
    while (!resource.empty() && (resource.back() == '.' || resource.back() == ',')) resource.pop_back();
    return "access denied: " + action + (resource.empty() ? "" : " on " + resource) +
           (who.empty() ? "" : " for " + who) +
           "; have it allowed (scripts/aws/policy.json is all that is needed), or say --aws-profile";
}

}  // namespace

std::string iam_action(std::string_view service, std::string_view operation) {
    return std::string(service) + ":" + std::string(operation);
}

AwsError read_aws_error(std::string_view complaints) {
    AwsError error;
    std::string_view text = trimmed(complaints);
    if (const auto at = text.rfind("An error occurred ("); at != std::string_view::npos) {
        text.remove_prefix(at);
        error.code = between(text, "An error occurred (", ")");
        error.operation = between(text, "when calling the ", " operation");
        // "… the X operation: MESSAGE", or "… the X operation (reached max retries: 4): MESSAGE".
        auto begin = text.find(" operation");
        if (begin != std::string_view::npos && text.substr(begin).starts_with(" operation ("))
            begin = text.find("): ", begin);
        if (begin != std::string_view::npos) begin = text.find(": ", begin);
        if (begin != std::string_view::npos) text.remove_prefix(begin + 2);
    } else if (const auto line = text.rfind('\n'); line != std::string_view::npos) {
        text = trimmed(text.substr(line));
    }
    if (const auto secret = text.find("Encoded authorization failure"); secret != std::string_view::npos)
        text = text.substr(0, secret);
    error.kind = kind_of(complaints, error.code);
    error.message = trimmed(text).substr(0, 500);
    return error;
}

std::string aws_error_text(const AwsError& error, std::string_view service, const std::string& choice) {
    switch (error.kind) {
        case AwsErrorKind::no_credentials:
            return "AWS does not know who you are (" + (error.code.empty() ? error.message : error.code) +
                   "): run aws configure or aws sso login, or say --aws-profile NAME; aws sts get-caller-identity "
                   "tells "
                   "who you are";
        case AwsErrorKind::expired:
            return "your AWS session has expired: run aws sso login, or get new credentials, then the same again";
        case AwsErrorKind::no_region:
            return "which region? Say --region, such as --region eu-central-1, or set one with aws configure";
        case AwsErrorKind::no_profile: return error.message + ": see aws configure list-profiles";
        case AwsErrorKind::denied: return denied_text(error, service);
        case AwsErrorKind::throttled:
            return "AWS asks for less haste (" + error.code + " at " + error.operation +
                   "), after several tries: wait a minute, then the same again goes on where it stopped";
        case AwsErrorKind::quota:
            return "a quota of the account is reached (" + error.code + "): " + error.message +
                   "; free something, or ask for more in the Service Quotas console, then the same again";
        case AwsErrorKind::unreachable:
            return "AWS cannot be reached from here: " + error.message + "; check the network, and --region";
        case AwsErrorKind::not_found:
        case AwsErrorKind::duplicate:
        case AwsErrorKind::in_use:
        case AwsErrorKind::would_work:
        case AwsErrorKind::other: break;
    }
    std::string text = "aws " + std::string(service);
    if (!error.operation.empty()) text += " " + error.operation;
    text += ": " + (error.message.empty() ? "failed without a word" : error.message);
    if (!error.code.empty()) text += " (" + error.code + ")";
    if (!choice.empty() && error.kind == AwsErrorKind::not_found) text += "; looked in" + choice;
    return text;
}

}  // namespace memdb::client::aws
