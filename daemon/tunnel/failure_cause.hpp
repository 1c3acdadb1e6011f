// Why a tunnel could not be had: the causes that the tunnel itself can tell apart, named as the finding codes are.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace memdb::tunnel {

enum class Cause : std::uint8_t {
    none,
    profile_overlap,
    openvpn_missing,
    openvpn_too_old,
    tun_device_unavailable,
    no_net_admin,
    config_refused,
    client_cert_expired,
    client_cert_not_yet_valid,
    client_key_mismatch,
    client_cert_unusable,
    auth_failed,
    server_cert_untrusted,
    server_cert_expired,
    server_name_mismatch,
    tunnel_config_error,
    openvpn_hung,
    openvpn_crashed,
    network_offline,
    endpoint_name_unresolved,
    tunnel_silent,
    handshake_rejected,
    endpoint_silent,
};

/// Every cause but `none`, for tables and tests.
inline constexpr std::array kCauses = {
    Cause::profile_overlap,
    Cause::openvpn_missing,
    Cause::openvpn_too_old,
    Cause::tun_device_unavailable,
    Cause::no_net_admin,
    Cause::config_refused,
    Cause::client_cert_expired,
    Cause::client_cert_not_yet_valid,
    Cause::client_key_mismatch,
    Cause::client_cert_unusable,
    Cause::auth_failed,
    Cause::server_cert_untrusted,
    Cause::server_cert_expired,
    Cause::server_name_mismatch,
    Cause::tunnel_config_error,
    Cause::openvpn_hung,
    Cause::openvpn_crashed,
    Cause::network_offline,
    Cause::endpoint_name_unresolved,
    Cause::tunnel_silent,
    Cause::handshake_rejected,
    Cause::endpoint_silent,
};

/// The finding code ("endpoint-silent"); empty for `none`.
[[nodiscard]] std::string_view to_string(Cause cause) noexcept;

/// Whether another try makes no sense before a person, an import or a new key changes something (design §4).
[[nodiscard]] bool blocks(Cause cause) noexcept;

/// How much a cause explains: of two that were seen in one attempt the higher is reported.
/// 0 a guess from silence, 1 a condition of the network, 2 a statement about this very attempt, 3 a blocking one.
[[nodiscard]] int weight(Cause cause) noexcept;

}  // namespace memdb::tunnel
