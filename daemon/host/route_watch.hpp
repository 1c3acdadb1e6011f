// Tells when links, addresses, routes or rules of this host change, and answers how things are now. Decides nothing.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "host/route.hpp"
#include "host/route_link.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace memdb::host {

class RouteWatch {
  public:
    static constexpr Duration kFirstWord = 20ms;  ///< from the first change of a burst until it is told
    static constexpr Duration kQuiet = 100ms;     ///< from one call to the next, at least

    /// Something changed: look again. Of both families; what only says again what was known (statistics, lifetimes, a
    /// route replaced by itself, the route cache) is not told. After every change there is a call within 100 ms, so the
    /// last one of a burst finds the last state. Notifications that the kernel had to drop count as a change.
    ///
    /// Called from the loop only, never from inside a member function, and not after the watch is gone; it may destroy
    /// the watch.
    using OnChange = std::function<void()>;

    /// Watches the calling thread's network namespace. An idle host costs no wake-up.
    /// Errc::io when the kernel gives no socket. Blocks for about a millisecond: it reads what is there. `io` must
    /// outlive the watch.
    static Result<std::unique_ptr<RouteWatch>> open(boost::asio::io_context& io, OnChange on_change);
    ~RouteWatch();
    RouteWatch(const RouteWatch&) = delete;
    RouteWatch& operator=(const RouteWatch&) = delete;

    // Questions and changes, on a second socket; see RouteLink for limits and errors. They block for well under a
    // millisecond, at most 200 ms for each question to the kernel.
    Result<RouteAnswer> route_to(const IpAddress& to) { return link_.route_to(to); }
    Result<std::vector<Route>> routes() { return link_.routes(); }
    Result<std::vector<LocalNetwork>> local_networks() { return link_.local_networks(); }
    Result<std::optional<LinkCounters>> counters(const std::string& device) { return link_.counters(device); }
    Result<void> add(const Route& route) { return link_.add(route); }
    Result<void> remove(const Route& route) { return link_.remove(route); }
    /// The same, for what needs no watch (clean_up).
    [[nodiscard]] RouteLink& link() noexcept { return link_; }

  private:
    struct Impl;
    RouteWatch(RouteLink link, std::shared_ptr<Impl> impl);

    RouteLink link_;
    std::shared_ptr<Impl> impl_;
};

}  // namespace memdb::host
