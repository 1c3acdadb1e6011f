#include "host/footprint_store.hpp"

#include "base/atomic_files.hpp"
#include "config/endpoint_parser.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace memdb::host {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;
constexpr std::string_view kSuffix = ".json";

}  // namespace

FootprintStore::FootprintStore(const fs::path& state_dir) : folder_(state_dir / "host") {}

fs::path FootprintStore::path_of(const std::string& profile) const {
    return folder_ / (profile + std::string(kSuffix));
}

Result<std::vector<std::string>> FootprintStore::list() const {
    std::vector<std::string> profiles;
    std::error_code error;
    fs::directory_iterator entries(folder_, error);
    if (error == std::errc::no_such_file_or_directory) return profiles;
    for (; !error && entries != fs::directory_iterator{}; entries.increment(error)) {
        std::string name = entries->path().filename().string();
        if (!name.ends_with(kSuffix)) continue;  // what a crash left of a file that was being written, too
        name.resize(name.size() - kSuffix.size());
        if (config::check_profile_name(name)) profiles.push_back(name);
    }
    if (error) return system_failure("cannot list " + folder_.string(), error.value());
    std::ranges::sort(profiles);
    return profiles;
}

Result<Footprint> FootprintStore::load(const std::string& profile) const {
    const fs::path path = path_of(profile);
    const auto text = read_file(path, kFootprintLimit);
    if (!text && text.error().code == Errc::too_large) return Failure{Errc::malformed, text.error().message};
    if (!text) return text.error();
    auto footprint = parse_footprint(*text);
    if (!footprint) return Failure{Errc::malformed, footprint.error().message}.during(path.string());
    if (footprint->profile != profile) return Failure{Errc::malformed, path.string() + " is another profile's"};
    return footprint;
}

Result<void> FootprintStore::write(const Footprint& footprint) {
    if (const auto good = config::check_profile_name(footprint.profile); !good) return good.error();
    const auto made = make_folder(folder_, kFolderMode);
    if (!made && made.error().code != Errc::already_exists) return made.error();
    return replace_file(path_of(footprint.profile), to_json(footprint), kFileMode);
}

Result<void> FootprintStore::remove(const std::string& profile) {
    const fs::path path = path_of(profile);
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) return {};
        return system_failure("cannot remove " + path.string(), errno);
    }
    return sync_folder(folder_);
}

}  // namespace memdb::host
