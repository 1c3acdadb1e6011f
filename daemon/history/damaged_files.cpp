#include "history/damaged_files.hpp"

#include "control/api_time.hpp"
#include "history/retention_policy.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

namespace memdb::history {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKept = 2;

/// 2026-11-23T150405.123Z: sorts by time, and has no colon, which some file systems do not like.
std::string date_of(WallTime now) {
    std::string text = control::time_text(now);
    std::erase(text, ':');
    return text;
}

void remove_older(const std::string& path) {
    std::vector<std::string> names;
    std::error_code error;
    const std::string prefix = fs::path(path).filename().string() + ".damaged-";
    for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path(), error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && !name.ends_with("-wal")) names.push_back(name);
    }
    const std::vector<std::string> surplus = damaged_to_remove(std::move(names), kKept);
    for (const std::string& name : surplus) {
        const fs::path old = fs::path(path).parent_path() / name;
        fs::remove(old, error);  // what cannot be removed is tried again the next time
        fs::remove(old.string() + "-wal", error);
    }
}

}  // namespace

Result<std::string> set_aside(const std::string& path, WallTime now) {
    const std::string target = path + ".damaged-" + date_of(now);
    if (std::rename(path.c_str(), target.c_str()) != 0) return system_failure(path, errno);
    std::error_code ignored;  // most often there is none
    fs::rename(path + "-wal", target + "-wal", ignored);
    fs::remove(path + "-shm", ignored);
    remove_older(path);
    return fs::path(target).filename().string();
}

}  // namespace memdb::history
