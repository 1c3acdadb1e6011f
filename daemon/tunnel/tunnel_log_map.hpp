// Which steps of a tunnel are worth a line in the log, and how it reads. Pure: tunnel_runner logs what this returns.
//
// At info are the edges that people act on: the tunnel is up, no longer up, blocked, begun, ended. How it gets from one
// to the next, or does not, is at debug: what an attempt fails of is a finding, which the log tells once.
#pragma once

#include "tunnel/tunnel_machine.hpp"

#include <string>

namespace memdb::tunnel {

enum class LogDepth { trace, debug, info };

struct TunnelLine {
    LogDepth depth = LogDepth::debug;
    std::string text;
};

/// The line for one step.
TunnelLine tunnel_line(const std::string& profile, const TunnelState& before, const TunnelEvent& event,
                       const Step& done);

}  // namespace memdb::tunnel
