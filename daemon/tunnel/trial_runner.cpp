#include "tunnel/trial_runner.hpp"

#include <boost/asio/post.hpp>

#include <optional>
#include <utility>

namespace memdb::tunnel {
namespace {

namespace asio = boost::asio;

/// The first success or failure of the attempts so far.
std::optional<TrialResult> judged(const TunnelState& state) {
    if (state.phase == Phase::up) return TrialResult{true, Cause::none, {}};
    // While it is `stopping`, a last word may still explain more; the first retry comes at once, without `waiting`.
    if (state.failed > 0 && state.phase != Phase::stopping) return TrialResult{false, state.cause, state.evidence};
    return std::nullopt;
}

}  // namespace

bool tells_of_certificate(Cause cause) noexcept {
    switch (cause) {
        case Cause::network_offline:
        case Cause::endpoint_name_unresolved:
        case Cause::openvpn_missing:
        case Cause::openvpn_too_old:
        case Cause::openvpn_crashed:
        case Cause::openvpn_hung:
        case Cause::config_refused:
        case Cause::no_net_admin:
        case Cause::tun_device_unavailable:
        case Cause::profile_overlap: return false;
        case Cause::none:
        case Cause::client_cert_expired:
        case Cause::client_cert_not_yet_valid:
        case Cause::client_key_mismatch:
        case Cause::client_cert_unusable:
        case Cause::auth_failed:
        case Cause::server_cert_untrusted:
        case Cause::server_cert_expired:
        case Cause::server_name_mismatch:
        case Cause::tunnel_config_error:
        case Cause::tunnel_silent:
        case Cause::handshake_rejected:
        case Cause::endpoint_silent: return true;
    }
    return true;
}

struct TrialRunner::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& loop, host::NameResolver& names) : io(loop), resolver(names), timer(loop) {}

    void finish(TrialResult result) {
        if (!done || std::exchange(finished, true)) return;
        timer.cancel();
        // Not before stop() may still call it off: who asked may be gone by then.
        asio::post(io, [self = shared_from_this(), result = std::move(result)] {
            if (const auto tell = std::exchange(self->done, nullptr)) tell(result);
        });
        end();
    }

    /// Not from inside the tunnel's own call: it would be destroyed under its feet.
    void end() {
        if (!tunnel) return;
        auto last = std::shared_ptr<TunnelRunner>(std::move(tunnel));
        last->terminate([last] {});  // itself until no process is left
    }

    void begin(TunnelSetup setup, const TunnelTimings& timings, Duration limit) {
        setup.trial = true;
        tunnel =
            std::make_unique<TunnelRunner>(io, resolver, std::move(setup), timings,
                                           TunnelRunner::Handlers{[weak = weak_from_this()](const TunnelState& state) {
                                                                      const auto self = weak.lock();
                                                                      if (!self || !self->tunnel) return;
                                                                      if (auto result = judged(state))
                                                                          self->finish(std::move(*result));
                                                                  },
                                                                  {},
                                                                  {},
                                                                  {}});
        tunnel->connect();
        timer.expires_after(limit);
        timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
            const auto self = weak.lock();
            if (error || !self || !self->tunnel) return;
            const TunnelState& state = self->tunnel->state();
            const Cause seen = state.cause != Cause::none ? state.cause : state.fault;
            self->finish({false, seen == Cause::none ? Cause::handshake_rejected : seen,
                          state.evidence.empty() ? "no connection in time" : state.evidence});
        });
    }

    asio::io_context& io;
    host::NameResolver& resolver;
    asio::steady_timer timer;
    std::unique_ptr<TunnelRunner> tunnel;
    std::function<void(TrialResult)> done;
    bool finished = false;
};

TrialRunner::TrialRunner(asio::io_context& io, host::NameResolver& resolver)
    : impl_(std::make_shared<Impl>(io, resolver)) {}

TrialRunner::~TrialRunner() { stop(); }

void TrialRunner::start(TunnelSetup setup, TunnelTimings timings, Duration limit,
                        std::function<void(TrialResult)> done) {
    stop();
    impl_ = std::make_shared<Impl>(impl_->io, impl_->resolver);  // what an earlier one has posted is not ours
    impl_->done = std::move(done);
    impl_->begin(std::move(setup), timings, limit);
}

void TrialRunner::stop() {
    impl_->done = nullptr;
    impl_->timer.cancel();
    impl_->end();
}

}  // namespace memdb::tunnel
