// The records of what openvpn may have changed on this host: STATE_DIR/host/PROFILE.json, 0600 in a folder of 0700.
//
// Written before openvpn is spawned and again when its pid, and its device, are known; removed when it has ended in
// order. What is still there at the next start is for clean_up. Every function blocks for a few ms of disk.
#pragma once

#include "base/error.hpp"
#include "host/host_footprint.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace memdb::host {

class FootprintStore {
  public:
    /// @param state_dir  must exist and be locked (StateLock); "host" in it need not exist yet.
    explicit FootprintStore(const std::filesystem::path& state_dir);

    /// The profiles that have a record, sorted, readable or not; none when there is no folder. Errc::io.
    [[nodiscard]] Result<std::vector<std::string>> list() const;

    /// @return Errc::not_found when there is no record; Errc::malformed when it is damaged; Errc::io when it cannot be
    ///         read. The last two mean: something may be left over, and only a person can tell.
    [[nodiscard]] Result<Footprint> load(const std::string& profile) const;

    /// Replaces the profile's record; durable when this returns. Errc::io: say so, and go on. On a
    /// full disk a tunnel without a record is worth more than none.
    Result<void> write(const Footprint& footprint);

    /// Removes the record; success when there is none. Errc::io.
    Result<void> remove(const std::string& profile);

    [[nodiscard]] std::filesystem::path path_of(const std::string& profile) const;

  private:
    std::filesystem::path folder_;
};

}  // namespace memdb::host
