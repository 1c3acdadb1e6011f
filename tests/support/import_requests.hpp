// Import requests that pass, for tests to spoil one thing in.
#pragma once

#include "config/import_request.hpp"
#include "tests/support/easyrsa_pki.hpp"
#include "tests/support/test_certificates.hpp"

namespace memdb::tests {

inline config::ImportRequest tunnel_request() {
    config::ImportRequest request;
    request.name = "demo";
    request.ovpn_name = "downloaded-client-config.ovpn";
    request.ovpn_text =
        "client\ndev tun\nproto udp\nremote cvpn-endpoint-0123456789abcdef0.prod.clientvpn.lab.test 443\n"
        "remote-random-hostname\nresolv-retry infinite\nnobind\nremote-cert-tls server\ncipher AES-256-GCM\nverb 3\n"
        "<ca>\n" +
        std::string(kEasyrsaCa) + "</ca>\nreneg-sec 0\nverify-x509-name server name\n";
    request.cert_pem = certificate_pem();
    request.key_pem = Secret<>(key_pem());
    request.clusters = {{"clustercfg.demo.lab.memorydb.test:6379", "memdb-check", config::ClusterTls::on}};
    request.password = Secret<>(std::string("correct horse"));
    request.cluster_ca_pem = std::string(kEasyrsaCa);
    return request;
}

inline config::ImportRequest direct_request() {
    config::ImportRequest request;
    request.name = "inside";
    request.kind = config::ProfileKind::direct;
    request.clusters = {{"clustercfg.demo.lab.memorydb.test", "", config::ClusterTls::on}};
    return request;
}

}  // namespace memdb::tests
