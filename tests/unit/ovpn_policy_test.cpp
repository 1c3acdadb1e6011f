#include "config/ovpn_policy.hpp"

#include "config/ovpn_catalog.hpp"
#include "tests/support/easyrsa_pki.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::config {
namespace {

/// As AWS exports it (facts C.2).
std::string aws_export() {
    return "client\ndev tun\nproto udp\nremote cvpn-endpoint-0123456789abcdef0.prod.clientvpn.us-east-1.amazonaws.com "
           "443\n"
           "remote-random-hostname\nresolv-retry infinite\nnobind\nremote-cert-tls server\ncipher AES-256-GCM\nverb "
           "3\n<ca>\n" +
           std::string(tests::kEasyrsaCa) + "</ca>\n\n\nreneg-sec 0\n\nverify-x509-name server name\n";
}

Result<ImportedConfig> judged(std::string_view text, CredentialSource source = CredentialSource::given) {
    const auto directives = lex_ovpn(text, "f.ovpn");
    if (!directives) return directives.error();
    return judge_ovpn(*directives, "f.ovpn", source);
}

/// What AWS exports and one line more: its refusal without "f.ovpn:N: ", or "accepted".
std::string with_line(const std::string& line, CredentialSource source = CredentialSource::given) {
    const auto config = judged(aws_export() + line + "\n", source);
    if (config) return config->warnings.empty() ? "accepted" : "warned: " + config->warnings.front();
    const std::string message = config.error().message;
    return message.substr(message.find(": ") + 2);
}

TEST(OvpnPolicy, an_aws_export_is_taken_over_without_a_warning) {
    const auto config = judged(aws_export());
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_THAT(config->remotes,
                testing::ElementsAre(Remote{"cvpn-endpoint-0123456789abcdef0.prod.clientvpn.us-east-1.amazonaws.com",
                                            443, Transport::udp, AddressFamily::any}));
    EXPECT_TRUE(config->random_hostname);
    EXPECT_EQ(config->server_name, (ServerName{"server", "name"}));
    EXPECT_EQ(config->cipher, "AES-256-GCM");
    EXPECT_EQ(config->reneg_sec, 0u);
    EXPECT_TRUE(config->warnings.empty());
    EXPECT_EQ(config->ca_pem, tests::kEasyrsaCa);
}

TEST(OvpnPolicy, what_is_written_is_stable) {
    const auto config = judged(aws_export() + "mssfix 1328 mtu\nauth SHA256\n");
    ASSERT_TRUE(config);
    EXPECT_EQ(
        emit_ovpn(*config),
        R"(# Written by memdbd from the imported file. Address, certificate and key are given on openvpn's command line.
client
dev tun
nobind
persist-tun
remote-cert-tls server
verify-x509-name server name
tls-version-min 1.2
cipher AES-256-GCM
auth SHA256
reneg-sec 0
mssfix 1328 mtu
<ca>
)" + std::string(tests::kEasyrsaCa) +
            "</ca>\n");
}

TEST(OvpnPolicy, what_is_written_is_accepted_again_but_for_the_remote) {
    const auto config = judged(aws_export() + "data-ciphers AES-256-GCM:AES-128-GCM\ntls-version-min 1.3\n");
    ASSERT_TRUE(config);
    const std::string written = emit_ovpn(*config);
    const auto alone = judged(written);
    ASSERT_FALSE(alone);
    EXPECT_EQ(alone.error().message, "f.ovpn: it has no remote line: is this the file that AWS exports?");
    const auto again = judged("remote a.test 443\n" + written);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(emit_ovpn(*again), written);
}

TEST(OvpnPolicy, remote_cert_tls_is_written_even_when_the_file_forgot_it) {
    std::string text = aws_export();
    text.erase(text.find("remote-cert-tls server\n"), std::string("remote-cert-tls server\n").size());
    const auto config = judged(text);
    ASSERT_TRUE(config);
    EXPECT_NE(emit_ovpn(*config).find("\nremote-cert-tls server\n"), std::string::npos);
}

TEST(OvpnPolicy, a_server_name_is_quoted_when_it_must_be) {
    const auto config = judged("remote a.test\n<ca>\n" + std::string(tests::kEasyrsaCa) +
                               "</ca>\nverify-x509-name \"C=US, CN=a\\\"b\"\n");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_NE(emit_ovpn(*config).find("\nverify-x509-name \"C=US, CN=a\\\"b\" subject\n"), std::string::npos);
}

