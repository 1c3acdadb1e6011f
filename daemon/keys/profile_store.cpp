#include "keys/profile_store.hpp"

#include "base/atomic_files.hpp"
#include "config/endpoint_parser.hpp"
#include "config/import_policy.hpp"
#include "config/ovpn_lexer.hpp"
#include "config/password_policy.hpp"
#include "config/profile_parser.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace memdb::keys {
namespace {

namespace fs = std::filesystem;
using control::Wanted;

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;
constexpr std::size_t kWishLimit = 64;
constexpr std::size_t kRangesLimit = 64 * 1024;
constexpr std::string_view kLeftover = ".new-";
constexpr std::string_view kRemoved = ".old-";

/// Bytes that are there but wrong, and files that should be there: damage.
Failure damaged(Failure failure, const std::string& name) {
    if (failure.code != Errc::io) failure.code = Errc::malformed;
    std::replace(failure.message.begin(), failure.message.end(), '\n', ';');  // it becomes one line of evidence
    failure.message = fmt::format("profile {}: {}: remove it and import it again", name, failure.message);
    return failure;
}

Failure unknown_profile(const std::string& name) {
    return {Errc::not_found, fmt::format("there is no profile {}", name)};
}

/// "cluster-password", "cluster-password.3": see config::Profile::revision.
std::string versioned(std::string_view file, const config::Profile& profile) {
    return profile.revision == 0 ? std::string(file) : fmt::format("{}.{}", file, profile.revision);
}
std::string password_file(const config::Profile& profile) { return versioned("cluster-password", profile); }
std::string ca_file(const config::Profile& profile) { return versioned("cluster-ca.pem", profile); }

Result<config::Profile> read_profile(const fs::path& folder) {
    const auto text = read_file(folder / "profile.toml", config::kProfileSizeLimit);
    if (!text) return text.error();
    return config::parse_profile(*text, "profile.toml");
}

/// Removes passwords and CAs that `profile` does not use: of an earlier revision, or of a change that was not finished.
/// What cannot be removed now is tried again by the next change and the next start.
void remove_unused(const fs::path& folder, const config::Profile& profile) {
    std::vector<fs::path> unused;
    std::error_code error;
    fs::directory_iterator entries(folder, error);
    for (; !error && entries != fs::directory_iterator{}; entries.increment(error)) {
        const std::string file = entries->path().filename().string();
        const bool password = file.starts_with("cluster-password"), ca = file.starts_with("cluster-ca.pem");
        const bool used = (password && profile.has_password && file == password_file(profile)) ||
                          (ca && profile.has_cluster_ca && file == ca_file(profile));
        if ((password || ca) && !used) unused.push_back(entries->path());
    }
    for (const fs::path& path : unused) fs::remove(path, error);
}

/// The trusted certificates in client.ovpn, which memdbd wrote itself.
Result<std::vector<Certificate>> read_authorities(const fs::path& path) {
    const auto text = read_file(path, config::kOvpnSizeLimit);
    if (!text) return text.error();
    const auto directives = config::lex_ovpn(*text, path.string());
    if (!directives) return directives.error();
    for (const config::Directive& directive : *directives) {
        if (directive.name == "ca" && directive.inline_text) return read_certificates(*directive.inline_text, "<ca>");
    }
    return Failure{Errc::malformed, path.string() + " has no <ca>"};
}

/// The list that somebody handed in; nothing when there is none.
std::optional<Result<RevocationList>> read_crl(const fs::path& path) {
    const auto text = read_file(path, kCrlSizeLimit);
    if (!text && text.error().code == Errc::not_found) return std::nullopt;
    if (!text) return text.error();
    return read_revocation_list(*text);
}

/// Writes all of a profile into `folder`, which is nobody's yet.
Result<void> write_profile_folder(const fs::path& folder, const config::JudgedImport& judged, WallTime now) {
    const config::Profile& profile = judged.profile;
    auto done = replace_file(folder / "profile.toml", config::write_profile(profile), kFileMode);
    if (done && profile.has_password) {
        done = replace_file(folder / "cluster-password", judged.password.reveal(), kFileMode);
    }
    if (done && profile.has_cluster_ca)
        done = replace_file(folder / "cluster-ca.pem", judged.cluster_ca_pem, kFileMode);
    if (done && !judged.client_ovpn.empty()) done = replace_file(folder / "client.ovpn", judged.client_ovpn, kFileMode);
    if (!done || !judged.credential) return done;

    CredentialStore credentials(folder);
    const auto number = credentials.add(*judged.credential, now);
    if (!number) return number.error();
    return credentials.use(*number);
}

}  // namespace

ProfileStore::ProfileStore(StateLock lock, fs::path root) : lock_(std::move(lock)), root_(std::move(root)) {}

Result<ProfileStore> ProfileStore::open(const fs::path& state_dir) {
    auto lock = StateLock::take(state_dir);
    if (!lock) return lock.error();
    ProfileStore store(*std::move(lock), state_dir / "profiles");
    if (const auto made = make_folder(store.root_, kFolderMode); !made && made.error().code != Errc::already_exists) {
        return made.error();
    }
    if (const auto removed = store.remove_leftovers(); !removed) return removed.error();
    return store;
}

