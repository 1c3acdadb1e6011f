// The endpoint's addresses: asks for every remote of a profile, together, under a random label where AWS wants one.
#pragma once

#include "host/name_resolver.hpp"
#include "tunnel/openvpn_arguments.hpp"
#include "tunnel/tunnel_event.hpp"

#include <functional>
#include <memory>

namespace memdb::tunnel {

class EndpointResolver {
  public:
    static constexpr std::size_t kAddressLimit = 64;  ///< of all remotes together

    /// EndpointResolved or EndpointUnresolved, once for each start(), from the loop.
    using Done = std::function<void(TunnelEvent)>;

    /// `resolver` must outlive this.
    EndpointResolver(host::NameResolver& resolver, Done done) : resolver_(resolver), done_(std::move(done)) {}
    ~EndpointResolver() { cancel(); }
    EndpointResolver(const EndpointResolver&) = delete;
    EndpointResolver& operator=(const EndpointResolver&) = delete;

    /// Asks anew; what was asked before is not answered any more.
    void start(const TunnelSetup& setup, Duration limit);
    void cancel();

  private:
    struct Round;
    void resolved(const config::Remote& remote, std::size_t index, const Result<host::NameResolver::Addresses>& result);

    host::NameResolver& resolver_;
    Done done_;
    std::shared_ptr<Round> round_;
};

}  // namespace memdb::tunnel