TEST(OvpnPolicy, the_easyrsa_text_dump_in_ca_is_left_behind) {
    const auto config = judged("remote a.test\n<ca>\n" + std::string(tests::kEasyrsaServerCert) +
                               std::string(tests::kEasyrsaCa) + "</ca>\n");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->ca_pem.find("Certificate:"), std::string::npos);
    EXPECT_EQ(config->ca_pem.find("-----BEGIN"), 0u);
}

TEST(OvpnPolicy, remotes_take_port_and_protocol_from_where_openvpn_would) {
    const std::string rest = "\n<ca>\n" + std::string(tests::kEasyrsaCa) + "</ca>\n";
    using enum Transport;
    using enum AddressFamily;
    struct Row {
        std::string text;
        std::vector<Remote> remotes;
        bool random;
    };
    const Row rows[] = {
        {"remote a.test", {{"a.test", 1194, udp, any}}, false},
        {"remote a.test 443\nproto tcp", {{"a.test", 443, tcp, any}}, false},
        {"remote a.test\nport 443\nproto tcp6-client", {{"a.test", 443, tcp, ipv6}}, false},
        {"remote a.test 443 udp4\nremote 192.0.2.3 1194 tcp",
         {{"a.test", 443, udp, ipv4}, {"192.0.2.3", 1194, tcp, any}},
         false},
        {"remote 2001:db8::1 443 udp6", {{"2001:db8::1", 443, udp, ipv6}}, false},
        {"remote *.cvpn-endpoint-0.test 443", {{"cvpn-endpoint-0.test", 443, udp, any}}, true},
        {"remote cvpn-endpoint-0.test 443", {{"cvpn-endpoint-0.test", 443, udp, any}}, true},
        {"remote x.cvpn-endpoint-0.test 443", {{"x.cvpn-endpoint-0.test", 443, udp, any}}, false},
        {"remote a.test 443\nremote-random-hostname", {{"a.test", 443, udp, any}}, true},
    };
    for (const Row& row : rows) {
        const auto config = judged(row.text + rest);
        ASSERT_TRUE(config) << row.text << config.error().message;
        EXPECT_EQ(config->remotes, row.remotes) << row.text;
        EXPECT_EQ(config->random_hostname, row.random) << row.text;
    }
}