Result<void> ProfileStore::remove_leftovers() {
    std::vector<std::string> leftovers;
    std::error_code error;
    fs::directory_iterator entries(root_, error);
    for (; !error && entries != fs::directory_iterator{}; entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        if (name.starts_with(kLeftover) || name.starts_with(kRemoved)) leftovers.push_back(name);
    }
    if (error) return system_failure("cannot list " + root_.string(), error.value());
    for (const std::string& name : leftovers) {
        if (const auto removed = remove_tree(root_, name); !removed) return removed.error();
    }
    const auto names = list();
    if (!names) return names.error();
    for (const std::string& name : *names) {
        // A damaged one keeps all it has; load() says what is wrong with it.
        if (const auto profile = read_profile(root_ / name)) remove_unused(root_ / name, *profile);
    }
    return {};
}

Result<std::vector<std::string>> ProfileStore::list() const {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator entries(root_, error);
    for (; !error && entries != fs::directory_iterator{}; entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        if (config::check_profile_name(name)) names.push_back(name);
    }
    if (error) return system_failure("cannot list " + root_.string(), error.value());
    std::sort(names.begin(), names.end());
    return names;
}

Result<void> ProfileStore::check_exists(const std::string& name) const {
    if (const auto good = config::check_profile_name(name); !good) return unknown_profile("of that name");
    std::error_code error;
    const auto status = fs::symlink_status(root_ / name, error);
    if (status.type() == fs::file_type::not_found) return unknown_profile(name);
    if (error) return system_failure("cannot look at " + (root_ / name).string(), error.value());
    return {};
}

Result<StoredProfile> ProfileStore::load(const std::string& name) const {
    if (const auto exists = check_exists(name); !exists) return exists.error();
    const fs::path folder = root_ / name;
    auto profile = read_profile(folder);
    if (!profile) return damaged(profile.error(), name);
    if (profile->name != name) return damaged({Errc::malformed, "profile.toml belongs to another profile"}, name);

    StoredProfile stored;
    stored.profile = *std::move(profile);
    if (stored.profile.has_cluster_ca) {
        // Read here, so that a lost CA never turns into the system's trust later.
        const fs::path path = folder / ca_file(stored.profile);
        const auto pem = read_file(path, kPemSizeLimit);
        if (!pem) return damaged(pem.error(), name);
        if (const auto read = read_certificates(*pem, "cluster-ca.pem"); !read) return damaged(read.error(), name);
        stored.cluster_ca_path = path;
    }
    if (stored.profile.kind == config::ProfileKind::direct) return stored;

    stored.config_path = folder / "client.ovpn";
    auto authorities = read_authorities(stored.config_path);
    if (!authorities) return damaged(authorities.error(), name);
    stored.authorities = *std::move(authorities);
    stored.credential = credentials(name).load_current();
    stored.crl = read_crl(folder / "crl.pem");
    return stored;
}

Result<ImportOutcome> ProfileStore::import(const config::ImportRequest& request, WallTime now) {
    auto judged = config::judge_import(request, now);
    if (!judged) return judged.error();
    const std::string& name = judged->profile.name;
    const Failure exists{
        Errc::already_exists,
        fmt::format("profile {0} exists: choose another name, or `memdbctl profile remove {0}` first", name)};
    if (check_exists(name)) return exists;
    const auto names = list();
    if (!names) return names.error();
    if (names->size() >= kProfileLimit) {
        return Failure{Errc::too_large,
                       fmt::format("there are {} profiles already, more are not allowed", kProfileLimit)};
    }

    const auto temporary = make_temporary_folder(root_, kLeftover);
    if (!temporary) return temporary.error();
    auto done = write_profile_folder(*temporary, *judged, now);
    if (done) done = publish_folder(*temporary, root_ / name);
    if (!done) {
        (void)remove_tree(root_, temporary->filename().string());  // the first failure is the one to report
        return done.error().code == Errc::already_exists ? exists : done.error();
    }
    return ImportOutcome{std::move(judged->profile), std::move(judged->warnings)};
}

Result<config::ProfileContents> ProfileStore::contents(const std::string& name) const {
    const auto stored = load(name);
    if (!stored) return stored.error();
    config::ProfileContents contents{stored->profile, {}, {}};
    auto password = cluster_password(stored->profile);
    if (!password) return password.error();
    contents.password = *std::move(password);
    if (!stored->cluster_ca_path) return contents;
    auto pem = read_file(*stored->cluster_ca_path, kPemSizeLimit);
    if (!pem) return damaged(pem.error(), name);
    contents.cluster_ca_pem = *std::move(pem);
    return contents;
}

