#include "tunnel/tunnel_runner.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "host/child_process.hpp"
#include "tunnel/endpoint_resolver.hpp"
#include "tunnel/failure_cause_map.hpp"
#include "tunnel/management_event_map.hpp"
#include "tunnel/management_link.hpp"
#include "tunnel/tunnel_log_map.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <random>
#include <utility>

namespace memdb::tunnel {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kPushLines = 64;

/// Other each time, so that no answer to an earlier one is taken for it.
std::string random_token() {
    std::random_device random;
    return fmt::format("{:08x}", random());
}

}  // namespace

struct TunnelRunner::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& loop, host::NameResolver& names, TunnelSetup s, TunnelTimings t, Handlers h)
        : io(loop),
          setup(std::move(s)),
          timings(t),
          handlers(std::move(h)),
          timer(loop),
          log(logger("tunnel")),
          endpoint(names, [this](TunnelEvent event) { push(std::move(event)); }) {}

    // --- events in ---

    void push(TunnelEvent event) {
        queue.push_back(std::move(event));
        schedule();
    }

    void push_first(TunnelEvent event) {
        queue.push_front(std::move(event));
        schedule();
    }

    void schedule() {
        if (std::exchange(scheduled, true)) return;
        asio::post(io, [self = shared_from_this()] {
            self->scheduled = false;
            while (!self->closed && !self->queue.empty()) {
                if (self->handlers.about_to_handle) self->handlers.about_to_handle();
                const TunnelEvent next = std::move(self->queue.front());
                self->queue.pop_front();
                self->handle(next);
            }
        });
    }

    void handle(const TunnelEvent& event) {
        const Step done = step(state, event, now(), jitter(random), timings);
        const TunnelState before = std::exchange(state, done.state);
        log_step(before, event, done);
        if (std::holds_alternative<ProcessExited>(event) || std::holds_alternative<SpawnFailed>(event)) {
            drop_process();
            if (handlers.gone) handlers.gone();
        }
        for (const TunnelAction& action : done.actions) perform(action);
        arm();
        if (state != before && handlers.changed) handlers.changed(state);
        if (!closed && state.phase == Phase::stopped && done_) asio::post(io, std::exchange(done_, nullptr));
    }

    void arm() {
        const auto deadline = next_deadline(state);
        if (deadline == armed) return;
        armed = deadline;
        if (!deadline) {
            timer.cancel();
            return;
        }
        timer.expires_at(*deadline);  // cancels the one that waits
        timer.async_wait([weak = weak_from_this(), at = *deadline](const boost::system::error_code& error) {
            const auto self = weak.lock();
            if (error || !self || self->closed || self->armed != at) return;
            self->armed.reset();
            self->push(DeadlinePassed{});
        });
    }

    // --- actions out ---

    void perform(const TunnelAction& action) {
        std::visit(Overloaded{
                       [&](const ResolveEndpoint&) { endpoint.start(setup, timings.resolve_limit); },
                       [&](const CancelResolve&) { endpoint.cancel(); },
                       [&](const SpawnOpenvpn& a) { spawn(a.server); },
                       [&](const Resynchronise&) { resynchronise(); },
                       [&](const Subscribe&) {
                           send(Command::state_on);
                           send(Command::log_on);
                           send(Command::bytecount_on);
                       },
                       [&](const ReleaseHold&) { send(Command::hold_release); },
                       [&](const RestartInPlace&) { send(Command::signal_usr1); },
                       [&](const SendHeartbeat&) { send(Command::pid); },
                       [&](const TerminateOpenvpn& a) {
                           if (process) process->terminate(a.force);
                       },
                       [&](const AbandonOpenvpn&) { drop_process(); },
                   },
                   action);
    }

    void begin_process() {
        drop_process();
        codec = ManagementCodec();
        pushed = PushReplyParser();
        push_lines.clear();
        mark.reset();
        management_open = false;
        const auto weak = weak_from_this();
        link = std::make_unique<ManagementLink>(
            io, ManagementLink::Handlers{[weak](int pid) {
                                             if (const auto self = weak.lock()) self->opened(pid);
                                         },
                                         [weak](std::string_view bytes) {
                                             if (const auto self = weak.lock()) self->received(bytes);
                                         },
                                         [weak](std::string why) {
                                             if (const auto self = weak.lock())
                                                 self->push(ManagementLost{std::move(why)});
                                         }});
        process = std::make_unique<host::ChildProcess>(io);
    }

    host::ChildProcess::Handlers process_handlers() {
        return {[weak = weak_from_this()](std::string_view line) {
                    if (const auto self = weak.lock()) self->printed(line);
                },
                [weak = weak_from_this()](std::string status) {
                    if (const auto self = weak.lock()) self->push(ProcessExited{std::move(status)});
                }};
    }

    void spawn(const ServerAddress& server) {
        begin_process();
        if (const auto listening = link->listen(setup.management_socket); listening.has_error())
            return push(SpawnFailed{Cause::openvpn_crashed, listening.error().message});

        if (handlers.about_to_spawn) handlers.about_to_spawn(server);
        const auto pid = process->spawn(openvpn_arguments(setup, server), process_handlers(), {-1, true});
        if (pid.has_error()) return push(SpawnFailed{cause_of_spawn(pid.error().code), pid.error().message});
        link->expect(*pid);
        if (const auto found = host::mark_of(*pid); found.has_value()) mark = *found;
        if (handlers.spawned) handlers.spawned(*pid);
        log->debug("{}: openvpn started pid={} server={}", setup.profile, *pid, to_string(server));
    }

    Result<void> adopt(int descriptor, const TunnelRecord& record) {
        begin_process();
        sign = codec.resume(random_token());  // first: bytes may be waiting
        auto adopted = link->adopt(descriptor);
        if (!adopted.has_error() && link->peer() != record.pid)
            adopted = Failure{Errc::not_found, fmt::format("the connection is of the process {}, the record of {}",
                                                           link->peer(), record.pid)};
        const host::ProcessMark known{record.pid, record.start_time, record.exe};
        if (!adopted.has_error()) adopted = process->adopt(known, process_handlers());
        if (adopted.has_error()) {
            drop_process();
            return adopted.error();
        }
        mark = known;
        management_open = true;
        std::optional<PushedOptions> options;
        for (const std::string& line : record.push_lines) note_pushed(line, [&](auto complete) { options = complete; });
        push(ProcessFound{record.pid, record.server, record.device, options, record.connected_at, record.session_from,
                          record.restarts, record.losses, record.last_restart_cause, record.stale});
        return {};
    }

    void resynchronise() {
        if (!link || link->send(sign).has_error()) return push(ManagementLost{"the connection is gone"});
        send(Command::state);
    }

    [[nodiscard]] std::optional<TunnelRecord> record() const {
        if (state.phase != Phase::up || !mark || !link || !state.server || !state.connected_at) return std::nullopt;
        return TunnelRecord{.pid = mark->pid,
                            .start_time = mark->start_time,
                            .exe = mark->exe,
                            .server = *state.server,
                            .device = state.device,
                            .push_lines = push_lines,
                            .connected_at = *state.connected_at,
                            .restarts = state.restarts,
                            .losses = state.losses,
                            .last_restart_cause = state.last_restart_cause,
                            .stale = state.stale};
    }

    void drop_process() {
        process.reset();
        link.reset();
    }

    // --- the process and its management connection ---

    void opened(int pid) {
        management_open = true;
        push(ManagementOpened{pid});
    }

    void received(std::string_view bytes) {
        for (const ManagementMessage& message : codec.feed(bytes)) {
            if (log->should_log(spdlog::level::trace)) log->trace("{}: < {}", setup.profile, describe(message));
            if (auto event = event_of(message)) push(std::move(*event));
            if (const auto* line = std::get_if<LogLine>(&message))
                note_pushed(line->text, [this](PushedOptions options) { push(OptionsPushed{std::move(options)}); });
            if (std::holds_alternative<ProtocolError>(message) && link) link->close();
        }
    }

    /// The lines are kept too: a later memdbd reads them again.
    template <class Complete>
    void note_pushed(const std::string& line, Complete complete) {
        if (line.find("PUSH") == std::string::npos) return;  // all that the parser looks at
        if (push_complete) push_lines.clear();
        if (push_lines.size() < kPushLines) push_lines.push_back(line);
        auto options = pushed.feed(line);
        push_complete = options.has_value();
        if (options) complete(std::move(*options));
    }

    void printed(std::string_view line) {
        // While the management connection is open it says the same, and is logged instead.
        if (!management_open) log->debug("{}: openvpn: {}", setup.profile, cleaned(line));
        if (auto event = event_of_output(line)) push(std::move(*event));
    }

    void send(Command command) {
        const std::string bytes = codec.encode(command);
        if (!link || bytes.empty()) return push(ManagementLost{"openvpn leaves commands unanswered"});
        log->trace("{}: > {}", setup.profile, to_string(command));
        if (const auto sent = link->send(bytes); sent.has_error()) push(ManagementLost{sent.error().message});
    }

    void log_step(const TunnelState& before, const TunnelEvent& event, const Step& done) {
        constexpr spdlog::level::level_enum levels[] = {spdlog::level::trace, spdlog::level::debug,
                                                        spdlog::level::info};
        if (done.state.phase == before.phase && !log->should_log(spdlog::level::debug)) return;  // several a second
        const TunnelLine line = tunnel_line(setup.profile, before, event, done);
        log->log(levels[static_cast<std::size_t>(line.depth)], "{}", line.text);
    }

    asio::io_context& io;
    TunnelSetup setup;
    TunnelTimings timings;
    Handlers handlers;
    asio::steady_timer timer;
    std::shared_ptr<spdlog::logger> log;

    TunnelState state;
    std::deque<TunnelEvent> queue;  ///< bounded by one read of each source: it is emptied before the next read
    bool scheduled = false, closed = false, management_open = false;
    std::optional<TimePoint> armed;
    std::function<void()> done_;
    std::mt19937 random{std::random_device{}()};
    std::uniform_real_distribution<double> jitter{0.0, 1.0};

    EndpointResolver endpoint;
    ManagementCodec codec;
    PushReplyParser pushed;
    std::vector<std::string> push_lines;  ///< that `pushed` was made from
    bool push_complete = false;
    std::string sign;  ///< what is sent first to an openvpn that was taken over
    std::optional<host::ProcessMark> mark;
    std::unique_ptr<ManagementLink> link;
    std::unique_ptr<host::ChildProcess> process;
};