TEST(OvpnPolicy, lines_are_judged_one_by_one) {
    const std::string aes = " is not accepted; AWS Client VPN uses AES-256-GCM";
    struct Row {
        std::string line, verdict;
    };
    // clang-format off
    const Row rows[] = {
        {"persist-key", "accepted"}, {"persist-tun", "accepted"}, {"verb 11", "accepted"}, {"dev tun7", "dev is refused: it was said before, differently"}, {"--nobind", "accepted"},
        {"remote-cert-tls server", "accepted"}, {"cipher AES-256-GCM", "accepted"}, {"mssfix 0", "accepted"}, {"tls-version-min 1.3", "accepted"},
        {"mute 20", "warned: line 38: mute is left out: memdbd sets what openvpn logs"},
        {"connect-retry 1 5", "warned: line 38: connect-retry is left out: memdbd owns the retries"},
        {"cert /etc/openvpn/a.crt", "warned: line 38: cert is left out: another was given with the file"},
        {"key a.key", "warned: line 38: key is left out: another was given with the file"},
        {"<cert>\n</cert>", "warned: line 38: <cert> is left out: it is empty"},
        {"<key>\nx\n</key>", "warned: line 38: <key> is left out: another was given with the file"},

        {"auth-user-pass", "auth-user-pass is refused: the endpoint wants a user to log in; memdbd supports mutual certificates only, so that it can reconnect by itself"},
        {"auth-federate", "auth-federate is refused: the endpoint wants a user to log in; memdbd supports mutual certificates only, so that it can reconnect by itself"},
        {"static-challenge \"Enter MFA code \" 1", "static-challenge is refused: the endpoint wants a user to log in; memdbd supports mutual certificates only, so that it can reconnect by itself"},
        {"up /bin/sh", "up is refused: it runs a program"},
        {"'up' /bin/sh", "up is refused: it runs a program"},
        {"--up /bin/sh", "up is refused: it runs a program"},
        {"<up>\n/bin/sh\n</up>", "up is refused: it runs a program"},
        {"plugin /x.so", "plugin is refused: it loads code"},
        {"pkcs11-id x", "pkcs11-id is refused: it loads code"},
        {"log /etc/passwd", "log is refused: it writes a file"},
        {"setenv opt up", "setenv is refused: it changes how the rest is read"},
        {"<connection>\nremote a\n</connection>", "connection is refused: it changes how the rest is read"},
        {"management 127.0.0.1 7505", "management is refused: memdbd alone controls openvpn"},
        {"redirect-gateway def1", "redirect-gateway is refused: addresses, routes and DNS come from the endpoint"},
        {"route 10.0.0.0 255.0.0.0", "route is refused: addresses, routes and DNS come from the endpoint"},
        {"tls-cipher ALL", "tls-cipher is refused: it weakens the encryption"},
        {"frobnicate", "frobnicate is refused: it is not on the list of what memdbd accepts"},
        {"<tls-auth>\nx\n</tls-auth>", "tls-auth is refused: AWS Client VPN does not use it"},
        {"<verb>\n3\n</verb>", "verb is refused: it cannot be an inline block"},
        {"<cipher>\nx\n</cipher>", "cipher is refused: it cannot be an inline block"},
        {"ca ca.crt", "ca is refused: memdbd opens no file that a configuration names: put the certificates between <ca> and </ca>"},
        {"dev tap", "dev is refused: only tun devices are supported"},
        {"proto sctp", "proto is refused: sctp is neither udp nor tcp"},
        {"proto tcp", "proto is refused: it was said before, differently"},
        {"remote", "remote is refused: it has 0 words behind it"},
        {"remote a b", "remote is refused: \"b\" is no port: give a number between 1 and 65535"},
        {"remote a/b 443", "remote is refused: \"a/b\" is no host name and no address"},
        {"remote a 443 udp x", "remote is refused: it has 4 words behind it"},
        {"remote-cert-tls client", "remote-cert-tls is refused: only \"server\" is safe: else any client could pose as the endpoint"},
        {"verify-x509-name x", "verify-x509-name is refused: it was said before, differently"},
        {"cipher none", "cipher is refused: none" + aes},
        {"data-ciphers AES-256-GCM:BF-CBC", "data-ciphers is refused: BF-CBC" + aes},
        {"data-ciphers AES-256-GCM:", "data-ciphers is refused: " + aes},
        {"auth none", "auth is refused: none is not accepted"},
        {"tls-version-min 1.0", "tls-version-min is refused: only 1.2 and 1.3 are accepted"},
        {"tls-version-min 1.2 or-highest", "tls-version-min is refused: only 1.2 and 1.3 are accepted"},
        {"mssfix 100", "mssfix is refused: it must be 0 or 576 to 9000 [mtu|fixed]"},
        {"mssfix", "mssfix is refused: it has 0 words behind it"},
        {"<ca>\nx\n</ca>", "ca is refused: a second <ca> block"},
    };
    // clang-format on
    for (const Row& row : rows) EXPECT_EQ(with_line(row.line), row.verdict) << row.line;
}

TEST(OvpnPolicy, values_that_weaken_are_refused_when_they_come_first) {
    const std::string rest = "remote a.test\n<ca>\n" + std::string(tests::kEasyrsaCa) + "</ca>\n";
    struct Row {
        std::string line, message;
    };
    const Row rows[] = {
        {"remote-cert-tls client",
         "f.ovpn:1: remote-cert-tls is refused: only \"server\" is safe: else any client could pose as the endpoint"},
        {"cipher AES-256-CBC",
         "f.ovpn:1: cipher is refused: AES-256-CBC is not accepted; AWS Client VPN uses AES-256-GCM"},
        {"reneg-sec 9999999", "f.ovpn:1: reneg-sec is refused: it must be 0 to 604800 seconds"},
        {"verify-x509-name x fuzzy",
         "f.ovpn:1: verify-x509-name is refused: the type must be name, name-prefix or subject"},
        {"verify-x509-name \"\"", "f.ovpn:1: verify-x509-name is refused: the name must have 1 to 100 characters"},
    };
    for (const Row& row : rows) {
        const auto config = judged(row.line + "\n" + rest);
        ASSERT_FALSE(config) << row.line;
        EXPECT_EQ(config.error().message, row.message);
    }
}

TEST(OvpnPolicy, the_first_refused_line_is_explained_the_others_are_counted) {
    const auto config = judged("up x\nremote a.test\ndown y\n\nplugin z\n");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().message, "f.ovpn:1: up is refused: it runs a program (also refused: line 3, 5)");
}

