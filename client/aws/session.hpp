// Calls of the aws program for one command: every answer, every failure in words, and how many there were. Blocking.
#pragma once

#include "base/time.hpp"
#include "client/aws/aws_error.hpp"
#include "client/aws/calls.hpp"
#include "client/aws_program.hpp"

#include <optional>
#include <string>
#include <utility>

namespace memdb::client::aws {

/// Why a call failed: for the code, and for a person.
struct CallFailure {
    AwsError error;  ///< kind other when the program did not run, or was stopped
    Problem problem;
};

template <class T>
using Answer = boost::system::result<T, CallFailure>;

/// How long the program may take, with all its own tries.
struct SessionLimits {
    Duration call = 3min;
    std::optional<TimePoint> until{};  ///< for all calls together; one after it fails at once, as timed out
};

class Session {
  public:
    explicit Session(AwsChoice choice, SessionLimits limits = {}) : choice_(std::move(choice)), limits_(limits) {}

    /// What aws printed, as JSON text.
    Answer<std::string> call(const Words& words);
    /// call(), then `parse`, which gives a Result<T>.
    template <class Parse>
    auto ask(const Words& words, Parse parse) -> Answer<typename decltype(parse(std::string_view{}))::value_type> {
        auto answer = call(words);
        if (answer.has_error()) return answer.error();
        auto parsed = parse(std::string_view(*answer));
        if (parsed.has_error())
            return CallFailure{{}, {Exit::failed, "aws " + words[0] + " " + words[1] + ": " + parsed.error().message}};
        return std::move(*parsed);
    }

    [[nodiscard]] unsigned calls() const { return calls_; }
    /// A signal interrupted a call: all later ones fail at once with this, so that what asks on without one answer
    /// ends.
    [[nodiscard]] const std::optional<Problem>& interruption() const { return interruption_; }
    [[nodiscard]] const AwsChoice& choice() const { return choice_; }
    /// " --region R --aws-profile P": for a command that is proposed.
    [[nodiscard]] std::string options() const;

  private:
    AwsChoice choice_;
    SessionLimits limits_;
    unsigned calls_ = 0;
    std::optional<Problem> interruption_;
};

}  // namespace memdb::client::aws
