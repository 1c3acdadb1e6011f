#include "client/aws_program.hpp"

namespace memdb::client {

std::vector<std::string> aws_argv(std::vector<std::string> words, const AwsChoice& choice) {
    words.insert(words.begin(), "aws");
    if (!choice.region.empty()) words.insert(words.end(), {"--region", choice.region});
    if (!choice.profile.empty()) words.insert(words.end(), {"--profile", choice.profile});
    words.insert(words.end(), {"--output", "json"});
    return words;
}

Outcome<std::string> run_aws(std::vector<std::string> words, const AwsChoice& choice, Duration limit) {
    const std::string program = find_program("aws");
    if (program.empty())
        return Problem{Exit::failed,
                       "the program aws is not on this machine: install the AWS CLI (apt install awscli)"};
    ChildCommand command{aws_argv(std::move(words), choice), own_environment(), {}, kOutputLimit, limit};
    command.argv.front() = program;
    std::erase_if(command.environment, [](const std::string& one) { return one.starts_with("AWS_PAGER="); });
    command.environment.emplace_back("AWS_PAGER=");
    auto end = run_child(command);
    if (end.has_error()) return end.error();
    if (end->status != 0) return Problem{Exit::failed, child_failure("aws", *end)};
    return std::move(end->output);
}

}  // namespace memdb::client
