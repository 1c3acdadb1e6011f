// pki init, server, client, list: an admin's own certificate authority, in the caller's own files.
#include "client/command_pki.hpp"
#include "base/clock.hpp"
#include "client/import_sources.hpp"
#include "client/pki/bundle.hpp"
#include "client/pki/name_policy.hpp"
#include "client/render_pki.hpp"
#include "client/text.hpp"
#include "keys/certificate.hpp"

namespace memdb::client {

using pki::Authority;
using pki::PkiFolder;

Outcome<std::string> pki_path(const Arguments& arguments) {
    const std::string path =
        absolute_path(arguments.pki.folder.empty() ? PkiFolder::default_path() : arguments.pki.folder);
    if (pki::is_plain_path(path)) return path;
    return Problem{Exit::usage, "the path " + path +
                                    " has characters that easy-rsa cannot live with: choose a plain "
                                    "one with --pki"};
}

Outcome<Authority> open_authority(const Arguments& arguments) {
    const auto path = pki_path(arguments);
    if (path.has_error()) return path.error();
    return Authority::open(*path, arguments.pki.easyrsa);
}

std::string pki_option(const PkiFolder& folder) {
    return folder.path() == absolute_path(PkiFolder::default_path()) ? "" : " --pki " + folder.path();
}

namespace {

std::string shown(const Context& context, const std::string& text) { return clean(text, !context.terminal.out.utf8); }

std::string expiry_of(const std::string& path) {
    const auto text = read_whole(path, keys::kPemSizeLimit);
    if (text.has_error()) return "?";
    const auto all = keys::read_certificates(*text, path);
    return all.has_error() ? "?" : keys::date_text(all->front().info.not_after);
}

/// What goes into --bundle, with the key's file read at last.
Outcome<Secret<>> bundle_of(const Context& context, const PkiFolder& folder) {
    const Arguments& arguments = context.arguments;
    const auto certificate = read_whole(folder.certificate(arguments.pki.name), keys::kPemSizeLimit);
    if (certificate.has_error()) return certificate.error();
    auto key_text = read_whole(folder.key(arguments.pki.name), keys::kPemSizeLimit);
    if (key_text.has_error()) return key_text.error();
    const Secret<> key(std::move(*key_text));
    const auto as_outcome = [&](Result<Secret<>> made) -> Outcome<Secret<>> {
        if (made.has_error()) return Problem{Exit::failed, arguments.pki.name + ": " + made.error().message};
        return std::move(*made);
    };
    if (arguments.pki.ovpn.empty()) {
        const auto authority = read_whole(folder.ca_certificate(), keys::kPemSizeLimit);
        if (authority.has_error()) return authority.error();
        return as_outcome(pki::make_bundle(*certificate, key, *authority));
    }
    const auto sources =
        gather_sources({arguments.pki.ovpn, folder.certificate(arguments.pki.name), folder.key(arguments.pki.name)});
    if (sources.has_error()) return sources.error();
    for (const auto& warning : sources->warnings) warn(context, warning);
    return as_outcome(pki::make_ovpn_bundle(sources->ovpn_text, *certificate, key));
}

/// Before anything is made: what would fail afterwards.
Outcome<void> check_bundle(const PkiArguments& asked) {
    if (asked.bundle.empty() && !asked.ovpn.empty())
        return Problem{Exit::usage, "--ovpn needs --bundle FILE: the file to write"};
    if (asked.bundle.empty()) return boost::system::in_place_value;
    if (exists(asked.bundle))
        return Problem{Exit::failed, asked.bundle + " is there already: choose another file for --bundle"};
    const std::string path = absolute_path(asked.bundle);
    const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
    if (::access(folder.c_str(), W_OK | X_OK) != 0) return Problem{Exit::failed, "cannot write to " + folder};
    if (asked.ovpn.empty()) return boost::system::in_place_value;
    const auto readable = read_whole(asked.ovpn, 1024 * 1024);
    if (readable.has_error()) return readable.error();
    return boost::system::in_place_value;
}

/// A certificate that was made before is only bundled: the way on when a call was interrupted in between.
Outcome<bool> issue_unless_there(const Authority& authority, const Arguments& arguments) {
    if (!arguments.pki.bundle.empty() && exists(authority.folder().certificate(arguments.pki.name))) {
        const auto known = authority.find(arguments.pki.name);
        if (known.has_error()) return known.error();
        if (known->revoked_at || known->expires <= wall_now())
            return Problem{Exit::failed, arguments.pki.name + " is no longer valid: choose another name"};
        if (const auto use = pki::certificate_use(known->pem);
            use.has_error() || use->kind != pki::CertificateKind::client)
            return Problem{Exit::failed, arguments.pki.name + " is no client's certificate: choose another name"};
        return false;
    }
    const auto issued = authority.issue({pki::Purpose::client, arguments.pki.name, {}, arguments.pki.days});
    if (issued.has_error()) return issued.error();
    return true;
}

}  // namespace

int run_pki_init(Context& context) {
    const auto authority = open_authority(context.arguments);
    if (authority.has_error()) return complain(context, authority.error());
    const auto made = authority->make(context.arguments.pki.common_name, context.arguments.pki.days);
    if (made.has_error()) return complain(context, made.error());
    const PkiFolder& folder = authority->folder();
    print(shown(context, "certificate authority made, until " + expiry_of(folder.ca_certificate())) + "\n" +
          shown(context, "  certificate  " + folder.ca_certificate()) + "\n" +
          shown(context, "  key          " + folder.ca_key()) +
          " (no password: who has it can let anybody in; back it up)\n"
          "next: memdbctl pki server NAME, then pki client NAME" +
          (pki_option(folder).empty() ? "" : ", each with" + pki_option(folder)) + "\n");
    return 0;
}

int run_pki_server(Context& context) {
    const Arguments& arguments = context.arguments;
    const auto authority = open_authority(arguments);
    if (authority.has_error()) return complain(context, authority.error());
    const auto issued =
        authority->issue({pki::Purpose::server, arguments.pki.name, arguments.pki.dns_names, arguments.pki.days});
    if (issued.has_error()) return complain(context, issued.error());
    const PkiFolder& folder = authority->folder();
    print("server certificate " + arguments.pki.name + ", until " + expiry_of(folder.certificate(arguments.pki.name)) +
          "\n" + shown(context, "  certificate  " + folder.certificate(arguments.pki.name)) + "\n" +
          shown(context, "  key          " + folder.key(arguments.pki.name)) + "\n" +
          shown(context, "  chain        " + folder.ca_certificate()) + "\n");
    return 0;
}

int run_pki_client(Context& context) {
    const Arguments& arguments = context.arguments;
    if (const auto good = check_bundle(arguments.pki); good.has_error()) return complain(context, good.error());
    const auto authority = open_authority(arguments);
    if (authority.has_error()) return complain(context, authority.error());
    const auto issued = issue_unless_there(*authority, arguments);
    if (issued.has_error()) return complain(context, issued.error());
    const PkiFolder& folder = authority->folder();
    print("client certificate " + arguments.pki.name + (*issued ? "" : " was there already") + ", until " +
          expiry_of(folder.certificate(arguments.pki.name)) + "\n" +
          shown(context, "  certificate  " + folder.certificate(arguments.pki.name)) + "\n" +
          shown(context, "  key          " + folder.key(arguments.pki.name)) + "\n");
    if (arguments.pki.bundle.empty()) return 0;
    const auto bundle = bundle_of(context, folder);
    if (bundle.has_error()) return complain(context, bundle.error());
    const auto written = write_new(arguments.pki.bundle, bundle->reveal(), 0600);
    if (written.has_error()) return complain(context, written.error());
    print(shown(context, "  bundle       " + arguments.pki.bundle) + " (holds the key: hand it over in private)\n");
    return 0;
}

int run_pki_list(Context& context) {
    const auto path = pki_path(context.arguments);
    if (path.has_error()) return complain(context, path.error());
    const PkiFolder folder(*path);
    const pki::PkiState state = folder.state();
    if (state != pki::PkiState::complete && state != pki::PkiState::half_ca)
        return complain(context, folder.check_complete().error());
    auto entries = folder.entries();
    if (entries.has_error()) return complain(context, entries.error());
    PkiReport report{*path, {}, {}, {}, {}};
    if (const auto text = read_whole(folder.ca_certificate(), keys::kPemSizeLimit))
        if (const auto all = keys::read_certificates(*text, folder.ca_certificate())) {
            report.ca_subject = all->front().info.subject;
            report.ca_expires = all->front().info.not_after;
        }
    for (auto& entry : *entries) {
        const auto use = pki::certificate_use(folder.find_certificate(entry));
        report.rows.push_back({std::move(entry), use.has_value() ? std::optional(use->kind) : std::nullopt});
    }
    if (exists(folder.crl())) {
        const auto facts = pki::read_crl(folder);
        if (facts.has_error()) return complain(context, facts.error());
        report.crl = *facts;
    }
    print(context.arguments.json ? pki_json(report, wall_now()) : render_pki(report, wall_now(), context.terminal.out));
    return 0;
}

}  // namespace memdb::client
