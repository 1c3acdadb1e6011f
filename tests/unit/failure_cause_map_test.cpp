#include "tunnel/failure_cause_map.hpp"

#include <gtest/gtest.h>

#include <set>

using namespace memdb;
using namespace memdb::tunnel;

namespace {

struct Row {
    std::string_view line;
    Cause cause;
};

// Texts as openvpn 2.6.14 (Debian 12) printed them when each fault was made, less those marked "source", which were
// read in openvpn's release/2.6 tree.
// clang-format off
constexpr Row kRows[] = {
    {"Options error: Unrecognized option or missing or extra parameter(s) in [CMD-LINE]:1: nonsense (2.6.14)", Cause::config_refused},
    {"2026-11-23 15:44:01 Options error: Unrecognized option or missing or extra parameter(s) in bad.conf:4: foo (2.6.14)", Cause::config_refused},
    {"Options error: Unrecognized option or missing or extra parameter(s) in client.ovpn:9: data-ciphers (2.4.7)", Cause::openvpn_too_old},  // source
    {"2026-11-23 15:44:01 OpenVPN 2.4.12 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [PKCS11] [MH/PKTINFO] [AEAD] built on Jun 27 2022", Cause::openvpn_too_old},
    {"OpenVPN 2.3.10 x86_64-pc-linux-gnu", Cause::openvpn_too_old},
    {"2026-11-23 15:44:01 OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL]", Cause::none},
    {"OpenVPN 2.5.0 x86_64", Cause::none},
    {"OpenVPN 3.0", Cause::none},
    {"OpenVPN 2.", Cause::none},
    {"library versions: OpenSSL 1.1.1, LZO 2.4", Cause::none},
    {"Options error: Unrecognized option or missing or extra parameter(s) in [PUSH-OPTIONS]:5: auth-token (2.4.7)", Cause::none},
    {"VERIFY ERROR: depth=0, error=self-signed certificate: O=OpenVPN 2.3, serial=1", Cause::server_cert_untrusted},
    {"Options error: --cert fails with 'missing.crt': No such file or directory (errno=2)", Cause::client_cert_unusable},
    {"Options error: Please correct these errors.", Cause::config_refused},
    {"Options error: Unrecognized option or missing or extra parameter(s) in [PUSH-OPTIONS]:5: auth-token (2.6.14)", Cause::none},
    {"ERROR: Cannot ioctl TUNSETIFF tun: Operation not permitted (errno=1)", Cause::no_net_admin},
    {"ERROR: Cannot open TUN/TAP dev /dev/net/tun: No such file or directory (errno=2)", Cause::tun_device_unavailable},
    {"OpenSSL: error:05800074:x509 certificate routines::key values mismatch:", Cause::client_key_mismatch},
    {"Cannot load private key file otherclient.key", Cause::client_cert_unusable},
    {"Error: private key password verification failed", Cause::client_cert_unusable},
    {"Cannot load certificate file junk.crt", Cause::client_cert_unusable},
    {"neither stdin nor stderr are a tty device and you have neither a controlling tty nor systemd - can't ask for 'Enter Private Key Password:'.  If you used --daemon, you need to use --askpass to make passphrase-protected keys work, and you can not use --auth-nocache.", Cause::client_cert_unusable},
    {"WARNING: Your certificate has expired!", Cause::client_cert_expired},
    {"WARNING: Your certificate is not yet valid!", Cause::client_cert_not_yet_valid},  // source
    {"VERIFY ERROR: depth=0, error=certificate has expired: CN=expired, serial=1", Cause::server_cert_expired},
    {"VERIFY ERROR: depth=0, error=unable to get local issuer certificate: CN=otherserver, serial=304671353088410399219222828820558907177510039852", Cause::server_cert_untrusted},
    {"VERIFY ERROR: depth=1, error=self-signed certificate in certificate chain: CN=ca, serial=1", Cause::server_cert_untrusted},  // source
    {"VERIFY X509NAME ERROR: CN=server, must be other", Cause::server_name_mismatch},
    // Subjects that a stranger chose: they may not choose the cause, least of all a blocking one.
    {"VERIFY ERROR: depth=0, error=self-signed certificate: O=Private key does not match the certificate, serial=1", Cause::server_cert_untrusted},
    {"VERIFY ERROR: depth=0, error=self-signed certificate: O=MANAGEMENT: AUTH_FAILED, serial=1", Cause::server_cert_untrusted},
    {"VERIFY EKU ERROR", Cause::server_cert_untrusted},  // source
    {"AUTH: Received control message: AUTH_FAILED", Cause::auth_failed},
    {"SIGTERM[soft,auth-failure] received, process exiting", Cause::auth_failed},
    {"AUTH: Received control message: AUTH_FAILED,TEMP[backoff 42]: try later", Cause::none},  // source
    {"write UDPv4 []: Network is unreachable (fd=3,code=101)", Cause::network_offline},
    {"write UDPv6 []: Network is unreachable (fd=3,code=101)", Cause::network_offline},
    {"Network unreachable, restarting", Cause::network_offline},
    {"TCP: connect to [AF_INET]198.51.100.1:1194 failed: Network is unreachable", Cause::network_offline},
    {"sitnl_send: rtnl: generic error (-101): Network is unreachable", Cause::none},
    {"TLS Error: TLS key negotiation failed to occur within 60 seconds (check your network connectivity)", Cause::endpoint_silent},
    {"read UDPv4 [ECONNREFUSED]: Connection refused (fd=3,code=111)", Cause::endpoint_silent},
    {"read UDPv4 [EHOSTUNREACH|EHOSTUNREACH]: No route to host (fd=3,code=113)", Cause::endpoint_silent},
    {"TCP: connect to [AF_INET]192.0.2.1:1199 failed: Connection refused", Cause::endpoint_silent},
    // What a quiet, successful connection prints.
    {"WARNING: file 'client.key' is group or others accessible", Cause::none},
    {"Note: Kernel support for ovpn-dco missing, disabling data channel offload.", Cause::none},
    {"VERIFY OK: depth=1, CN=ca", Cause::none},
    {"VERIFY X509NAME OK: CN=server", Cause::none},
    {"TUN/TAP device tun0 opened", Cause::none},
    {"Initialization Sequence Completed", Cause::none},
    {"SIGUSR1[soft,tls-error] received, process restarting", Cause::none},
    {"event_wait : Interrupted system call (fd=-1,code=4)", Cause::none},
    {"", Cause::none},
    // Words of others, quoted: not what openvpn itself says.
    {"MANAGEMENT: >STATE:1795448613,RECONNECTING,AUTH_FAILED,,,,,", Cause::none},
    {"PUSH: Received control message: 'PUSH_REPLY,setenv x Options error: AUTH_FAILED'", Cause::none},
};
// clang-format on

TEST(FailureCauseMap, knows_what_openvpn_says) {
    for (const Row& row : kRows) EXPECT_EQ(to_string(cause_of_log(row.line)), to_string(row.cause)) << row.line;
}

TEST(FailureCauseMap, tells_a_missing_program_from_a_passing_lack) {
    EXPECT_EQ(cause_of_spawn(Errc::not_found), Cause::openvpn_missing);
    EXPECT_EQ(cause_of_spawn(Errc::not_permitted), Cause::openvpn_missing);
    EXPECT_EQ(cause_of_spawn(Errc::io), Cause::openvpn_crashed);
}

TEST(FailureCause, has_a_code_of_its_own_for_each) {
    std::set<std::string_view> codes;
    for (const Cause cause : kCauses) {
        EXPECT_FALSE(to_string(cause).empty());
        EXPECT_TRUE(codes.insert(to_string(cause)).second) << to_string(cause);
    }
    EXPECT_EQ(to_string(Cause::none), "");
}

TEST(FailureCause, blocks_only_where_another_try_makes_no_sense) {
    for (const Cause cause : {Cause::openvpn_missing, Cause::openvpn_too_old, Cause::tun_device_unavailable,
                              Cause::no_net_admin, Cause::config_refused, Cause::client_cert_expired,
                              Cause::client_key_mismatch, Cause::client_cert_unusable, Cause::auth_failed})
        EXPECT_TRUE(blocks(cause)) << to_string(cause);
    for (const Cause cause : {Cause::none, Cause::endpoint_silent, Cause::handshake_rejected, Cause::network_offline,
                              Cause::server_cert_expired, Cause::openvpn_hung, Cause::openvpn_crashed})
        EXPECT_FALSE(blocks(cause)) << to_string(cause);
}

}  // namespace
