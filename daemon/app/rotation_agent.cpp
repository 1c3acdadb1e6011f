#include "app/rotation_agent.hpp"

#include "app/rotation_map.hpp"
#include "base/clock.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "keys/rotation_policy.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memdb::app {
namespace {

namespace asio = boost::asio;
using keys::RotationPhase;

keys::Moment this_moment() { return {now(), wall_now()}; }

std::string today(WallTime wall) {
    std::string date = keys::date_text(wall);
    std::erase(date, '-');
    return date;
}

bool is_usable_at(const std::optional<keys::CertificateInfo>& info, WallTime wall) {
    if (!info) return false;
    const auto state = keys::state_of(*info, wall);
    return state == keys::CredentialState::valid || state == keys::CredentialState::expiring;
}

}  // namespace

RotationAgent::RotationAgent(asio::io_context& io, asio::thread_pool& workers, host::NameResolver& resolver,
                             const config::Settings& settings, std::string profile, keys::CredentialStore store,
                             std::vector<keys::Certificate> authorities, Hooks hooks)
    : io_(io),
      workers_(workers),
      settings_(settings),
      profile_(std::move(profile)),
      store_(std::move(store)),
      authorities_(std::move(authorities)),
      hooks_(std::move(hooks)),
      trial_(io, resolver),
      timer_(io),
      signer_(io) {}

RotationAgent::~RotationAgent() { stop(); }

std::optional<keys::Generation> RotationAgent::previous() const {
    if (state_.previous == 0) return std::nullopt;
    auto stored = store_.load(state_.previous);
    return stored.has_error() ? std::nullopt : std::optional(std::move(*stored));
}

void RotationAgent::stop() {
    *alive_ = false;
    timer_.cancel();
    trial_.stop();
    signer_.stop();
    answer(Failure{Errc::busy, "memdbd is ending"});
}

void RotationAgent::start() {
    auto record = store_.load_record();
    if (record.has_error()) {
        logger("keys")->warn("{}: what is known of the last rotation is lost: {}", profile_, record.error().message);
        record = keys::RotationState{};
    }
    keys::RotationLeft left;
    if (const auto numbers = store_.list())
        for (const unsigned number : *numbers)
            if (store_.load(number)) left.whole.push_back(number);
    left.request = store_.load_request().has_value();
    const auto in_force = store_.load_current();
    know(in_force);
    record->current = in_force ? in_force->number : 0;
    handling_ = true;
    take(keys::restore(*record, left, this_moment()));
    handling_ = false;
    if (const auto from = store_.load(state_.from); state_.from != 0 && from) before_ = from->info;
    if (!queue_.empty())
        asio::post(io_, [this, alive = std::weak_ptr(alive_)] {
            if (const auto still = alive.lock(); still && *still) work();
        });
}

void RotationAgent::know(const Result<keys::Generation>& in_force) {
    present_ = in_force ? std::optional(in_force->info) : std::nullopt;
}

void RotationAgent::push(keys::RotationEvent event) {
    queue_.push_back(std::move(event));
    work();
}

/// For callers who stand in the middle of something: a look, or a step of ours.
void RotationAgent::push_later(keys::RotationEvent event) {
    queue_.push_back(std::move(event));
    if (handling_) return;
    asio::post(io_, [this, alive = std::weak_ptr(alive_)] {
        if (const auto still = alive.lock(); still && *still) work();
    });
}

void RotationAgent::work() {
    if (std::exchange(handling_, true)) return;
    while (!queue_.empty()) {
        const keys::RotationEvent next = std::move(queue_.front());
        queue_.pop_front();
        take(keys::step(state_, next, this_moment(), settings_.rotation.timings));
    }
    handling_ = false;
}

void RotationAgent::take(const keys::RotationStep& step) {
    const bool moved = state_ != step.state;
    const auto before = std::exchange(state_, step.state);
    if (before.phase != state_.phase)
        logger("keys")->debug("{}: rotation {} -> {} why=\"{}\"", profile_, to_string(before.phase),
                              to_string(state_.phase), step.why);
    for (const keys::RotationAction& action : step.actions) {
        MEMDB_FAILPOINT("rotation action");
        const auto done = perform(action);
        if (done) continue;
        logger("keys")->warn("{}: {}: {}", profile_, keys::to_string(action), done.error().message);
        write_trouble_ = done.error().message;
        const bool lasting = done.error().code == Errc::malformed || done.error().code == Errc::bad_input ||
                             done.error().code == Errc::not_found;
        push(keys::WriteFailed{done.error().message, !std::holds_alternative<keys::StoreCandidate>(action), lasting});
        break;
    }
    arm();
    if (moved) hooks_.changed();
}

