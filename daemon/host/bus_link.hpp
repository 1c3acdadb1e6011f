// The system's D-Bus on our loop: calls with a deadline, signals, and a connection that comes back by itself.
//
// Knows no service: what to say to logind or systemd-resolved is their own files' business. A machine without a bus is
// no error; calls then fail, and the link goes on looking for it, at most once a minute.
// Source: sd-bus(3), sd_bus_get_fd(3) (how another loop drives it), facts G.5.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

struct sd_bus_message;

namespace memdb::host {

class BusLink {
    struct Impl;
    struct Listener;

  public:
    /// Keeps a subscription alive. May outlive the link.
    class [[nodiscard]] Subscription {
      public:
        Subscription() = default;

      private:
        friend class BusLink;
        explicit Subscription(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
        std::shared_ptr<Listener> listener_;
    };

    struct Call {
        std::string destination, path, interface, member;
        /// Appends the arguments by sd_bus_message_append(3); returns what that returns.
        std::function<int(sd_bus_message*)> arguments{};
        bool starts_service = true;  ///< false: a service that is not running stays so (Errc::not_found)
    };
    /// The reply is the bus's, and valid during the call only. Errc::not_found: no such service, object or link;
    /// not_permitted; busy; deadline_passed; peer_closed: no bus, or it went away; io: any other error, with its text.
    using Done = std::function<void(Result<sd_bus_message*>)>;

    struct Signal {
        std::string sender, path, interface, member;
        std::string first_argument{};  ///< only signals with it; empty: any
    };

    /// Looks for the bus from the loop's next turn on. `io` must outlive the link.
    explicit BusLink(boost::asio::io_context& io);
    ~BusLink();  ///< calls nothing back any more
    BusLink(const BusLink&) = delete;
    BusLink& operator=(const BusLink&) = delete;

    // Everything is called back from the loop, never from inside a member function.

    /// Told each time the bus is there (again), or has gone; at once when it is there already.
    Subscription on_bus(std::function<void(bool connected)> call);

    /// Kept over reconnections. Only of the named sender's present owner: nobody else can forge it.
    Subscription on_signal(Signal signal, std::function<void(sd_bus_message*)> call);

    /// `done` comes exactly once, unless the link goes first.
    void call(const Call& call, Duration limit, Done done);

    [[nodiscard]] bool connected() const noexcept;

  private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace memdb::host