TunnelRunner::TunnelRunner(asio::io_context& io, host::NameResolver& resolver, TunnelSetup setup, TunnelTimings timings,
                           Handlers handlers)
    : impl_(std::make_shared<Impl>(io, resolver, std::move(setup), timings, std::move(handlers))) {}

TunnelRunner::~TunnelRunner() {
    impl_->closed = true;
    impl_->timer.cancel();
    impl_->endpoint.cancel();
    impl_->drop_process();
}

Result<void> TunnelRunner::adopt(int descriptor, const TunnelRecord& record) {
    return impl_->adopt(descriptor, record);
}
std::optional<TunnelRecord> TunnelRunner::record() const { return impl_->record(); }
int TunnelRunner::management_descriptor() const noexcept { return impl_->link ? impl_->link->descriptor() : -1; }

void TunnelRunner::connect() { impl_->push(ConnectRequested{}); }
void TunnelRunner::disconnect() { impl_->push(DisconnectRequested{}); }
void TunnelRunner::reconnect(ReconnectRequested wish) { impl_->push(std::move(wish)); }
void TunnelRunner::check() { impl_->push(CheckRequested{}); }
void TunnelRunner::network_changed(bool online) { impl_->push(NetworkChanged{online}); }
void TunnelRunner::server_answered(ServerAddress server) { impl_->push(ServerAnswered{std::move(server)}); }
void TunnelRunner::forbid(Cause cause, std::string evidence) { impl_->push(Forbidden{cause, std::move(evidence)}); }
void TunnelRunner::sleep() { impl_->push(SleepBegan{}); }
void TunnelRunner::woke(Duration slept) { impl_->push_first(SleepEnded{slept}); }
void TunnelRunner::clock_stepped() { impl_->push(ClockStepped{}); }
void TunnelRunner::input_changed() { impl_->push(InputChanged{}); }
void TunnelRunner::set_setup(TunnelSetup setup) { impl_->setup = std::move(setup); }
void TunnelRunner::set_timings(TunnelTimings timings) { impl_->timings = timings; }

void TunnelRunner::terminate(std::function<void()> done) {
    if (impl_->state.phase == Phase::stopped && impl_->queue.empty()) return asio::post(impl_->io, std::move(done));
    impl_->done_ = std::move(done);
    impl_->push(DisconnectRequested{});
}

std::optional<int> TunnelRunner::openvpn_pid() const {
    return impl_->process && impl_->mark ? std::optional(impl_->mark->pid) : std::nullopt;
}

const TunnelState& TunnelRunner::state() const noexcept { return impl_->state; }

}  // namespace memdb::tunnel
