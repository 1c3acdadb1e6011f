#include "tunnel/failure_cause.hpp"

namespace memdb::tunnel {

std::string_view to_string(Cause cause) noexcept {
    switch (cause) {
        case Cause::none: return "";
        case Cause::profile_overlap: return "profile-overlap";
        case Cause::openvpn_missing: return "openvpn-missing";
        case Cause::openvpn_too_old: return "openvpn-too-old";
        case Cause::tun_device_unavailable: return "tun-device-unavailable";
        case Cause::no_net_admin: return "no-net-admin";
        case Cause::config_refused: return "config-refused";
        case Cause::client_cert_expired: return "client-cert-expired";
        case Cause::client_cert_not_yet_valid: return "client-cert-not-yet-valid";
        case Cause::client_key_mismatch: return "client-key-mismatch";
        case Cause::client_cert_unusable: return "client-cert-unusable";
        case Cause::auth_failed: return "auth-failed";
        case Cause::server_cert_untrusted: return "server-cert-untrusted";
        case Cause::server_cert_expired: return "server-cert-expired";
        case Cause::server_name_mismatch: return "server-name-mismatch";
        case Cause::tunnel_config_error: return "tunnel-config-error";
        case Cause::openvpn_hung: return "openvpn-hung";
        case Cause::openvpn_crashed: return "openvpn-crashed";
        case Cause::network_offline: return "network-offline";
        case Cause::endpoint_name_unresolved: return "endpoint-name-unresolved";
        case Cause::tunnel_silent: return "tunnel-silent";
        case Cause::handshake_rejected: return "handshake-rejected";
        case Cause::endpoint_silent: return "endpoint-silent";
    }
    return "";
}

int weight(Cause cause) noexcept {
    switch (cause) {
        case Cause::profile_overlap:
        case Cause::openvpn_missing:
        case Cause::openvpn_too_old:
        case Cause::tun_device_unavailable:
        case Cause::no_net_admin:
        case Cause::config_refused:
        case Cause::client_cert_expired:
        case Cause::client_cert_not_yet_valid:
        case Cause::client_key_mismatch:
        case Cause::client_cert_unusable:
        case Cause::auth_failed: return 3;
        case Cause::server_cert_untrusted:
        case Cause::server_cert_expired:
        case Cause::server_name_mismatch:
        case Cause::tunnel_config_error:
        case Cause::openvpn_hung: return 2;
        case Cause::openvpn_crashed:
        case Cause::network_offline:
        case Cause::endpoint_name_unresolved:
        case Cause::tunnel_silent: return 1;
        case Cause::handshake_rejected:
        case Cause::endpoint_silent:
        case Cause::none: return 0;
    }
    return 0;
}

bool blocks(Cause cause) noexcept { return weight(cause) == 3; }

}  // namespace memdb::tunnel
