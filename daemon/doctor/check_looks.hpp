// What each of the doctor's checks sees by itself; the rows of check_catalog. Pure.
#pragma once

#include "doctor/check_catalog.hpp"

namespace memdb::doctor {

// This machine and the profile's files (check_host_policy.cpp).
std::optional<Look> look_at_openvpn(const Scene& scene);
std::optional<Look> look_at_tun(const Scene& scene);
std::optional<Look> look_at_capability(const Scene& scene);
std::optional<Look> look_at_configuration(const Scene& scene);
std::optional<Look> look_at_others(const Scene& scene);
std::optional<Look> look_at_certificate(const Scene& scene);
std::optional<Look> look_at_chain(const Scene& scene);
std::optional<Look> look_at_list(const Scene& scene);
std::optional<Look> look_at_clock(const Scene& scene);
std::optional<Look> look_at_agent(const Scene& scene);

// From here to the endpoint, and the tunnel (check_endpoint_policy.cpp).
std::optional<Look> look_at_network(const Scene& scene);
std::optional<Look> look_at_local_networks(const Scene& scene);
std::optional<Look> look_at_endpoint_name(const Scene& scene);
std::optional<Look> look_at_servers(const Scene& scene);
std::optional<Look> look_at_handshake(const Scene& scene);
std::optional<Look> look_at_wish(const Scene& scene);
std::optional<Look> look_at_process(const Scene& scene);
std::optional<Look> look_at_tunnel(const Scene& scene);
std::optional<Look> look_at_packet_size(const Scene& scene);
std::optional<Look> look_at_pushed(const Scene& scene);

// From the tunnel to the cluster (check_cluster_policy.cpp).
std::optional<Look> look_at_routes(const Scene& scene);
std::optional<Look> look_at_cluster_name(const Scene& scene);
std::optional<Look> look_at_port(const Scene& scene);
std::optional<Look> look_at_tls(const Scene& scene);
std::optional<Look> look_at_login(const Scene& scene);
std::optional<Look> look_at_ping(const Scene& scene);
std::optional<Look> look_at_latency(const Scene& scene);
std::optional<Look> look_at_cluster(const Scene& scene);

}  // namespace memdb::doctor
