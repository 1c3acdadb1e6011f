#include "client/redaction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

std::string redacted(std::string_view text) {
    return Redaction({"alice", "/home/alice", "lovelace", {"app", "client1.domain.tld", "ab"}}).apply(text);
}

TEST(Redaction, row_by_row) {
    struct Row {
        const char *in, *out;
    };
    const Row rows[] = {
        {"nothing to hide: 6 of 6 nodes silent", "nothing to hide: 6 of 6 nodes silent"},
        // people and this machine, as whole words
        {"by alice on lovelace.lan", "by <user> on <host>.lan"},
        {"malice and alice_2 stay", "malice and alice_2 stay"},
        {"/home/alice/x and /home/bob/.y", "~/x and /home/<user>/.y"},
        {"user app, CN=client1.domain.tld; application", "user <name-1>, CN=<name-2>; application"},
        {"ab is too short to be taken out of words", "ab is too short to be taken out of words"},
        // addresses
        {"from 8.8.8.8:443 to 10.20.0.2, 8.8.8.8 again, 9.9.9.9",
         "from <public-1>:443 to 10.20.0.2, <public-1> again, <public-2>"},
        {"192.168.1.2 172.16.0.1 100.64.0.1 127.0.0.1 169.254.0.1 192.0.2.1",
         "192.168.1.2 172.16.0.1 100.64.0.1 127.0.0.1 169.254.0.1 192.0.2.1"},
        {"172.32.0.1 100.128.0.1", "<public-1> <public-2>"},
        {"2a00:1450:4001::1 fd00::1 fe80::1 2001:db8::1", "<public-1> fd00::1 fe80::1 2001:db8::1"},
        {"[2a00:1450::2]:443.", "[<public-1>]:443."},
        {"version 2.6.3.4 at 12:34:56 in 1.5.", "version <public-1> at 12:34:56 in 1.5."},
        // secrets
        {"password=hunter2 x", "password=<secret> x"},
        {R"({"password": "hunter2", "tokens": 3})", R"({"password": "<secret>", "tokens": 3})"},
        {"TOKEN: abc", "TOKEN: <secret>"},
        {"password-unusable: it is gone", "password-unusable: it is gone"},
        {"x?X-Amz-Signature=00ff&X-Amz-Date=1", "x?X-Amz-Signature=<secret>&X-Amz-Date=1"},
        {"key AKIAIOSFODNN7EXAMPLE signs", "key <access key> signs"},
        {"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7", "<secret>"},
        {"0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
         "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"},
        {"cvpn-endpoint-0123456789abcdef0.prod.clientvpn.eu-central-1.amazonaws.com",
         "cvpn-endpoint-0123456789abcdef0.prod.clientvpn.eu-central-1.amazonaws.com"},
        {"a\n-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nb", "a\n<private key>\nb"},
        {"-----BEGIN RSA PRIVATE KEY-----\nMII and no end", "<private key>"},
        {"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
         "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"},
        {"-----BEGIN CERTIFICATE-----\nMII, cut\n-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nb",
         "-----BEGIN CERTIFICATE-----\nMII, cut\n<private key>\nb"},
        {"-----BEGIN PRIVATE -----BEGIN PRIVATE KEY-----\nMII", "-----BEGIN PRIVATE <private key>"},
        {"-----BEGIN PRIVATE KEY\nMII", "<private key>"},
    };
    for (const Row& row : rows) EXPECT_EQ(redacted(row.in), row.out);
}

TEST(Redaction, does_not_take_root_for_a_person) {
    EXPECT_EQ(Redaction({"root", "/root", "", {"default", ""}}).apply("root in /root, user default"),
              "root in /root, user default");
}

}  // namespace
}  // namespace memdb::client