// The new password and CA get names that nothing uses yet; the rename of profile.toml, which names them, is the change.
Result<config::ProfileContents> ProfileStore::change(const std::string& name, const config::ProfileChange& change,
                                                     std::uint32_t uid) {
    const auto stored = contents(name);
    if (!stored) return stored.error();
    auto next = config::judge_change(*stored, change, uid);
    if (!next) return next.error();
    const fs::path folder = root_ / name;
    const config::Profile& profile = next->profile;
    Result<void> done{};
    if (profile.has_password) done = replace_file(folder / password_file(profile), next->password.reveal(), kFileMode);
    if (done && profile.has_cluster_ca) done = replace_file(folder / ca_file(profile), next->cluster_ca_pem, kFileMode);
    if (done) done = replace_file(folder / "profile.toml", config::write_profile(profile), kFileMode);
    // A failure behind the rename has put it in force all the same: what lies there now decides.
    const auto in_force = read_profile(folder);
    if (in_force) remove_unused(folder, *in_force);
    if (!done && !(in_force && *in_force == profile)) return done.error();
    return next;
}

// Renamed away first: a crash in the middle leaves no half profile, only a leftover for the next start.
Result<void> ProfileStore::remove(const std::string& name) {
    if (const auto exists = check_exists(name); !exists) return exists.error();
    const auto away = make_temporary_folder(root_, kRemoved);
    if (!away) return away.error();
    auto done = publish_folder(root_ / name, *away / name);
    const auto removed = remove_tree(root_, away->filename().string());
    return done ? removed : done;
}

StoredWish ProfileStore::wanted(const std::string& name) const {
    if (const auto exists = check_exists(name); !exists && exists.error().code == Errc::not_found) return {};
    const auto text = read_file(root_ / name / "wanted", kWishLimit);
    if (text && *text == "connected\n") return {Wanted::connected, std::nullopt};
    if (text && *text == "disconnected\n") return {};
    if (!text && text.error().code == Errc::not_found) return {};
    Failure trouble =
        text ? Failure{Errc::malformed, "its file says neither connected nor disconnected"} : text.error();
    if (trouble.code == Errc::too_large) trouble.code = Errc::malformed;
    trouble.message =
        fmt::format("profile {}: the stored wish is unusable, staying disconnected: {}", name, trouble.message);
    return {Wanted::disconnected, std::move(trouble)};
}

Result<void> ProfileStore::set_wanted(const std::string& name, Wanted wanted) {
    if (const auto exists = check_exists(name); !exists) return exists.error();
    return replace_file(root_ / name / "wanted", wanted == Wanted::connected ? "connected\n" : "disconnected\n",
                        kFileMode);
}

Result<std::vector<IpNetwork>> ProfileStore::known_ranges(const std::string& name) const {
    if (const auto exists = check_exists(name); !exists) return exists.error();
    const auto text = read_file(root_ / name / "ranges", kRangesLimit);
    if (!text && text.error().code == Errc::not_found) return std::vector<IpNetwork>{};
    if (!text)
        return Failure{text.error().code == Errc::too_large ? Errc::malformed : text.error().code,
                       fmt::format("profile {}: {}", name, text.error().message)};
    std::vector<IpNetwork> ranges;
    for (std::string_view rest = *text; !rest.empty();) {
        const auto end = rest.find('\n');
        const auto range = parse_network(rest.substr(0, end));
        if (!range || end == std::string_view::npos)
            return Failure{Errc::malformed, fmt::format("profile {}: the file ranges is damaged", name)};
        ranges.push_back(*range);
        rest.remove_prefix(end + 1);
    }
    return ranges;
}

Result<void> ProfileStore::remember_ranges(const std::string& name, const std::vector<IpNetwork>& ranges) {
    if (const auto exists = check_exists(name); !exists) return exists.error();
    std::string text;
    for (const IpNetwork& range : ranges) text += to_string(range) + "\n";
    return replace_file(root_ / name / "ranges", text, kFileMode);
}

Result<RevocationList> ProfileStore::store_crl(const std::string& name, std::string_view bytes) {
    const auto stored = load(name);
    if (!stored) return stored.error();
    if (stored->profile.kind == config::ProfileKind::direct)
        return Failure{Errc::bad_input, fmt::format("profile {} is direct: it has no certificate to revoke", name)};
    const bool has_own = stored->credential && *stored->credential;
    const bool has_list = stored->crl && *stored->crl;  // a damaged one is replaced by any
    auto list = judge_revocation_list(bytes, {stored->authorities, has_own ? &(*stored->credential)->info : nullptr,
                                              has_list ? &**stored->crl : nullptr});
    if (!list) return list.error();
    if (const auto done = replace_file(root_ / name / "crl.pem", list->pem, kFileMode); !done) return done.error();
    return list;
}

Result<Secret<>> ProfileStore::cluster_password(const config::Profile& profile) const {
    if (!profile.has_password) return Secret<>{};
    auto password = read_secret_file(root_ / profile.name / password_file(profile), config::kPasswordLimit);
    if (!password) return damaged(password.error(), profile.name);
    if (password->empty()) return damaged({Errc::malformed, "cluster-password is empty"}, profile.name);
    return password;
}

CredentialStore ProfileStore::credentials(const std::string& name) const { return CredentialStore(root_ / name); }

}  // namespace memdb::keys
