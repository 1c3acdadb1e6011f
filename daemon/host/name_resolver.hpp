// Names to addresses with c-ares on the agent's own loop: a deadline for each, cancellable, never blocking. Asks as the
// system does, or one DNS server that the caller names.
//
// Reads /etc/resolv.conf, nsswitch.conf and hosts again for every question whose files have changed, so that another
// network is noticed. Decides nothing: callers say the name and the limit.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace memdb::host {

class NameResolver {
  public:
    using Addresses = std::vector<boost::asio::ip::address>;  ///< never empty in a success; IPv4 and IPv6
    using Done = std::function<void(Result<Addresses>)>;
    using Query = std::uint64_t;

    static constexpr std::size_t kServerLimit = 4;  ///< of resolve_at(), kept open; others are opened anew
    static constexpr Duration kServerIdle = 5min;   ///< after that a kept one is dropped, at the next question

    /// @param servers  "ADDRESS[:PORT],…" to ask instead of those in resolv.conf; empty: resolv.conf's.
    explicit NameResolver(boost::asio::io_context& io, std::string servers = {});
    ~NameResolver();  ///< open questions are dropped without calling back
    NameResolver(const NameResolver&) = delete;
    NameResolver& operator=(const NameResolver&) = delete;

    /// Asks for the A and AAAA records of `name`; an address literal answers itself.
    ///
    /// @param limit  then `done` gets Errc::deadline_passed. Other failures: Errc::not_found (no such name, no
    /// address),
    ///               Errc::io (no server reachable, refused, malformed answer). The message is one line for a person.
    /// @param done   called exactly once, from the loop, never from inside this call; not at all after cancel().
    Query resolve(const std::string& name, Duration limit, Done done);

    /// The same, but asks `server` alone: neither the servers of resolv.conf nor the hosts file.
    ///
    /// @param server  "10.20.0.2", "fd00::2", "10.20.0.2:53", "[fd00::2]:53". `done` gets Errc::bad_input for anything
    ///                else.
    Query resolve_at(const std::string& server, const std::string& name, Duration limit, Done done);

    /// Forgets the question. Unknown and finished ones are ignored.
    void cancel(Query query) noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace memdb::host
