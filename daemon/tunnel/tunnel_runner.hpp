// One tunnel, driven: brings events to tunnel_machine and does what it says. Decides nothing.
#pragma once

#include "host/name_resolver.hpp"
#include "tunnel/openvpn_arguments.hpp"
#include "tunnel/tunnel_machine.hpp"
#include "tunnel/tunnel_record.hpp"
#include "tunnel/tunnel_timings.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace memdb::tunnel {

class TunnelRunner {
  public:
    /// Called from the loop. Only `changed` and `about_to_handle` may call member functions of the runner.
    struct Handlers {
        std::function<void(const TunnelState&)> changed;             ///< after each step that changed the state
        std::function<void(const ServerAddress&)> about_to_spawn{};  ///< openvpn will change the host: write it down
        std::function<void(int pid)> spawned{};
        /// No process any more: whatever it left on the host can be removed. Not of one that outlived SIGKILL.
        std::function<void()> gone{};
        /// Before each event: may call woke(), which then comes first.
        std::function<void()> about_to_handle{};
    };

    /// `io` and `resolver` must outlive the runner.
    TunnelRunner(boost::asio::io_context& io, host::NameResolver& resolver, TunnelSetup setup, TunnelTimings timings,
                 Handlers handlers);
    /// Calls nothing back any more. An openvpn that still runs ends by itself, since its management connection closes,
    /// unless somebody else keeps it open (systemd's store).
    ~TunnelRunner();
    TunnelRunner(const TunnelRunner&) = delete;
    TunnelRunner& operator=(const TunnelRunner&) = delete;

    /// Takes over a tunnel that is up: the management connection that an earlier memdbd has stored, and its openvpn, if
    /// they are what `record` says. Only while `stopped`, before connect(); when openvpn then does not answer as it
    /// should, it is ended and another one started. Takes `descriptor` over in any case; never about_to_spawn, spawned.
    ///
    /// Errc::not_found: it is not that process any more; nothing was done. Errc::io.
    Result<void> adopt(int descriptor, const TunnelRecord& record);

    /// What adopt() needs, but for the key's generation; nothing unless the tunnel is up.
    [[nodiscard]] std::optional<TunnelRecord> record() const;
    /// Of the management connection, to be stored; stays the runner's. -1 without one.
    [[nodiscard]] int management_descriptor() const noexcept;

    // Wishes: queued, and done from the loop.
    void connect();
    void disconnect();
    void reconnect(ReconnectRequested wish);
    /// Nodes are silent: asks openvpn at once whether it lives.
    void check();
    /// Another way out of this machine than before, or none.
    void network_changed(bool online);
    void server_answered(ServerAddress server);
    void forbid(Cause cause, std::string evidence);
    /// The machine is about to sleep: until woke() no timer of the runner wakes anybody.
    void sleep();
    void woke(Duration slept);  ///< before whatever else has happened meanwhile; 0: it did not sleep
    void clock_stepped();
    /// Something that could have blocked has changed: configuration, key, certificate, clock.
    void input_changed();

    /// In force from the next process on; does not touch a running one. Usually followed by input_changed(), and by
    /// reconnect() when it should be used now.
    void set_setup(TunnelSetup setup);
    void set_timings(TunnelTimings timings);

    /// Disconnects; `done` comes once, from the loop, when no process is left: within stop_grace + kill_limit (4.5 s).
    void terminate(std::function<void()> done);

    [[nodiscard]] const TunnelState& state() const noexcept;
    /// Of the process, from its start until it is gone.
    [[nodiscard]] std::optional<int> openvpn_pid() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace memdb::tunnel
