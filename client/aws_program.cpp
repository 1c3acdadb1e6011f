#include "client/aws_program.hpp"

#include <algorithm>

namespace memdb::client {

std::vector<std::string> aws_argv(std::vector<std::string> words, const AwsChoice& choice) {
    words.insert(words.begin(), "aws");
    if (!choice.region.empty()) words.insert(words.end(), {"--region", choice.region});
    if (!choice.profile.empty()) words.insert(words.end(), {"--profile", choice.profile});
    words.insert(words.end(), {"--output", "json"});
    return words;
}

namespace {

constexpr std::size_t kAnswerLimit = std::size_t{8} * 1024 * 1024;  ///< of a large account's security groups

bool is_set(const std::vector<std::string>& environment, std::string_view name) {
    return std::any_of(environment.begin(), environment.end(), [&](const std::string& one) {
        return one.starts_with(name) && one.size() > name.size() && one[name.size()] == '=';
    });
}

}  // namespace

Outcome<ChildEnd> ask_aws(std::vector<std::string> words, const AwsChoice& choice, Duration limit) {
    const std::string program = find_program("aws");
    if (program.empty())
        return Problem{Exit::failed,
                       "the program aws is not on this machine: install the AWS CLI (apt install awscli)"};
    ChildCommand command{aws_argv(std::move(words), choice), own_environment(), {}, kAnswerLimit, limit};
    command.argv.front() = program;
    std::erase_if(command.environment, [](const std::string& one) { return one.starts_with("AWS_PAGER="); });
    command.environment.emplace_back("AWS_PAGER=");
    // Throttling is the program's business: it waits and tries again by itself, for v1 as for v2.
    if (!is_set(command.environment, "AWS_RETRY_MODE")) command.environment.emplace_back("AWS_RETRY_MODE=standard");
    if (!is_set(command.environment, "AWS_MAX_ATTEMPTS")) command.environment.emplace_back("AWS_MAX_ATTEMPTS=6");
    return run_child(command);
}

Outcome<std::string> run_aws(std::vector<std::string> words, const AwsChoice& choice, Duration limit) {
    auto end = ask_aws(std::move(words), choice, limit);
    if (end.has_error()) return end.error();
    if (end->status != 0) return Problem{Exit::failed, child_failure("aws", *end)};
    return std::move(end->output);
}

}  // namespace memdb::client