Result<void> RotationAgent::perform(const keys::RotationAction& action) {
    using Done = Result<void>;
    return std::visit(Overloaded{
                          [&](const keys::MakeKey& a) -> Done {
                              make_key(a.common_name);
                              return {};
                          },
                          [&](const keys::StoreCandidate& a) -> Done {
                              if (!accepted_) return Failure{Errc::internal, "[unexpected] no certificate to store"};
                              const auto accepted = std::exchange(accepted_, std::nullopt);
                              return store_.add_as(a.generation, *accepted, wall_now());
                          },
                          [&](const keys::SaveRecord& a) -> Done {
                              auto saved = store_.save_record(state_);
                              if (saved || a.must) return saved;
                              logger("keys")->warn("{}: {}", profile_, saved.error().message);
                              return {};
                          },
                          [&](const keys::DropRequest&) -> Done { return store_.drop_request(); },
                          [&](const keys::StartTrial& a) -> Done {
                              start_trial(a.generation);
                              return {};
                          },
                          [&](const keys::StopTrial&) -> Done {
                              trial_.stop();
                              return {};
                          },
                          [&](const keys::UseGeneration& a) -> Done { return use(a.generation); },
                          [&](const keys::RestartTunnel&) -> Done {
                              hooks_.restart_tunnel();
                              return {};
                          },
                          [&](const keys::KeepOnly& a) -> Done {
                              // What is left over costs a few kilobytes and is removed the next time.
                              if (const auto kept = store_.keep_only(a.generations); !kept)
                                  logger("keys")->warn("{}: {}", profile_, kept.error().message);
                              return {};
                          },
                      },
                      action);
}

void RotationAgent::make_key(const std::string& common_name) {
    asio::post(workers_, [this, alive = std::weak_ptr(alive_), &io = io_, common_name] {
        auto made = std::make_shared<Result<keys::KeyRequest>>(keys::make_key_request(common_name));
        asio::post(io, [this, alive, made] {
            if (const auto still = alive.lock(); still && *still) key_made(std::move(*made));
        });
    });
}

void RotationAgent::key_made(Result<keys::KeyRequest> made) {
    if (made)
        if (const auto saved = store_.save_request(*made); saved.has_error()) made = saved.error();
    write_trouble_.reset();
    if (made.has_error())
        push(keys::KeyFailed{made.error().message});
    else
        push(keys::KeyMade{});
    if (made.has_error())
        answer(Failure{made.error().code, "no key could be made: " + made.error().message});
    else if (state_.phase != RotationPhase::requested)
        answer(Failure{Errc::io, state_.message});
    else
        answer(pending_report());
}

void RotationAgent::answer(const Result<control::KeyRequestReport>& report) {
    for (const auto& done : std::exchange(waiting_, {})) done(report);
}

Result<control::KeyRequestReport> RotationAgent::pending_report() const {
    const auto pending = store_.load_request();
    if (pending.has_error()) return pending.error();
    return control::KeyRequestReport{profile_, state_.generation, state_.common_name, pending->csr_pem};
}

void RotationAgent::request(const control::KeyRequest& wanted,
                            std::function<void(Result<control::KeyRequestReport>)> done) {
    if (state_.phase == RotationPhase::making) {
        waiting_.push_back(std::move(done));
        return;
    }
    if (const auto may = keys::may_request(state_); may.has_error()) return done(may.error());
    if (state_.phase == RotationPhase::requested && !wanted.fresh) {
        auto report = pending_report();
        if (report.has_value()) return done(report);
    }
    const auto number = store_.next_number();
    if (number.has_error()) return done(number.error());
    waiting_.push_back(std::move(done));
    const std::string present = present_ ? present_->common_name : profile_;
    std::vector<std::string> asked{state_.common_name};
    if (const auto previous = store_.load(state_.previous)) asked.push_back(previous->info.common_name);
    push(keys::KeyAsked{wanted.reason, keys::next_common_name(present, today(wall_now()), asked), *number, true});
}

