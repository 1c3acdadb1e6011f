#include "keys/credential_store.hpp"

#include "base/atomic_files.hpp"
#include "keys/rotation_record.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

namespace memdb::keys {
namespace {

constexpr std::size_t kMetaLimit = 4096;
constexpr unsigned kGenerationLimit = 1'000'000;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;
constexpr std::string_view kLeftover = ".new-";
constexpr std::string_view kRequest = "request";
constexpr std::string_view kRecord = "rotation.json";

std::optional<unsigned> parse_number(std::string_view name) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool whole = error == std::errc{} && end == name.data() + name.size();
    if (!whole || number == 0 || number > kGenerationLimit || name.front() == '0') return std::nullopt;
    return number;
}

std::string meta_text(const CertificateInfo& info, WallTime now) {
    const boost::json::object meta = {{"schema", 1},
                                      {"fingerprint", info.fingerprint},
                                      {"serial", info.serial},
                                      {"subject", info.subject},
                                      {"stored_on", date_text(now)}};
    return boost::json::serialize(meta) + "\n";
}

/// A text in meta.json; nothing when it is damaged.
std::optional<std::string> text_in(const std::string& text, std::string_view key) {
    boost::system::error_code error;
    const boost::json::value meta = boost::json::parse(text, error);
    if (error || !meta.is_object()) return std::nullopt;
    const auto* found = meta.get_object().if_contains(key);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return std::string(found->get_string());
}

/// A part of a generation that is absent is damage, not absence.
Failure damaged(Failure failure) {
    if (failure.code == Errc::not_found || failure.code == Errc::too_large) failure.code = Errc::malformed;
    return failure;
}

}  // namespace

CredentialStore::CredentialStore(const std::filesystem::path& profile_folder) : root_(profile_folder / "credentials") {}

std::filesystem::path CredentialStore::folder(unsigned number) const { return root_ / std::to_string(number); }

std::optional<unsigned> CredentialStore::in_force() const {
    const auto number = current_number();
    return number ? std::optional<unsigned>(*number) : std::nullopt;
}

Result<unsigned> CredentialStore::current_number() const {
    std::array<char, 64> target{};
    const auto link = root_ / "current";
    const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
    if (size < 0 && errno == ENOENT) return Failure{Errc::not_found, link.string() + " does not exist"};
    if (size < 0 && errno == EINVAL) return Failure{Errc::malformed, link.string() + " is no link"};
    if (size < 0) return system_failure("cannot read " + link.string(), errno);
    const auto number = parse_number({target.data(), static_cast<std::size_t>(size)});
    if (!number) return Failure{Errc::malformed, link.string() + " points to no generation"};
    return *number;
}

Result<Generation> CredentialStore::load_current() const {
    const auto number = current_number();
    if (!number) return number.error();
    return load(*number);
}

Result<Generation> CredentialStore::load(unsigned number) const {
    const auto at = folder(number);
    const auto cert = read_file(at / "cert.pem", kPemSizeLimit);
    if (!cert) return damaged(cert.error());
    const auto key = read_secret_file(at / "key.pem", kPemSizeLimit);
    if (!key) return damaged(key.error());
    const auto meta = read_file(at / "meta.json", kMetaLimit);
    if (!meta) return damaged(meta.error());

    const auto read = read_certificates(*cert, (at / "cert.pem").string());
    if (!read) return Failure{Errc::malformed, read.error().message};
    const CertificateInfo& info = read->front().info;
    if (!key_matches(*cert, *key)) {
        // Damage is one thing, a whole key of another certificate is another.
        return Failure{is_readable_key(*key) ? Errc::bad_input : Errc::malformed,
                       fmt::format("{}: the private key does not belong to the certificate", at.string())};
    }
    if (text_in(*meta, "fingerprint") != info.fingerprint) {
        return Failure{Errc::malformed, fmt::format("{}: not the certificate that was stored", at.string())};
    }
    return Generation{number, at / "cert.pem", at / "key.pem",
                      info,   *read,           parse_date(text_in(*meta, "stored_on").value_or(""))};
}

Result<std::vector<unsigned>> CredentialStore::list() const {
    std::vector<unsigned> numbers;
    std::error_code error;
    std::filesystem::directory_iterator entries(root_, error);
    if (error == std::errc::no_such_file_or_directory) return numbers;
    for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error)) {
        if (const auto number = parse_number(entries->path().filename().string())) numbers.push_back(*number);
    }
    if (error) return system_failure("cannot list " + root_.string(), error.value());
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

Result<void> CredentialStore::make_root() {
    if (const auto made = make_folder(root_, kFolderMode); !made && made.error().code != Errc::already_exists)
        return made.error();
    return {};
}

