#include "client/aws/session.hpp"

namespace memdb::client::aws {
namespace {

constexpr Duration kCallLimit = 3min;  ///< with all the program's own tries

}  // namespace

std::string Session::options() const {
    return (choice_.region.empty() ? "" : " --region " + choice_.region) +
           (choice_.profile.empty() ? "" : " --aws-profile " + choice_.profile);
}

Answer<std::string> Session::call(const Words& words) {
    ++calls_;
    auto end = ask_aws(words, choice_, kCallLimit);
    if (end.has_error()) return CallFailure{{}, end.error()};
    if (end->status == 0) return std::move(end->output);
    CallFailure failure{read_aws_error(end->complaints), {}};
    failure.problem = {Exit::failed, aws_error_text(failure.error, words.front(), options())};
    return failure;
}

}  // namespace memdb::client::aws
