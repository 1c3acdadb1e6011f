// What a person wants of `memdbctl aws`: the options, as values. Flags are the whole wish: what an earlier apply made
// and this one does not ask for is taken back.
#pragma once

#include "base/ip_network.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memdb::client::aws {

enum class Allow : std::uint8_t {
    vpc,       ///< the VPC's networks
    networks,  ///< --allow CIDR…
    nodes,     ///< --allow nodes: one address each
};

struct Wish {
    std::string cluster;
    std::string profile;  ///< of the agent; default: the cluster's name
    Allow allow = Allow::vpc;
    std::vector<IpNetwork> networks{};  ///< with Allow::networks
    bool internet = false;
    std::optional<IpNetwork> client_network{};
    std::optional<unsigned> session_hours{};  ///< 8, 10, 12, 24; absent: whatever is, 24 at first
    std::string log_group{};                  ///< empty: as it is, none at first
    std::string server_name{};                ///< CN and DNS name of the endpoint's certificate
    std::string client_name{};                ///< of this laptop's certificate in the PKI
    std::string pki_folder{};                 ///< for messages
    std::string bundle{};                     ///< a file to write instead of a profile to import
};

}  // namespace memdb::client::aws
