#include "client/aws/session.hpp"

#include "base/clock.hpp"

#include <algorithm>

namespace memdb::client::aws {
std::string Session::options() const {
    return (choice_.region.empty() ? "" : " --region " + choice_.region) +
           (choice_.profile.empty() ? "" : " --aws-profile " + choice_.profile);
}

Answer<std::string> Session::call(const Words& words) {
    if (interruption_) return CallFailure{{}, *interruption_};
    Duration limit = limits_.call;
    if (limits_.until) limit = std::min(limit, *limits_.until - now());
    if (limit < 1s) return CallFailure{{}, {Exit::timed_out, "no time is left for aws " + words[0] + " " + words[1]}};
    ++calls_;
    auto end = ask_aws(words, choice_, limit);
    if (end.has_error() && end.error().signal != 0) interruption_ = end.error();
    if (end.has_error()) return CallFailure{{}, end.error()};
    if (end->status == 0) return std::move(end->output);
    CallFailure failure{read_aws_error(end->complaints), {}};
    failure.problem = {Exit::failed, aws_error_text(failure.error, words.front(), options())};
    return failure;
}

}  // namespace memdb::client::aws
