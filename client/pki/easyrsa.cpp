#include "client/pki/easyrsa.hpp"

#include "client/text.hpp"

#include <charconv>
#include <cstdlib>

namespace memdb::client::pki {
namespace {

constexpr EasyrsaVersion kOldest{3, 1, 0};
constexpr EasyrsaVersion kBeyond{4, 0, 0};
constexpr std::string_view kDebian = "/usr/share/easy-rsa/easyrsa";

std::string text_of(const EasyrsaVersion& version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor) + "." + std::to_string(version.patch);
}

std::string folder_of(const std::string& path) { return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1)); }

}  // namespace

std::optional<EasyrsaVersion> parse_version(std::string_view text) noexcept {
    const auto at = text.find("\nVersion:");
    if (at == std::string_view::npos) return std::nullopt;
    text.remove_prefix(at + 9);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    EasyrsaVersion version;
    for (int* part : {&version.major, &version.minor, &version.patch}) {
        if (part != &version.major) {
            if (!text.starts_with('.')) return std::nullopt;
            text.remove_prefix(1);
        }
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *part);
        if (error != std::errc{} || *part < 0 || *part > 999) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
    return version;
}

std::string easyrsa_complaint(const ChildEnd& end) {
    for (const std::string* text : {&end.complaints, &end.output}) {
        constexpr std::string_view mark = "Easy-RSA error:";
        const auto at = text->find(mark);
        if (at == std::string::npos) continue;
        std::string_view rest = std::string_view(*text).substr(at + mark.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
        rest = rest.substr(0, rest.find("\n\n"));
        const std::string line = clean(rest.substr(0, 400), false);
        if (!line.empty()) return "easy-rsa: " + line;
    }
    return child_failure("easy-rsa", end);
}

Outcome<Easyrsa> Easyrsa::find(const std::string& asked) {
    std::string program = asked;
    if (program.empty()) program = find_program("easyrsa");
    if (program.empty()) program = kDebian;
    program = absolute_path(program);
    if (::access(program.c_str(), X_OK) != 0) {
        if (!asked.empty()) return Problem{Exit::failed, "--easyrsa: " + asked + " is not a program that can be run"};
        return Problem{Exit::failed,
                       "easy-rsa is not on this machine: sudo apt install easy-rsa (or say --easyrsa PATH)"};
    }
    auto scratch = ScratchFolder::make();
    if (scratch.has_error()) return scratch.error();
    if (const auto made = write_new(scratch->path() + "/vars", "", 0600); made.has_error()) return made.error();
    Easyrsa found(program, std::move(*scratch));
    const auto end = run_child({{program, "version"}, found.environment({}, {}), {}, kOutputLimit, 20s});
    if (end.has_error()) return end.error();
    const auto version = parse_version("\n" + end->output);
    if (!version)
        return Problem{Exit::failed,
                       program + " does not tell a version: is it easy-rsa? Use a released 3.1.0 or later"};
    if (*version < kOldest || !(*version < kBeyond))
        return Problem{Exit::failed,
                       program + " is easy-rsa " + text_of(*version) + ": 3.1.0 or a later 3.x is needed"};
    found.version_ = *version;
    return found;
}

std::vector<std::string> Easyrsa::environment(const std::string& folder, const Settings& settings) const {
    const char* path = std::getenv("PATH");
    std::vector<std::string> out = {std::string("PATH=") + (path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path),
                                    "LC_ALL=C",
                                    "EASYRSA_NO_VARS=1",
                                    "EASYRSA_VARS_FILE=" + scratch_.path() + "/vars",
                                    "EASYRSA_BATCH=1",
                                    "EASYRSA_ALGO=rsa",
                                    "EASYRSA_KEY_SIZE=2048",
                                    "EASYRSA_DIGEST=sha256",
                                    "EASYRSA_DN=cn_only"};
    if (exists(folder_of(program_) + "/x509-types")) out.push_back("EASYRSA=" + folder_of(program_));
    if (!folder.empty()) out.push_back("EASYRSA_PKI=" + folder);
    for (const auto& [name, value] : settings) out.push_back(std::string(name).append("=").append(value));
    return out;
}

Outcome<void> Easyrsa::run(const std::string& folder, const std::vector<std::string>& words, const Settings& settings,
                           Duration limit) const {
    ChildCommand command{{program_}, environment(folder, settings), {}, 1024 * 1024, limit};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    const auto end = run_child(command);
    if (end.has_error()) return end.error();
    if (end->status != 0) return Problem{Exit::failed, easyrsa_complaint(*end)};
    return boost::system::in_place_value;
}

}  // namespace memdb::client::pki
