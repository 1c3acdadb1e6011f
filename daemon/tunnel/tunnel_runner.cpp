#include "tunnel/tunnel_runner.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "host/child_process.hpp"
#include "tunnel/failure_cause_map.hpp"
#include "tunnel/management_event_map.hpp"
#include "tunnel/management_link.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <random>
#include <utility>

namespace memdb::tunnel {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kAddressLimit = 64;  ///< of all remotes together

/// What the endpoint's wildcard name wants in front: 12 hex digits, as openvpn's remote-random-hostname makes them.
std::string random_label() {
    std::random_device random;
    std::string label;
    for (int i = 0; i < 12; ++i) label += "0123456789abcdef"[random() % 16];
    return label;
}

bool fits(const asio::ip::address& address, config::AddressFamily family) {
    switch (family) {
        case config::AddressFamily::any: return true;
        case config::AddressFamily::ipv4: return address.is_v4();
        case config::AddressFamily::ipv6: return address.is_v6();
    }
    return false;
}

/// The look-ups of one attempt: one for each remote, together.
struct Resolving {
    std::vector<std::vector<ServerAddress>> found;  ///< by remote, in the order of the configuration
    std::vector<host::NameResolver::Query> queries;
    std::string failure;
    std::size_t open = 0;
};

}  // namespace

