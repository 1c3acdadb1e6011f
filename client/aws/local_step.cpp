#include "client/aws/local_step.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "client/aws/replies.hpp"
#include "client/local_files.hpp"
#include "client/pki/authority.hpp"
#include "client/pki/bundle.hpp"
#include "client/profile_import.hpp"
#include "keys/certificate.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace memdb::client::aws {
namespace {

constexpr std::string_view kAuthorityName = "MemoryDB VPN CA";

struct ClientFiles {
    std::string certificate;
    Secret<> key;
};

Outcome<ClientFiles> read_client(const pki::PkiFolder& folder, const std::string& file) {
    auto certificate = read_whole(folder.certificate(file), keys::kPemSizeLimit);
    if (certificate.has_error()) return certificate.error();
    auto key = read_whole(folder.key(file), keys::kPemSizeLimit);
    if (key.has_error()) return key.error();
    return ClientFiles{std::move(*certificate), Secret<>(std::move(*key))};
}

/// A key that easy-rsa had just made when it was killed, before its request: nobody has a certificate for it.
Outcome<void> put_orphan_aside(const pki::PkiFolder& folder, const std::string& name) {
    const std::string key = folder.key(name);
    if (!exists(key) || exists(folder.request(name)) || exists(folder.certificate(name)))
        return boost::system::in_place_value;
    const std::string aside = key + ".orphan-" + std::to_string(wall_now().time_since_epoch().count());
    if (::rename(key.c_str(), aside.c_str()) != 0) return Problem{Exit::failed, system_failure(key, errno).message};
    return boost::system::in_place_value;
}

}  // namespace

Outcome<void> LocalStep::run(const Step& step) const {
    if (step.action == Action::make_authority) {
        const auto authority = pki::Authority::open(wish_.pki_folder, context_.arguments.pki.easyrsa);
        if (authority.has_error()) return authority.error();
        return authority->make(std::string(kAuthorityName), std::nullopt);
    }
    if (is_one_of(step.action, {Action::make_server, Action::make_client})) return make_certificate(step);
    if (step.action == Action::import_crl) return import_crl();
    if (step.action == Action::import_profile) return import_profile();
    if (step.action == Action::write_bundle) return write_bundle();
    if (step.action == Action::connect) return connect();
    if (step.action == Action::remove_profile) return remove_profile();
    return Problem{Exit::failed, "[unexpected] no step of this laptop: " + step.what};
}

Outcome<void> LocalStep::make_certificate(const Step& step) const {
    const auto authority = pki::Authority::open(wish_.pki_folder, context_.arguments.pki.easyrsa);
    if (authority.has_error()) return authority.error();
    if (const auto done = put_orphan_aside(authority->folder(), step.target); done.has_error()) return done.error();
    const bool server = step.action == Action::make_server;
    pki::Issue issue{server ? pki::Purpose::server : pki::Purpose::client, step.target};
    // A renewal keeps the name that the clients' configurations verify.
    if (server && step.target != wish_.server_name) issue.common_name = wish_.server_name;
    return authority->issue(issue);
}

Outcome<void> LocalStep::import_crl() const {
    const auto authority = pki::Authority::open(wish_.pki_folder, context_.arguments.pki.easyrsa);
    if (authority.has_error()) return authority.error();
    const auto made = authority->make_crl(std::nullopt);
    if (made.has_error()) return made.error();
    const auto done = session_.call(import_crl_words(inventory_.endpoint->id, authority->folder().crl()));
    if (done.has_error()) return done.error().problem;
    return boost::system::in_place_value;
}

Outcome<std::string> LocalStep::exported() const {
    auto text = session_.ask(export_configuration_words(inventory_.endpoint->id), parse_client_configuration);
    if (text.has_error()) return text.error().problem;
    return std::move(*text);
}

Outcome<void> LocalStep::import_profile() const {
    auto text = exported();
    if (text.has_error()) return text.error();
    Arguments told = context_.arguments;
    told.name = wish_.profile;
    told.clusters = {inventory_.cluster.host + ":" + std::to_string(inventory_.cluster.port)};
    told.tls = inventory_.cluster.tls;
    if (told.iam) {
        told.iam_cluster = inventory_.cluster.name;
        told.iam_region = inventory_.region;
    }
    auto request = import_request_of(told);
    if (request.has_error()) return request.error();
    auto client = read_client(pki::PkiFolder(wish_.pki_folder), local_.client ? local_.client->file : "");
    if (client.has_error()) return client.error();
    request->ovpn_text = std::move(*text);
    request->ovpn_name = "the configuration that AWS exports";
    request->cert_pem = std::move(client->certificate);
    request->key_pem = std::move(client->key);
    const auto report = post_import(context_.client, *request);
    if (report.has_error()) return report.error();
    for (const auto& warning : report->warnings) warn(context_, warning);
    return boost::system::in_place_value;
}

Outcome<void> LocalStep::write_bundle() const {
    const auto text = exported();
    if (text.has_error()) return text.error();
    const auto client = read_client(pki::PkiFolder(wish_.pki_folder), local_.client ? local_.client->file : "");
    if (client.has_error()) return client.error();
    const auto bundle = pki::make_ovpn_bundle(*text, client->certificate, client->key);
    if (bundle.has_error()) return Problem{Exit::failed, bundle.error().message};
    // Whole or not at all, and never over something else.
    const std::string draft = wish_.bundle + ".making-" + std::to_string(::getpid());
    if (const auto made = write_new(draft, bundle->reveal(), 0600); made.has_error()) return made.error();
    const int failed = ::link(draft.c_str(), wish_.bundle.c_str()) == 0 ? 0 : errno;
    (void)::unlink(draft.c_str());
    if (failed != 0) return Problem{Exit::failed, system_failure(wish_.bundle, failed).message};
    return boost::system::in_place_value;
}

Outcome<void> LocalStep::connect() const {
    Arguments told = context_.arguments;
    told.profile = wish_.profile;
    told.wait = true;
    told.timeout = told.aws.timeout;
    Context own{told, context_.terminal, context_.client};
    if (told.iam)
        if (const int exit = run_auth_push(own); exit != 0)
            return Problem{static_cast<Exit>(exit), "AWS is done; the same command goes on"};
    const int exit = run_connect(own);  // says itself what is wrong
    if (exit == 0) return boost::system::in_place_value;
    return Problem{static_cast<Exit>(exit), "AWS is done, the connection is not: memdbctl status " + wish_.profile +
                                                " says why; the same command goes on"};
}

Outcome<void> LocalStep::remove_profile() const {
    const auto gone = context_.client.request("DELETE", profile_path(wish_.profile), {}, 30s);
    if (gone.has_error()) return gone.error();
    return boost::system::in_place_value;
}

}  // namespace memdb::client::aws
