#include "tunnel/endpoint_resolver.hpp"

#include "base/log.hpp"
#include "tunnel/endpoint_label.hpp"
#include "tunnel/management_codec.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <random>
#include <utility>

namespace memdb::tunnel {
namespace {

namespace asio = boost::asio;

std::string random_label() {
    std::random_device random;
    return endpoint_label(std::uint64_t{random()} << 32U | random());
}

bool fits(const asio::ip::address& address, config::AddressFamily family) {
    switch (family) {
        case config::AddressFamily::any: return true;
        case config::AddressFamily::ipv4: return address.is_v4();
        case config::AddressFamily::ipv6: return address.is_v6();
    }
    return false;
}

}  // namespace

/// The look-ups of one attempt.
struct EndpointResolver::Round {
    std::vector<std::vector<ServerAddress>> found;  ///< by remote, in the order of the configuration
    std::vector<host::NameResolver::Query> queries;
    std::string failure;
    std::size_t open = 0;
};

void EndpointResolver::start(const TunnelSetup& setup, Duration limit) {
    cancel();
    if (setup.remotes.empty()) return done_(EndpointUnresolved{"the profile has no endpoint"});
    round_ = std::make_shared<Round>();
    round_->found.resize(setup.remotes.size());
    round_->open = setup.remotes.size();
    for (std::size_t i = 0; i < setup.remotes.size(); ++i) {
        const config::Remote& remote = setup.remotes[i];
        boost::system::error_code not_literal;
        asio::ip::make_address(remote.host, not_literal);
        const bool label = setup.random_hostname && not_literal;
        const std::string name = label ? random_label() + "." + remote.host : remote.host;
        logger("tunnel")->debug("{}: resolving {}", setup.profile, name);
        round_->queries.push_back(
            resolver_.resolve(name, limit, [this, mine = std::weak_ptr(round_), remote, i](auto result) {
                if (const auto these = mine.lock()) resolved(remote, i, result);  // only while it is ours
            }));
    }
}

void EndpointResolver::resolved(const config::Remote& remote, std::size_t index,
                                const Result<host::NameResolver::Addresses>& result) {
    if (result.has_error() && round_->failure.empty()) round_->failure = cleaned(result.error().message, 200);
    if (result.has_value())
        for (const auto& address : *result)
            if (fits(address, remote.family))
                round_->found[index].push_back({address.to_string(), remote.port, remote.transport});
    if (--round_->open > 0) return;

    const auto finished = std::move(round_);
    std::vector<ServerAddress> addresses;
    for (const auto& of_one : finished->found)
        for (const auto& address : of_one)
            if (addresses.size() < kAddressLimit) addresses.push_back(address);
    if (!addresses.empty()) return done_(EndpointResolved{std::move(addresses)});
    done_(EndpointUnresolved{finished->failure.empty() ? "no address of the wanted family" : finished->failure});
}

void EndpointResolver::cancel() {
    if (!round_) return;
    for (const auto query : round_->queries) resolver_.cancel(query);
    round_.reset();
}

}  // namespace memdb::tunnel
