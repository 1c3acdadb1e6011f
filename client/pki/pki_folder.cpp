#include "client/pki/pki_folder.hpp"

#include "base/clock.hpp"
#include "client/pki/certificate_kind.hpp"
#include "keys/certificate.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace memdb::client::pki {
namespace {

namespace fs = std::filesystem;

bool is_empty_folder(const std::string& path) {
    std::error_code error;
    return fs::is_directory(path, error) && fs::is_empty(path, error) && !error;
}

/// Moves a file into revoked/FOLDER unless something is there.
bool move_to(const std::string& from, const std::string& folder, const std::string& to) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return false;
    fs::permissions(folder, fs::perms::owner_all, error);
    return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, (folder + "/" + to).c_str(), RENAME_NOREPLACE) == 0;
}

bool is_encrypted(const std::string& key_path) {
    auto key = read_whole(key_path, keys::kPemSizeLimit);
    if (key.has_error()) return false;
    const Secret<> secret(std::move(*key));
    return secret.reveal().find("ENCRYPTED") != std::string::npos;
}

}  // namespace

std::string PkiFolder::default_path() {
    const char* data = std::getenv("XDG_DATA_HOME");
    const char* home = std::getenv("HOME");
    if (data != nullptr && *data == '/') return std::string(data) + "/memdbctl/pki";
    return std::string(home != nullptr && *home == '/' ? home : "/root") + "/.local/share/memdbctl/pki";
}

PkiState PkiFolder::state() const {
    if (!exists(path_) || is_empty_folder(path_)) return PkiState::absent;
    const bool certificate = exists(ca_certificate()), key = exists(ca_key());
    if (certificate && key && exists(index()) && exists(path_ + "/serial")) return PkiState::complete;
    if (certificate || key || exists(index())) return PkiState::half_ca;
    return exists(path_ + "/private") && exists(path_ + "/reqs") ? PkiState::without_ca : PkiState::foreign;
}

Outcome<void> PkiFolder::check_complete() const {
    switch (state()) {
        case PkiState::absent:
            return Problem{Exit::failed, "no PKI in " + path_ + ": memdbctl pki init makes one, --pki names another"};
        case PkiState::foreign: return Problem{Exit::failed, path_ + " is no PKI of easy-rsa: name another with --pki"};
        case PkiState::without_ca:
            return Problem{Exit::failed, path_ + " has no certificate authority yet: memdbctl pki init makes it"};
        case PkiState::half_ca:
            return Problem{Exit::failed, path_ +
                                             " is not whole: ca.crt, private/ca.key, index.txt and serial belong "
                                             "together; restore what is missing from your backup"};
        case PkiState::complete: break;
    }
    if (::access(ca_key().c_str(), R_OK) != 0)
        return Problem{Exit::failed, ca_key() + " cannot be read: run this as the user who keeps the CA"};
    if (is_encrypted(ca_key()))
        return Problem{Exit::failed, ca_key() +
                                         " has a password, which memdbctl cannot ask for: sign with easyrsa by "
                                         "hand, or remove it with `easyrsa set-pass ca nopass`"};
    return boost::system::in_place_value;
}

Outcome<std::vector<IndexEntry>> PkiFolder::entries() const {
    const auto text = read_whole(index(), kIndexLimit);
    if (text.has_error()) return text.error();
    auto entries = parse_index(*text);
    if (entries.has_error()) return Problem{Exit::failed, index() + ": " + entries.error().message};
    return std::move(*entries);
}

std::string PkiFolder::find_certificate(const IndexEntry& entry) const {
    const std::string by_serial[] = {path_ + "/certs_by_serial/" + entry.serial + ".pem",
                                     path_ + "/revoked/certs_by_serial/" + entry.serial + ".crt"};
    for (const auto& path : by_serial)
        if (auto text = read_whole(path, keys::kPemSizeLimit)) return std::move(*text);
    if (entry.common_name.empty() || entry.common_name.find('/') != std::string::npos) return {};
    auto text = read_whole(certificate(entry.common_name), keys::kPemSizeLimit);
    if (text.has_error()) return {};
    const auto use = certificate_use(*text);
    return use.has_value() && use->serial == entry.serial ? std::move(*text) : std::string();
}

Outcome<Descriptor> PkiFolder::lock(Duration patience) const {
    Descriptor folder(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.open()) return Problem{Exit::failed, system_failure(path_, errno).message};
    const TimePoint end = now() + patience;
    while (::flock(folder.fd(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return Problem{Exit::failed, system_failure(path_, errno).message};
        if (now() >= end) return Problem{Exit::timed_out, "another memdbctl works in " + path_ + ": try again later"};
        (void)::poll(nullptr, 0, 100);
    }
    return folder;
}

std::vector<std::string> PkiFolder::put_away(const std::string& name, const std::string& serial,
                                             const std::string& certificate_pem) const {
    std::vector<std::string> moved;
    const std::string revoked = path_ + "/revoked/";
    if (auto text = read_whole(key(name), keys::kPemSizeLimit)) {
        const Secret<> secret(std::move(*text));
        if (keys::key_matches(certificate_pem, secret) &&
            move_to(key(name), revoked + "private_by_serial", serial + ".key"))
            moved.push_back(key(name));
    }
    if (const auto text = read_whole(request(name), keys::kPemSizeLimit))
        if (same_key(*text, certificate_pem) && move_to(request(name), revoked + "reqs_by_serial", serial + ".req"))
            moved.push_back(request(name));
    if (const auto text = read_whole(certificate(name), keys::kPemSizeLimit)) {
        const auto use = certificate_use(*text);
        if (use.has_value() && use->serial == serial &&
            move_to(certificate(name), revoked + "certs_by_serial", serial + ".crt"))
            moved.push_back(certificate(name));
    }
    return moved;
}

}  // namespace memdb::client::pki