Result<void> RotationAgent::install(const control::KeyInstall& wanted) {
    if (!wanted.certificate_pem) {
        if (const auto may = keys::may_prove_again(state_); may.has_error()) return may.error();
        before_ = present_;
        push(keys::ProofAsked{});
        return {};
    }
    if (const auto may = keys::may_install(state_); may.has_error()) return may.error();
    const auto pending = store_.load_request();
    if (pending.has_error()) return pending.error();
    auto judged =
        keys::check_new_certificate(*wanted.certificate_pem, pending->key_pem, present_, authorities_, wall_now());
    if (judged.has_error()) return judged.error();
    const std::string common_name = judged->info.common_name;
    accepted_ = std::move(*judged);
    before_ = present_;
    write_trouble_.reset();
    push(keys::CertificateAccepted{common_name});
    accepted_.reset();
    if (write_trouble_) return Failure{Errc::io, *write_trouble_};
    return {};
}

Result<void> RotationAgent::roll_back() {
    if (const auto may = keys::may_roll_back(state_); may.has_error()) return may.error();
    const auto previous = store_.load(state_.previous);
    if (previous.has_error()) return previous.error();
    if (const auto revoked = hooks_.revoked(previous->info))
        return Failure{Errc::already_exists,
                       fmt::format("the key before ({}) was revoked on {}: there is no way back to it; memdbctl rotate "
                                   "makes a new one",
                                   previous->info.common_name, keys::date_text(revoked->at))};
    before_ = present_;
    push(keys::RollbackAsked{previous->info.common_name});
    return {};
}

void RotationAgent::start_trial(unsigned generation) {
    const auto candidate = store_.load(generation);
    if (candidate.has_error()) {
        push_later(keys::TrialEnded{false, false, candidate.error().message});
        return;
    }
    trial_.start(hooks_.trial_setup(*candidate), settings_.tunnel, settings_.rotation.timings.trial_limit,
                 [this](const tunnel::TrialResult& result) {
                     const std::string_view code = tunnel::to_string(result.cause);
                     push(keys::TrialEnded{
                         result.accepted, tunnel::tells_of_certificate(result.cause),
                         result.evidence.empty() ? std::string(code) : fmt::format("{}: {}", code, result.evidence)});
                 });
}

Result<void> RotationAgent::use(unsigned generation) {
    if (const auto used = store_.use(generation); used.has_error()) return used.error();
    auto in_force = store_.load_current();
    know(in_force);
    hooks_.in_force(std::move(in_force));
    queue_.emplace_front(keys::Switched{generation});  // before anything that was seen meanwhile
    return {};
}

void RotationAgent::see(keys::RotationSight sight, WallTime wall) {
    sight.from_usable = is_usable_at(before_, wall) && !hooks_.revoked(*before_);
    if (sight != state_.seen) push_later(keys::Seen{sight});
    follow_due(wall);
}

/// Of its own accord, when the administrator has said who signs.
void RotationAgent::follow_due(WallTime wall) {
    if (settings_.rotation.command.empty()) return;
    const auto due = keys::what_is_due(state_, due_at(), tried_at_, now(), wall);
    if (due == keys::DueAction::nothing) return;
    tried_at_ = now();
    if (due == keys::DueAction::prove_again) {
        before_ = present_;
        return push_later(keys::ProofAsked{});
    }
    request({"due", false}, [this](const Result<control::KeyRequestReport>& report) {
        if (report.has_error())
            logger("keys")->warn("{}: a new key is due, but: {}", profile_, report.error().message);
        else
            sign(*report);
    });
}

void RotationAgent::sign(const control::KeyRequestReport& report) {
    const std::string program = settings_.rotation.command;
    logger("keys")->info("{}: {} signs the request for {}", profile_, program, report.common_name);
    signer_.start(program, report.csr_pem, kSignLimit, [this, program](const Result<std::string>& printed) {
        Result<void> done = printed.has_error() ? Result<void>(printed.error()) : install({*printed});
        if (done.has_error())
            logger("keys")->warn("{}: {} did not bring a usable certificate: {}; tried again in {} h", profile_,
                                 program, done.error().message,
                                 std::chrono::duration_cast<std::chrono::hours>(keys::kTryAgain).count());
    });
}

void RotationAgent::arm() {
    timer_.cancel();
    if (!state_.deadline) return;
    timer_.expires_at(*state_.deadline);
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
        if (const auto still = alive.lock(); !error && still && *still) push(keys::LimitPassed{});
    });
}

std::optional<WallTime> RotationAgent::due_at() const {
    if (!present_) return std::nullopt;
    return keys::rotation_due_at(*present_, settings_.rotation.timings.lead);
}

std::vector<health::Condition> RotationAgent::conditions(WallTime wall, bool has_signer) const {
    return rotation_conditions(state_, due_at(), has_signer || !settings_.rotation.command.empty(), wall);
}

}  // namespace memdb::app