struct TunnelRunner::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& loop, host::NameResolver& names, TunnelSetup s, TunnelTimings t, Handlers h)
        : io(loop),
          resolver(names),
          setup(std::move(s)),
          timings(t),
          handlers(std::move(h)),
          timer(loop),
          log(logger("tunnel")) {}

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
                       [&](const ResolveEndpoint&) { resolve(); },
                       [&](const CancelResolve&) { cancel_resolve(); },
                       [&](const SpawnOpenvpn& a) { spawn(a.server); },
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

    void resolve() {
        cancel_resolve();
        resolving = std::make_shared<Resolving>();
        resolving->found.resize(setup.remotes.size());
        resolving->open = setup.remotes.size();
        if (setup.remotes.empty()) push(EndpointUnresolved{"the profile has no endpoint"});
        for (std::size_t i = 0; i < setup.remotes.size(); ++i) {
            const config::Remote& remote = setup.remotes[i];
            boost::system::error_code not_literal;
            asio::ip::make_address(remote.host, not_literal);
            const bool label = setup.random_hostname && not_literal;
            const std::string name = label ? random_label() + "." + remote.host : remote.host;
            log->debug("{}: resolving {}", setup.profile, name);
            resolving->queries.push_back(
                resolver.resolve(name, timings.resolve_limit,
                                 [weak = weak_from_this(), mine = std::weak_ptr(resolving), remote, i](auto result) {
                                     const auto self = weak.lock();
                                     const auto these = mine.lock();
                                     if (self && these && self->resolving == these) self->resolved(remote, i, result);
                                 }));
        }
    }

    void resolved(const config::Remote& remote, std::size_t index,
                  const Result<host::NameResolver::Addresses>& result) {
        if (result.has_error() && resolving->failure.empty()) resolving->failure = cleaned(result.error().message, 200);
        if (result.has_value())
            for (const auto& address : *result)
                if (fits(address, remote.family))
                    resolving->found[index].push_back({address.to_string(), remote.port, remote.transport});
        if (--resolving->open > 0) return;

        const auto finished = std::move(resolving);
        std::vector<ServerAddress> addresses;
        for (const auto& of_one : finished->found)
            for (const auto& address : of_one)
                if (addresses.size() < kAddressLimit) addresses.push_back(address);
        if (!addresses.empty()) return push(EndpointResolved{std::move(addresses)});
        push(EndpointUnresolved{finished->failure.empty() ? "no address of the wanted family" : finished->failure});
    }

    void cancel_resolve() {
        if (!resolving) return;
        for (const auto query : resolving->queries) resolver.cancel(query);
        resolving.reset();
    }

    void spawn(const ServerAddress& server) {
        drop_process();
        codec = ManagementCodec();
        pushed = PushReplyParser();
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
        if (const auto listening = link->listen(setup.management_socket); listening.has_error())
            return push(SpawnFailed{Cause::openvpn_crashed, listening.error().message});

        if (handlers.about_to_spawn) handlers.about_to_spawn(server);
        process = std::make_unique<host::ChildProcess>(io);
        const auto pid = process->spawn(openvpn_arguments(setup, server),
                                        {[weak](std::string_view line) {
                                             if (const auto self = weak.lock()) self->printed(line);
                                         },
                                         [weak](std::string status) {
                                             if (const auto self = weak.lock())
                                                 self->push(ProcessExited{std::move(status)});
                                         }},
                                        {-1, true});
        if (pid.has_error()) return push(SpawnFailed{cause_of_spawn(pid.error().code), pid.error().message});
        link->expect(*pid);
        if (handlers.spawned) handlers.spawned(*pid);
        log->debug("{}: openvpn started pid={} server={}", setup.profile, *pid, to_string(server));
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
                if (auto options = pushed.feed(line->text)) push(OptionsPushed{std::move(*options)});
            if (std::holds_alternative<ProtocolError>(message) && link) link->close();
        }
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

    // --- the log: every step at debug, edges at info ---

    void log_step(const TunnelState& before, const TunnelEvent& event, const Step& done) {
        const TunnelState& s = done.state;
        if (s.phase == before.phase) {
            const bool often = std::holds_alternative<ByteCounted>(event) ||
                               std::holds_alternative<StateChanged>(event) ||
                               std::holds_alternative<HeartbeatAnswered>(event) || done.why == "heartbeat";
            log->log(often ? spdlog::level::trace : spdlog::level::debug, "{}: {}: {}", setup.profile, to_string(event),
                     done.why);
            return;
        }
        // Each cause is told once until the tunnel is up or given up; those ends are told always.
        const bool on_the_way = s.phase == Phase::starting || s.phase == Phase::handshaking ||
                                s.phase == Phase::waiting || s.phase == Phase::stopping;
        const std::uint32_t bit = s.cause == Cause::none ? 0 : std::uint32_t{1} << static_cast<unsigned>(s.cause);
        const bool repeated = on_the_way && (told & bit) != 0;
        std::string line = fmt::format("{}: {} -> {} why=\"{}\"", setup.profile, to_string(before.phase),
                                       to_string(s.phase), done.why);
        if (s.attempt > 0) line += fmt::format(" attempt={}", s.attempt);
        if (s.phase == Phase::up && s.server)
            line += fmt::format(" server={} device={} address={}", to_string(*s.server), s.device, s.address);
        if (before.phase == Phase::up && s.cause == Cause::none &&
            (s.phase == Phase::handshaking || s.after == AfterStop::restart))
            line += fmt::format(" cause={}", s.last_restart_cause);
        if (s.phase == Phase::blocked || (bit & ~told) != 0) line += fmt::format(" cause={}", to_string(s.cause));
        if ((bit & ~told) != 0) line += fmt::format(" evidence=\"{}\"", s.evidence);
        log->log(repeated ? spdlog::level::debug : spdlog::level::info, "{}", line);
        told = on_the_way ? told | bit : 0;
    }

    asio::io_context& io;
    host::NameResolver& resolver;
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
    std::uint32_t told = 0;  ///< causes already logged at info, a bit each
    std::mt19937 random{std::random_device{}()};
    std::uniform_real_distribution<double> jitter{0.0, 1.0};

    std::shared_ptr<Resolving> resolving;
    ManagementCodec codec;
    PushReplyParser pushed;
    std::unique_ptr<ManagementLink> link;
    std::unique_ptr<host::ChildProcess> process;
};

TunnelRunner::TunnelRunner(asio::io_context& io, host::NameResolver& resolver, TunnelSetup setup, TunnelTimings timings,
                           Handlers handlers)
    : impl_(std::make_shared<Impl>(io, resolver, std::move(setup), timings, std::move(handlers))) {}

TunnelRunner::~TunnelRunner() {
    impl_->closed = true;
    impl_->timer.cancel();
    impl_->cancel_resolve();
    impl_->drop_process();
}

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

const TunnelState& TunnelRunner::state() const noexcept { return impl_->state; }

}  // namespace memdb::tunnel
