#include "client/pki/authority.hpp"

#include "base/clock.hpp"
#include "keys/certificate.hpp"

#include <algorithm>
#include <filesystem>

namespace memdb::client::pki {
namespace {

namespace fs = std::filesystem;

Settings days_setting(std::string_view name, std::optional<unsigned> days) {
    return days ? Settings{{std::string(name), std::to_string(*days)}} : Settings{};
}

Problem because(Problem problem, const std::string& more) {
    problem.message += more;
    return problem;
}

/// A folder that goes away unless it was given its final name.
class Draft {
  public:
    explicit Draft(std::string path) : path_(std::move(path)) {}
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Only onto nothing, or an empty folder: rename() refuses all else.
    Outcome<void> publish(const std::string& to) {
        std::error_code error;
        fs::rename(path_, to, error);
        if (error) return Problem{Exit::failed, to + ": " + error.message()};
        path_.clear();
        return boost::system::in_place_value;
    }

  private:
    std::string path_;
};

Outcome<std::string> draft_folder(const std::string& beside) {
    std::error_code error;
    const auto parent = fs::path(beside).parent_path();
    if (!fs::exists(parent)) {
        fs::create_directories(parent, error);
        if (error) return Problem{Exit::failed, parent.string() + ": " + error.message()};
        fs::permissions(parent, fs::perms::owner_all, error);
    }
    std::string path = beside + ".making-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return Problem{Exit::failed, system_failure(path, errno).message};
    return path;
}

}  // namespace

Outcome<Authority> Authority::open(const std::string& folder, const std::string& easyrsa) {
    auto program = Easyrsa::find(easyrsa);
    if (program.has_error()) return program.error();
    return Authority(folder, std::move(*program));
}

Outcome<void> Authority::make(const std::string& common_name, std::optional<unsigned> days) const {
    Settings settings = days_setting("EASYRSA_CA_EXPIRE", days);
    settings.emplace_back("EASYRSA_REQ_CN", common_name);
    switch (folder_.state()) {
        case PkiState::absent: break;
        case PkiState::without_ca: {
            const auto lock = folder_.lock();
            if (lock.has_error()) return lock.error();
            return easyrsa_.run(folder_.path(), {"build-ca", "nopass"}, settings);
        }
        case PkiState::complete:
            return Problem{Exit::failed, folder_.path() +
                                             " has a certificate authority already: nothing was changed; "
                                             "go on with memdbctl pki server, client or list"};
        case PkiState::half_ca:
        case PkiState::foreign: return folder_.check_complete();
    }
    // Batch-mode init-pki deletes what is there. So it only ever sees a folder of ours, which then gets its name.
    auto path = draft_folder(folder_.path());
    if (path.has_error()) return path.error();
    Draft draft(std::move(*path));
    if (const auto done = easyrsa_.run(draft.path(), {"init-pki"}); done.has_error())
        return because(done.error(), "; nothing was made");
    if (const auto done = easyrsa_.run(draft.path(), {"build-ca", "nopass"}, settings); done.has_error())
        return because(done.error(), "; nothing was made");
    return draft.publish(folder_.path());
}

/// Nothing of that name, or a key with its request that an interrupted call left.
Outcome<void> Authority::check_free(const std::string& name) const {
    if (exists(folder_.certificate(name)))
        return Problem{Exit::failed, name + " has a certificate already: " + folder_.certificate(name) +
                                         "; choose another name, or memdbctl pki revoke " + name + " first"};
    const bool key = exists(folder_.key(name)), request = exists(folder_.request(name));
    if (key == request) return boost::system::in_place_value;
    return Problem{Exit::failed, (key ? folder_.key(name) + " is there without its request"
                                      : folder_.request(name) + " is there without its key") +
                                     ": move it away, or choose another name"};
}

Outcome<void> Authority::check_issued(const Issue& issue) const {
    const std::string path = folder_.certificate(issue.name);
    const auto text = read_whole(path, keys::kPemSizeLimit);
    if (text.has_error()) return text.error();
    const auto use = certificate_use(*text);
    if (use.has_error()) return Problem{Exit::failed, path + ": " + use.error().message};
    auto key = read_whole(folder_.key(issue.name), keys::kPemSizeLimit);
    if (key.has_error()) return key.error();
    const Secret<> secret(std::move(*key));
    if (!keys::key_matches(*text, secret))
        return Problem{Exit::failed, path + " does not belong to " + folder_.key(issue.name) +
                                         ": memdbctl pki revoke " + issue.name + ", and make it anew"};
    const auto wanted = issue.purpose == Purpose::client ? CertificateKind::client : CertificateKind::server;
    if (use->kind != wanted)
        return Problem{Exit::failed, path + " is for " + std::string(to_string(use->kind)) + ", not for " +
                                         std::string(to_string(wanted)) + " use"};
    for (const auto& name : issue.dns_names)
        if (std::find(use->dns_names.begin(), use->dns_names.end(), name) == use->dns_names.end())
            return Problem{Exit::failed, std::string(path)
                                             .append(" lacks the subject alternative name DNS:")
                                             .append(name)
                                             .append(", without which AWS does not offer it")};
    return boost::system::in_place_value;
}

Outcome<void> Authority::issue(const Issue& asked) const {
    if (const auto whole = folder_.check_complete(); whole.has_error()) return whole.error();
    const auto lock = folder_.lock();
    if (lock.has_error()) return lock.error();
    if (const auto free = check_free(asked.name); free.has_error()) return free.error();
    Issue issue = asked;
    std::vector<std::string> words;
    if (issue.purpose == Purpose::server) {
        const std::string& own = issue.common_name.empty() ? issue.name : issue.common_name;
        if (std::find(issue.dns_names.begin(), issue.dns_names.end(), own) == issue.dns_names.end())
            issue.dns_names.insert(issue.dns_names.begin(), own);
        std::string names;
        for (const auto& name : issue.dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
        words.push_back("--subject-alt-name=" + names);  // 3.2.0 and later put none in by themselves
    }
    const std::string kind = issue.purpose == Purpose::client ? "client" : "server";
    if (!issue.common_name.empty() && !exists(folder_.request(issue.name))) {
        // build-server-full takes the name of the files for the CN, gen-req does not insist.
        const auto made =
            easyrsa_.run(folder_.path(), {"gen-req", issue.name, "nopass"}, {{"EASYRSA_REQ_CN", issue.common_name}});
        if (made.has_error()) return made.error();
    }
    if (exists(folder_.request(issue.name)))  // left by an interrupted call
        words.insert(words.end(), {"sign-req", kind, issue.name});
    else
        words.insert(words.end(), {"build-" + kind + "-full", issue.name, "nopass"});
    const auto done = easyrsa_.run(folder_.path(), words, days_setting("EASYRSA_CERT_EXPIRE", issue.days));
    if (done.has_error()) {
        const bool left = exists(folder_.request(issue.name)) && exists(folder_.key(issue.name));
        return because(done.error(),
                       left ? "; its key is made, its certificate is not: say the same again to go on" : "");
    }
    return check_issued(issue);
}

Outcome<std::string> Authority::sign(const std::string& name, const std::string& request_pem,
                                     std::optional<unsigned> days, Duration limit) const {
    if (const auto whole = folder_.check_complete(); whole.has_error()) return whole.error();
    const auto lock = folder_.lock(std::min<Duration>(limit, 30s));
    if (lock.has_error()) return lock.error();
    const std::string path = folder_.certificate(name), request = folder_.request(name);
    const auto there = read_whole(path, keys::kPemSizeLimit);
    if (there.has_value() && !same_key(request_pem, *there))
        return Problem{Exit::failed,
                       path + " is there already, for another key: move it away, or ask for a new request"};
    if (there.has_error()) {
        if (exists(request)) {
            const auto old = read_whole(request, keys::kPemSizeLimit);
            if (old.has_error() || old->find(request_pem) == std::string::npos)
                return Problem{Exit::failed, request + " is there already, and is another request: move it away"};
        } else {
            const auto scratch = ScratchFolder::make();
            if (scratch.has_error()) return scratch.error();
            const std::string file = scratch->path() + "/request.pem";
            if (const auto made = write_new(file, request_pem, 0600); made.has_error()) return made.error();
            const auto done = easyrsa_.run(folder_.path(), {"import-req", file, name}, {}, limit);
            if (done.has_error()) return done.error();
        }
        const auto done = easyrsa_.run(folder_.path(), {"sign-req", "client", name},
                                       days_setting("EASYRSA_CERT_EXPIRE", days), limit);
        if (done.has_error()) return done.error();
    }
    const auto text = read_whole(path, keys::kPemSizeLimit);
    if (text.has_error()) return text.error();
    const auto certificates = keys::read_certificates(*text, path);
    if (certificates.has_error()) return Problem{Exit::failed, certificates.error().message};
    return certificates->front().pem;
}

Outcome<Revocable> Authority::find(const std::string& name) const {
    if (const auto whole = folder_.check_complete(); whole.has_error()) return whole.error();
    const auto entries = folder_.entries();
    if (entries.has_error()) return entries.error();
    const std::string path = folder_.certificate(name);
    if (exists(path)) {
        auto text = read_whole(path, keys::kPemSizeLimit);
        if (text.has_error()) return text.error();
        const auto use = certificate_use(*text);
        const IndexEntry* entry = use.has_value() ? find_serial(*entries, use->serial) : nullptr;
        if (entry == nullptr)
            return Problem{Exit::failed, path + " is not in " + folder_.index() + ": nothing was revoked"};
        return Revocable{name, entry->serial, entry->expires, entry->revoked_at, std::move(*text)};
    }
    if (const IndexEntry* entry = find_in_force(*entries, name); entry != nullptr)
        return Problem{Exit::failed, path + " is missing, although " + folder_.index() + " holds " + name +
                                         ": copy certs_by_serial/" + entry->serial + ".pem there, then try again"};
    const auto last = std::find_if(entries->rbegin(), entries->rend(),
                                   [&](const IndexEntry& entry) { return entry.common_name == name; });
    if (last == entries->rend())
        return Problem{Exit::failed, "no certificate " + name + " in " + folder_.path() + ": see memdbctl pki list"};
    return Revocable{name, last->serial, last->expires, last->revoked_at, folder_.find_certificate(*last)};
}

Outcome<std::vector<std::string>> Authority::revoke(const Revocable& certificate, const std::string& reason) const {
    const auto lock = folder_.lock();
    if (lock.has_error()) return lock.error();
    if (!certificate.revoked_at) {
        std::vector<std::string> words = {"revoke", certificate.name};
        if (!reason.empty()) words.push_back(reason);
        const auto done = easyrsa_.run(folder_.path(), words);
        if (done.has_error()) return because(done.error(), "; see memdbctl pki list for what is in force");
    }
    const auto entries = folder_.entries();
    if (entries.has_error()) return entries.error();
    const IndexEntry* entry = find_serial(*entries, certificate.serial);
    if (entry == nullptr || entry->status != CertificateStatus::revoked)
        return Problem{Exit::failed, "easy-rsa says it is done, but " + folder_.index() + " does not show " +
                                         certificate.name + " as revoked"};
    if (certificate.pem.empty()) return std::vector<std::string>{};
    return folder_.put_away(certificate.name, certificate.serial, certificate.pem);
}

Outcome<CrlFacts> Authority::make_crl(std::optional<unsigned> days) const {
    if (const auto whole = folder_.check_complete(); whole.has_error()) return whole.error();
    {
        const auto lock = folder_.lock();
        if (lock.has_error()) return lock.error();
        const auto done = easyrsa_.run(folder_.path(), {"gen-crl"}, days_setting("EASYRSA_CRL_DAYS", days));
        if (done.has_error()) return done.error();
    }
    return read_crl(folder_);
}

Outcome<CrlFacts> read_crl(const PkiFolder& folder) {
    const auto text = read_whole(folder.crl(), 16 * 1024 * 1024);
    if (text.has_error()) return text.error();
    const auto facts = crl_facts(*text);
    if (facts.has_error()) return Problem{Exit::failed, folder.crl() + ": " + facts.error().message};
    return *facts;
}

}  // namespace memdb::client::pki
