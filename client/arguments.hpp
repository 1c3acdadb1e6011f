// The command line: argv to values. The only file of memdbctl that knows CLI11 is arguments.cpp.
#pragma once

#include "base/time.hpp"
#include "client/wait_tracker.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

/// Everything that any command can be told. Each command reads its own part.
struct Arguments {
    std::string socket;
    std::optional<std::string> profile;
    bool json = false;
    bool wait = false;
    bool follow = false;
    bool yes = false;
    bool direct = false;
    bool check = false;  ///< profile import: judge only
    Duration timeout = 30s;
    Goal goal = Goal::reachable;
    unsigned count = 4;
    std::optional<std::string> node;

    std::string file, name, cert, key, user, password_file, ca;
    std::string signer;
    bool no_user = false, no_ca = false;  ///< profile set
    std::vector<std::string> clusters;
    bool tls = true;
};

/// The options that a command takes, for its row in the table.
enum class Option : std::uint8_t {
    profile,
    profile_required,
    json,
    wait,
    timeout,
    goal,
    follow,
    count,
    node,
    import,
    add,
    set,
    yes
};

/// What parsing needs to know of a command.
struct Grammar {
    std::string_view name;  ///< "status", "profile import"
    std::span<const Option> options;
    std::string_view summary;
    std::string_view examples;  ///< lines of the help's end
};

/// Either a command to run (`command` is its place in the table), or text to print and a way to exit.
struct Parsed {
    std::optional<std::size_t> command;
    Arguments arguments;
    std::string out;
    std::string error;  ///< one line, without "memdbctl: "
    int exit = 0;
};

Parsed parse_arguments(std::span<const std::string> words, std::span<const Grammar> table, std::string_view socket);

/// "30s", "500ms", "2m", "1h"; at least 1 ms, at most a day. A bare number is refused: of what?
std::optional<Duration> parse_duration(std::string_view text) noexcept;

}  // namespace memdb::client
