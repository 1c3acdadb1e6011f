// The credential's part of the Snapshot as JSON and back, and what a handed-in revocation list answers.
#include "control/api.hpp"
#include "control/api_fields.hpp"
#include "control/api_time.hpp"
#include "control/api_values.hpp"

namespace memdb::control {
namespace {

constexpr std::size_t kCertificateLimit = 64;  // certificates, or words of usage, in one list

template <class T>
void put(json::object& object, std::string_view key, const std::optional<T>& value) {
    if (value) object[key] = *value;
}

json::array list_of(const std::vector<std::string>& words) {
    json::array list;
    for (const std::string& word : words) list.emplace_back(word);
    return list;
}

json::object value_of(const CertificateView& certificate) {
    return {{"subject", certificate.subject},
            {"issuer", certificate.issuer},
            {"serial", certificate.serial},
            {"fingerprint", certificate.fingerprint},
            {"not_before", time_text(certificate.not_before)},
            {"not_after", time_text(certificate.not_after)},
            {"days_left", certificate.days_left}};
}

json::object value_of(const ChainView& chain) {
    json::object object{{"verified", chain.verified}};
    put(object, "authority", chain.authority);
    put(object, "problem", chain.problem);
    return object;
}

json::object value_of(const CrlView& crl) {
    json::object object{{"issuer", crl.issuer}, {"last_update", time_text(crl.last_update)}};
    if (crl.next_update) object["next_update"] = time_text(*crl.next_update);
    put(object, "days_left", crl.days_left);
    object["entries"] = crl.entries;
    object["verified"] = crl.verified;
    if (crl.revoked)
        object["revoked"] = json::object{{"at", time_text(crl.revoked->at)}, {"reason", crl.revoked->reason}};
    return object;
}

void read(Fields& f, CertificateView& certificate) {
    f.read("subject", certificate.subject);
    f.read("issuer", certificate.issuer);
    f.read("serial", certificate.serial);
    f.read("fingerprint", certificate.fingerprint);
    f.read("not_before", certificate.not_before);
    f.read("not_after", certificate.not_after);
    f.read_number("days_left", certificate.days_left);
}

void read(Fields& f, ChainView& chain) {
    f.read_bool("verified", chain.verified);
    f.read("authority", chain.authority);
    f.read("problem", chain.problem);
}

void read(Fields& f, CrlView& crl) {
    f.read("issuer", crl.issuer);
    f.read("last_update", crl.last_update);
    f.read("next_update", crl.next_update);
    f.read_number("days_left", crl.days_left);
    f.read_number("entries", crl.entries);
    f.read_bool("verified", crl.verified);
    f.read_object("revoked", [&](Fields& g) {
        g.read("at", crl.revoked.emplace().at);
        g.read("reason", crl.revoked->reason);
    });
}

}  // namespace

json::object value_of(const CredentialView& credential) {
    json::object object{{"generation", credential.generation},
                        {"subject", credential.subject},
                        {"issuer", credential.issuer},
                        {"serial", credential.serial},
                        {"not_before", time_text(credential.not_before)},
                        {"not_after", time_text(credential.not_after)},
                        {"days_left", credential.days_left}};
    if (credential.ca_not_after) object["ca_not_after"] = time_text(*credential.ca_not_after);
    object["state"] = credential.state;
    put(object, "previous_generation", credential.previous_generation);
    if (credential.rotate_at) object["rotate_at"] = time_text(*credential.rotate_at);
    put(object, "key_type", credential.key_type);
    put(object, "key_bits", credential.key_bits);
    if (!credential.key_usage.empty()) object["key_usage"] = list_of(credential.key_usage);
    if (!credential.extended_key_usage.empty()) object["extended_key_usage"] = list_of(credential.extended_key_usage);
    put(object, "fingerprint", credential.fingerprint);
    if (credential.chain) object["chain"] = value_of(*credential.chain);
    if (!credential.authorities.empty()) {
        json::array authorities;
        for (const CertificateView& authority : credential.authorities) authorities.emplace_back(value_of(authority));
        object["authorities"] = std::move(authorities);
    }
    if (credential.server) object["server"] = value_of(*credential.server);
    if (credential.crl) object["crl"] = value_of(*credential.crl);
    return object;
}

void read_credential(Fields& f, CredentialView& credential) {
    f.read_number("generation", credential.generation);
    f.read("subject", credential.subject);
    f.read("issuer", credential.issuer);
    f.read("serial", credential.serial);
    f.read("not_before", credential.not_before);
    f.read("not_after", credential.not_after);
    f.read_number("days_left", credential.days_left);
    f.read("ca_not_after", credential.ca_not_after);
    f.read("state", credential.state);
    f.read_number("previous_generation", credential.previous_generation);
    f.read("rotate_at", credential.rotate_at);
    f.read("key_type", credential.key_type);
    f.read_number("key_bits", credential.key_bits);
    f.read_list("key_usage", credential.key_usage, kCertificateLimit);
    f.read_list("extended_key_usage", credential.extended_key_usage, kCertificateLimit);
    f.read("fingerprint", credential.fingerprint);
    f.read_object("chain", [&](Fields& g) { read(g, credential.chain.emplace()); });
    f.read_list(
        "authorities", credential.authorities, [](Fields& g, CertificateView& authority) { read(g, authority); },
        kCertificateLimit);
    f.read_object("server", [&](Fields& g) { read(g, credential.server.emplace()); });
    f.read_object("crl", [&](Fields& g) { read(g, credential.crl.emplace()); });
}

std::string to_json(const CredentialView& credential) { return json::serialize(value_of(credential)); }
std::string to_json(const CrlView& crl) { return json::serialize(value_of(crl)); }

Result<CrlView> parse_crl_report(std::string_view text) {
    return parse_whole<CrlView>(text, kBodyLimit, [](Fields& top, CrlView& crl) { read(top, crl); });
}

std::string crl_request_json(std::string_view pem) { return json::serialize(json::object{{"crl", pem}}); }

Result<std::string> parse_crl_request(std::string_view text) {
    return parse_whole<std::string>(text, kBodyLimit, [](Fields& top, std::string& pem) {
        top.only({"crl"});
        top.read("crl", pem, kBodyLimit);
    });
}

}  // namespace memdb::control
