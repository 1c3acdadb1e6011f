// The client CIDR: which range of addresses an endpoint gives to its clients. Pure.
#pragma once

#include "base/ip_network.hpp"

#include <optional>
#include <span>
#include <string>

namespace memdb::client::aws {

/// What a client range may not overlap, and what to call it in a sentence.
struct TakenNetwork {
    IpNetwork network;
    std::string what;  ///< "the VPC", "a route of the VPC", "a network of this laptop"
};

/// The first /22 of 10.0.0.0/8 from 10.200.0.0 on, of 172.16.0.0/12, of 100.64.0.0/10 that overlaps nothing. Nothing
/// when there is none. The same for the same `taken`, whatever its order.
std::optional<IpNetwork> choose_client_network(std::span<const TakenNetwork> taken);

/// Empty when `network` can be the client CIDR of an endpoint (IPv4, /12 to /22, no overlap); else one sentence.
std::string judge_client_network(const IpNetwork& network, std::span<const TakenNetwork> taken);

}  // namespace memdb::client::aws
