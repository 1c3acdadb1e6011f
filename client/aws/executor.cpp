#include "client/aws/executor.hpp"

#include "base/clock.hpp"
#include "client/aws/absorb.hpp"
#include "client/aws/local_state.hpp"
#include "client/aws/local_step.hpp"
#include "client/aws/pem_files.hpp"
#include "client/aws/render_plan.hpp"
#include "client/aws/survey.hpp"
#include "client/progress_line.hpp"
#include "client/text.hpp"

#include <thread>

namespace memdb::client::aws {
namespace {

constexpr Duration kFirstPause = 1s, kLongestPause = 15s;
constexpr Duration kPatience = 45min;  ///< AWS's own tools had to raise theirs to 30
constexpr Duration kSayAgain = 1min;   ///< where there is no terminal
constexpr unsigned kTries = 3;         ///< of one step: then AWS does not show what it was asked to do

const Step* first_waiting(const Plan& plan) {
    for (const Step& step : plan.steps)
        if (step.state == StepState::waiting) return &step;
    return nullptr;
}

}  // namespace

Executor::Executor(Context& context, Session& session, const Wish& wish, Situation situation, Planner plan,
                   Survey survey)
    : context_(context),
      session_(session),
      wish_(wish),
      inventory_(std::move(situation.inventory)),
      local_(std::move(situation.local)),
      plan_(std::move(plan)),
      survey_(std::move(survey)) {}

Outcome<void> Executor::run() {
    for (;;) {
        const Plan plan = plan_(inventory_, local_);
        if (!plan.refusal.empty()) return Problem{Exit::failed, plan.refusal};
        if (is_finished(plan)) return boost::system::in_place_value;
        const Step* step = next_step(plan);
        const auto done = step != nullptr ? do_step(*step) : wait(plan);
        if (done.has_error()) return done.error();
    }
}

Outcome<void> Executor::do_step(const Step& step) {
    if (++tries_[step.what] > kTries)
        return Problem{Exit::failed, "AWS took the order, but does not show it: " + step.what +
                                         "; wait a few minutes, then the same again"};
    const TimePoint begun = now();
    {
        ProgressLine line(context_);
        line.show_now(step.what);
        if (const auto done = is_remote(step.action) ? do_remote(step) : do_local(step); done.has_error())
            return done.error();
    }
    if (!is_done_) {  // something still needs it: how long that has lasted goes on being counted
        is_done_ = true;
        return boost::system::in_place_value;
    }
    print(render_done(step, now() - begun, context_.terminal.out));
    waiting_since_.reset();
    return boost::system::in_place_value;
}

Outcome<void> Executor::do_remote(const Step& step) {
    CertificateFiles files;
    std::optional<PemFiles> pem;
    if (step.action == Action::import_certificate || step.action == Action::reimport_certificate) {
        auto made = PemFiles::make(pki::PkiFolder(wish_.pki_folder), local_.server ? local_.server->file : "");
        if (made.has_error()) return made.error();
        pem = std::move(*made);
        files = pem->files();
    }
    const Words words = step_words(step, wish_, inventory_, files);
    if (words.empty()) return Problem{Exit::failed, "[unexpected] a step came too early: " + step.what};
    auto answer = session_.call(words);
    if (answer.has_error()) return recover(step, answer.error());
    ++changes_;
    const auto taken = absorb(inventory_, step, wish_, local_, *answer);
    if (taken.has_error()) return Problem{Exit::failed, taken.error().message};
    if (wants_refresh(step.action)) return refresh_endpoint(session_, inventory_, wish_.cluster);
    return boost::system::in_place_value;
}

/// What a failure says of the world may be just what was wished.
Outcome<void> Executor::recover(const Step& step, const CallFailure& failure) {
    if (failure.error.kind == AwsErrorKind::not_found && is_removal(step.action)) {
        (void)absorb(inventory_, step, wish_, local_, {});
        return boost::system::in_place_value;
    }
    if (failure.error.kind == AwsErrorKind::duplicate &&
        tries_[step.what] < 2) {  // somebody was faster, or an answer was lost
        auto again = survey_();
        if (again.has_error()) return again.error();
        inventory_ = std::move(*again);
        return boost::system::in_place_value;
    }
    if (failure.error.kind == AwsErrorKind::in_use && is_removal(step.action)) {
        tries_[step.what] = 0;
        is_done_ = false;
        return pause("waiting until nothing uses " + step.target + " any more (" + failure.error.message + ")");
    }
    // Made a moment ago: not every part of AWS has heard of it.
    if (failure.error.kind == AwsErrorKind::not_found && changes_ > 0 && tries_[step.what] < kTries) {
        is_done_ = false;
        return pause("waiting until all of AWS knows what was just made");
    }
    return Problem{failure.problem.exit,
                   failure.problem.message + (changes_ > 0 ? "; what is done stays, the same command goes on" : "")};
}

Outcome<void> Executor::wait(const Plan& plan) {
    const Step* step = first_waiting(plan);
    if (step == nullptr) return Problem{Exit::failed, "[unexpected] nothing can be done next"};
    if (const auto done = pause("waiting for AWS: " + step->what + " " + step->why); done.has_error())
        return done.error();
    return refresh_endpoint(session_, inventory_, wish_.cluster);
}

/// A little longer each time, with the time that has passed so far. Ctrl-C ends the program: the next run goes on.
Outcome<void> Executor::pause(const std::string& what) {
    const TimePoint at = now();
    if (!waiting_since_) {
        waiting_since_ = at;
        pause_ = kFirstPause;
        said_at_.reset();
    }
    const Duration so_far = at - *waiting_since_;
    if (so_far > kPatience)
        return Problem{Exit::timed_out, "AWS is not done after " + duration_text(so_far) + " (" + what +
                                            "); the same command goes on waiting"};
    const std::string text = what + (so_far < 1s ? "" : ", " + duration_text(so_far) + " so far");
    if (!context_.terminal.err_is_one && (!said_at_ || at - *said_at_ >= kSayAgain)) {
        said_at_ = at;
        print("  " + clean(text, !context_.terminal.out.utf8) + "\n");
    }
    ProgressLine line(context_);
    for (const TimePoint end = at + pause_; now() < end;) {
        line.show_now(what + ", " + duration_text(now() - *waiting_since_) + " so far; Ctrl-C is safe");
        std::this_thread::sleep_for(std::min<Duration>(1s, end - now()));
    }
    pause_ = std::min<Duration>(pause_ * 3 / 2, kLongestPause);
    return boost::system::in_place_value;
}

Outcome<void> Executor::do_local(const Step& step) {
    const LocalStep local(context_, session_, wish_, inventory_, local_);
    if (const auto done = local.run(step); done.has_error()) return done.error();
    auto seen = look_around(context_, wish_);
    if (seen.has_error()) return seen.error();
    local_ = std::move(*seen);
    if (step.action == Action::import_crl && inventory_.endpoint)
        inventory_.endpoint->crl = EndpointCrl{"pending", std::nullopt, local_.revoked};
    return boost::system::in_place_value;
}

Outcome<void> Executor::dry_run() {
    const Plan plan = plan_(inventory_, local_);
    if (!plan.refusal.empty()) return Problem{Exit::failed, plan.refusal};
    std::string denied;
    for (const Step& step : plan.steps) {
        if (step.state == StepState::done || !is_remote(step.action)) continue;
        std::string verdict = "cannot be tried before what it needs is there";
        if (Words words = step_words(step, wish_, inventory_, {}); step.state == StepState::todo && !words.empty()) {
            if (!has_dry_run(step.action)) {
                verdict = "has no dry run at AWS";
            } else {
                words.emplace_back("--dry-run");
                const auto answer = session_.call(words);
                if (session_.interruption()) return *session_.interruption();
                const bool works = answer.has_error() && answer.error().error.kind == AwsErrorKind::would_work;
                verdict = works ? "would work" : answer.has_error() ? answer.error().problem.message : "no answer";
                if (!works && denied.empty()) denied = verdict;
            }
        }
        print("  " + clean(step.what + ": " + verdict, !context_.terminal.out.utf8) + "\n");
    }
    if (!denied.empty()) return Problem{Exit::failed, denied};
    return boost::system::in_place_value;
}

}  // namespace memdb::client::aws