/// All of it, or nothing: what is not complete has another name.
Result<void> CredentialStore::write_folder(const Credential& credential, const std::filesystem::path& to,
                                           WallTime now) {
    const auto temporary = make_temporary_folder(root_, kLeftover);
    if (!temporary) return temporary.error();
    auto done = replace_file(*temporary / "key.pem", credential.key_pem.reveal(), kFileMode);
    if (done) done = replace_file(*temporary / "cert.pem", credential.cert_pem, kFileMode);
    if (done) done = replace_file(*temporary / "meta.json", meta_text(credential.info, now), kFileMode);
    if (done) done = publish_folder(*temporary, to);
    if (!done) (void)remove_tree(root_, temporary->filename().string());  // the first failure is the one to report
    return done;
}

Result<unsigned> CredentialStore::next_number() const {
    const auto numbers = list();
    if (!numbers) return numbers.error();
    return numbers->empty() ? 1 : numbers->back() + 1;
}

Result<unsigned> CredentialStore::add(const Credential& credential, WallTime now) {
    if (const auto made = make_root(); !made) return made.error();
    const auto number = next_number();
    if (!number) return number.error();
    if (const auto written = write_folder(credential, folder(*number), now); !written) return written.error();
    return *number;
}

Result<void> CredentialStore::add_as(unsigned number, const Credential& credential, WallTime now) {
    if (const auto made = make_root(); !made) return made.error();
    if (in_force() == number) return Failure{Errc::already_exists, fmt::format("generation {} is in force", number)};
    const auto removed = remove_tree(root_, std::to_string(number));
    if (!removed && removed.error().code != Errc::not_found) return removed.error();
    return write_folder(credential, folder(number), now);
}

Result<void> CredentialStore::keep_only(const std::vector<unsigned>& numbers) {
    const auto kept = [&](unsigned number) {
        return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    };
    if (const auto current = in_force(); !current || !kept(*current))
        return Failure{Errc::internal, "[unexpected] what is in force is not among what is to be kept"};
    std::vector<std::string> doomed;
    std::error_code error;
    std::filesystem::directory_iterator entries(root_, error);
    for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error)) {
        std::string name = entries->path().filename().string();
        const auto number = parse_number(name);
        if (number ? !kept(*number) : name.starts_with('.')) doomed.push_back(std::move(name));
    }
    if (error) return system_failure("cannot list " + root_.string(), error.value());
    for (const std::string& name : doomed)
        if (const auto removed = remove_tree(root_, name); !removed) return removed.error();
    return {};
}

Result<KeyRequest> CredentialStore::load_request() const {
    const auto csr = read_file(root_ / kRequest / "request.pem", kPemSizeLimit);
    if (!csr) return csr.error().code == Errc::not_found ? csr.error() : damaged(csr.error());
    auto key = read_secret_file(root_ / kRequest / "key.pem", kPemSizeLimit);
    if (!key) return damaged(key.error());
    if (!is_request_of(*csr, *key))
        return Failure{Errc::malformed, (root_ / kRequest).string() + ": key and request do not belong together"};
    return KeyRequest{std::move(*key), *csr};
}

Result<void> CredentialStore::save_request(const KeyRequest& request) {
    if (const auto made = make_root(); !made) return made.error();
    const auto temporary = make_temporary_folder(root_, kLeftover);
    if (!temporary) return temporary.error();
    auto done = replace_file(*temporary / "key.pem", request.key_pem.reveal(), kFileMode);
    if (done) done = replace_file(*temporary / "request.pem", request.csr_pem, kFileMode);
    if (done) done = drop_request();
    if (done) done = publish_folder(*temporary, root_ / kRequest);
    if (!done) (void)remove_tree(root_, temporary->filename().string());
    return done;
}

Result<void> CredentialStore::drop_request() {
    const auto removed = remove_tree(root_, std::string(kRequest));
    return removed || removed.error().code == Errc::not_found ? Result<void>{} : removed;
}

Result<RotationState> CredentialStore::load_record() const {
    const auto path = root_ / kRecord;
    const auto text = read_file(path, kRotationRecordLimit);
    if (!text && text.error().code == Errc::not_found) return RotationState{};
    if (!text) return damaged(text.error());
    auto state = parse_rotation_record(*text);
    if (!state) return Failure{Errc::malformed, path.string() + ": " + state.error().message};
    return state;
}

Result<void> CredentialStore::save_record(const RotationState& state) {
    return replace_file(root_ / kRecord, write_rotation_record(state), kFileMode);
}

Result<void> CredentialStore::use(unsigned number) {
    std::error_code error;
    if (!std::filesystem::exists(folder(number), error)) {
        return Failure{Errc::not_found, fmt::format("there is no generation {}", number)};
    }
    if (const auto whole = load(number); !whole) return whole.error();
    return replace_link(root_ / "current", std::to_string(number));
}

}  // namespace memdb::keys
