// Keeps what a later memdbd needs to take a profile's tunnel over: the management connection in systemd's store, and a
// record beside it. Openvpn ends by itself when nobody holds the connection any more.
#pragma once

#include "tunnel/tunnel_record.hpp"
#include "tunnel/tunnel_runner.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace memdb::app {

/// What an earlier memdbd has left of a profile.
struct Handover {
    int descriptor = -1;  ///< the receiver's to close
    tunnel::TunnelRecord record;
};

class HandoverAgent {
  public:
    /// @param private_dir  a folder of ours on a file system that is empty after a boot.
    HandoverAgent(std::string profile, const std::filesystem::path& private_dir);

    /// Takes the profile's connection out of what systemd has passed. Nothing when there is none, or it is of no use:
    /// then it is closed, and its openvpn ends. Blocks for the reading of a small file.
    std::optional<Handover> take(std::map<std::string, int>& stored);

    /// At every change of the tunnel; stores and writes only what is new.
    /// @param generation    the key that its openvpn was started with.
    /// @param session_from  what the calendar said when the tunnel came up.
    void follow(const tunnel::TunnelRunner& tunnel, unsigned generation, WallTime session_from);

    /// No process any more.
    void gone();

  private:
    std::string name_;  ///< of the descriptor
    std::filesystem::path file_;
    std::string profile_;
    std::optional<tunnel::TunnelRecord> written_;
    int stored_pid_ = 0;
};

}  // namespace memdb::app