TEST(OvpnPolicy, certificate_and_key_inside_count_only_when_none_are_given) {
    const std::string inside = "<cert>\nCERT\n</cert>\n<key>\nKEY\n</key>\n";
    const auto config = judged(aws_export() + inside, CredentialSource::inside);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->cert_pem, "CERT\n");
    EXPECT_EQ(config->key_pem.reveal(), "KEY\n");
    EXPECT_EQ(with_line("", CredentialSource::inside),
              "it has no client certificate and key, as AWS exports it: give them with --cert and --key");
    EXPECT_EQ(with_line("cert a.crt", CredentialSource::inside),
              "cert is refused: memdbd opens no file that a configuration names: give it with --cert");
}

TEST(OvpnPolicy, a_file_without_remote_or_ca_is_not_what_aws_exports) {
    EXPECT_EQ(judged("client\n").error().message, "f.ovpn: it has no remote line: is this the file that AWS exports?");
    EXPECT_EQ(judged("remote a.test\n").error().message,
              "f.ovpn: it has no <ca> block: is this the file that AWS exports?");
    EXPECT_EQ(judged("remote a.test\n<ca>\nx\n</ca>\n").error().message,
              "f.ovpn:2: ca is refused: <ca> is not PEM: it has no -----BEGIN CERTIFICATE----- line");
    EXPECT_EQ(judged("remote a.test\n<ca>\n" + std::string(tests::kEasyrsaClientKey) + "</ca>\n").error().message,
              "f.ovpn:2: ca is refused: <ca> is a private key: are certificate and key swapped?");
}

TEST(OvpnPolicy, every_dangerous_directive_is_refused_with_a_reason_of_its_own) {
    // facts B.6, class by class; ignoring one of these would be as wrong as taking it.
    const std::string_view dangerous[] = {
        "script-security",
        "up",
        "down",
        "up-delay",
        "up-restart",
        "down-pre",
        "route-up",
        "route-pre-down",
        "ipchange",
        "tls-verify",
        "auth-user-pass-verify",
        "client-connect",
        "client-disconnect",
        "client-crresponse",
        "learn-address",
        "tls-crypt-v2-verify",
        "iproute",
        "dns-updown",
        "plugin",
        "providers",
        "engine",
        "pkcs11-providers",
        "pkcs11-id",
        "log",
        "log-append",
        "status",
        "status-version",
        "writepid",
        "replay-persist",
        "tls-export-cert",
        "ifconfig-pool-persist",
        "memstats",
        "genkey",
        "tmp-dir",
        "keying-material-exporter",
        "cd",
        "chroot",
        "daemon",
        "syslog",
        "nice",
        "mlock",
        "user",
        "group",
        "setcon",
        "mktun",
        "rmtun",
        "dev-node",
        "machine-readable-output",
        "config",
        "setenv",
        "setenv-safe",
        "ignore-unknown-option",
        "connection",
        "management",
        "management-client",
        "management-external-key",
        "remap-usr1",
        "echo",
        "askpass",
        "auth-user-pass",
        "http-proxy-user-pass",
        "capath",
        "crl-verify",
        "pkcs12",
        "client-config-dir",
        "secret",
        "extra-certs",
        "tls-auth",
        "tls-crypt",
        "tls-crypt-v2",
        "socks-proxy",
        "http-proxy",
        "http-proxy-option",
        "mark",
        "bind-dev",
        "local",
        "lladdr",
        "route",
        "route-ipv6",
        "route-nopull",
        "redirect-gateway",
        "redirect-private",
        "client-nat",
        "port-share",
        "dhcp-option",
        "dns",
        "tls-cert-profile",
        "tls-cipher",
        "tls-ciphersuites",
        "compress",
        "comp-lzo",
        "allow-compression",
        "allow-recursive-routing",
        "ns-cert-type",
        "compat-mode",
        "mode",
        "server",
        "server-bridge",
        "tls-server",
        "push",
        "ifconfig-pool",
        "duplicate-cn",
    };
    for (const std::string_view name : dangerous) {
        const DirectiveRule& rule = rule_of(name);
        EXPECT_EQ(rule.treatment, Treatment::refused) << name;
        EXPECT_NE(rule.name, "*") << name << " has no row";
    }
    EXPECT_EQ(rule_of("").treatment, Treatment::refused);
}

}  // namespace
}  // namespace memdb::config
