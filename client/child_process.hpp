// Runs one program to its end: easy-rsa, aws, a signer. With a deadline, limits, and never through a shell.
//
// The program is in a session of its own: it has no terminal (a question for a password fails at once instead of
// hanging), and everything it started ends with it when it is stopped. SIGINT, SIGTERM and SIGHUP that come meanwhile
// stop the program first, then are reported, so that the caller can say what is half-made. Blocking; one thread.
#pragma once

#include "client/control_client.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace memdb::client {

inline constexpr std::size_t kOutputLimit = 256 * 1024;    ///< bytes of stdout
inline constexpr std::size_t kComplaintLimit = 16 * 1024;  ///< bytes of stderr that are kept, the last ones

struct ChildCommand {
    std::vector<std::string> argv;         ///< argv[0]: an absolute path
    std::vector<std::string> environment;  ///< all of it, "NAME=value"
    std::string input{};                   ///< for its stdin, which then ends
    std::size_t output_limit = kOutputLimit;
    Duration limit = 60s;
};

struct ChildEnd {
    int status = 0;  ///< exit code, or 128 + signal
    std::string output;
    std::string complaints;  ///< the end of what it wrote to stderr
};

/// Runs `command` in "/" until it has ended.
///
/// @return how it ended, whatever its exit code is. Exit::failed when it cannot be started, writes more than its limit
///         (it is stopped), or a signal came (it is stopped: "interrupted", .signal). Exit::timed_out when the limit
///         has passed; by then its whole process group is killed.
Outcome<ChildEnd> run_child(const ChildCommand& command);

/// For who would go on without the child: where a signal interrupted it (problem.signal), ends this program as that
/// signal would have, had it not met the child. Nothing may be left to be put away.
void end_if_interrupted(const Problem& problem);

/// The last line that is not blank, cleaned, at most 300 bytes; empty when there is none.
std::string last_line(std::string_view text);

/// "NAME: its last complaint", or "NAME: exit code 3" when it said nothing. For a child that ended with a status.
std::string child_failure(std::string_view name, const ChildEnd& end);

/// The caller's own environment.
std::vector<std::string> own_environment();

/// The absolute path of the program `name` in PATH; entries that are not absolute are skipped. Empty when there is
/// none.
std::string find_program(const std::string& name);

}  // namespace memdb::client
