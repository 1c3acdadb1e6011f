#include "tunnel/openvpn_arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

using namespace memdb;
using namespace memdb::tunnel;

namespace {

TunnelSetup setup() {
    TunnelSetup s;
    s.profile = "demo";
    s.config_file = "/var/lib/memdbd/profiles/demo/client.ovpn";
    s.cert_file = "/var/lib/memdbd/profiles/demo/credentials/1/cert.pem";
    s.key_file = "/var/lib/memdbd/profiles/demo/credentials/1/key.pem";
    s.management_socket = "/run/memdbd/private/demo.sock";
    return s;
}

TEST(OpenvpnArguments, are_exactly_these) {
    EXPECT_THAT(openvpn_arguments(setup(), {"192.0.2.1", 443}),
                testing::ElementsAre("/usr/sbin/openvpn", "--config", "/var/lib/memdbd/profiles/demo/client.ovpn",
                                     "--cert", "/var/lib/memdbd/profiles/demo/credentials/1/cert.pem", "--key",
                                     "/var/lib/memdbd/profiles/demo/credentials/1/key.pem", "--remote", "192.0.2.1",
                                     "443", "udp4", "--management", "/run/memdbd/private/demo.sock", "unix",
                                     "--management-client", "--management-hold", "--management-up-down",
                                     "--script-security", "0", "--ignore-unknown-option", "dns-updown", "--dns-updown",
                                     "disable", "--auth-retry", "none", "--auth-nocache", "--persist-tun",
                                     "--persist-key", "--verb", "3", "--suppress-timestamps"));
}

TEST(OpenvpnArguments, of_a_trial_have_no_device_no_address_and_no_route) {
    TunnelSetup trial = setup();
    trial.trial = true;
    auto argv = openvpn_arguments(trial, {"192.0.2.1", 443});
    const std::vector<std::string> extra = {"--dev", "null", "--ifconfig-noexec", "--route-noexec"};
    const auto at = std::search(argv.begin(), argv.end(), extra.begin(), extra.end());
    ASSERT_NE(at, argv.end());
    EXPECT_GT(at, std::find(argv.begin(), argv.end(), "--config")) << "the file's own device would win";
    argv.erase(at, at + 4);
    EXPECT_EQ(argv, openvpn_arguments(setup(), {"192.0.2.1", 443})) << "and nothing else differs";
}

TEST(OpenvpnArguments, put_nothing_before_the_file_so_that_the_file_overrides_nothing) {
    const auto argv = openvpn_arguments(setup(), {"192.0.2.1", 443});
    EXPECT_EQ(argv.at(1), "--config");
    EXPECT_EQ(std::count(argv.begin(), argv.end(), "--config"), 1);
}

TEST(OpenvpnArguments, name_the_family_of_the_address_in_the_protocol) {
    using config::Transport;
    EXPECT_EQ(openvpn_protocol({"192.0.2.1", 443, Transport::udp}), "udp4");
    EXPECT_EQ(openvpn_protocol({"2001:db8::1", 443, Transport::udp}), "udp6");
    EXPECT_EQ(openvpn_protocol({"192.0.2.1", 443, Transport::tcp}), "tcp4-client");
    EXPECT_EQ(openvpn_protocol({"2001:db8::1", 443, Transport::tcp}), "tcp6-client");
}

}  // namespace
