// The command line: argv to values. The only files of memdbctl that know CLI11 are arguments*.cpp and completion.cpp.
#pragma once

#include "base/time.hpp"
#include "client/wait_tracker.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace memdb::client {

/// What `pki …` is told; some of it `rotate` too.
struct PkiArguments {
    std::string folder;   ///< --pki; empty: the default one
    std::string easyrsa;  ///< --easyrsa; empty: the one that is found
    std::string name;
    std::string common_name = "MemoryDB VPN CA";
    std::vector<std::string> dns_names;
    std::optional<unsigned> days;
    std::string bundle, ovpn;
    std::string reason;
    std::string publish;  ///< an endpoint's id
    std::string region, aws_profile;
};

/// What `rotate` and `key …` are told.
struct KeyArguments {
    std::string signer;   ///< a word; empty: by the other options, else what the profile says
    std::string acm_pca;  ///< ARN
    std::string command;  ///< absolute path
    std::string reason;
    std::string out;
    std::optional<std::string> first, second;  ///< key install [CERTFILE] [PROFILE]
    bool if_due = false;
    std::optional<bool> revoke_old;  ///< absent: what the profile says
    bool fresh = false;
    bool retry = false;
    Duration timeout = 2min;
};

/// What `aws …` is told, besides --profile, --pki, --yes and what `profile import` takes.
struct AwsArguments {
    std::string cluster;
    std::vector<std::string> allow;  ///< networks, or "nodes"
    bool internet = false;
    std::string client_cidr;
    std::optional<unsigned> session_hours;
    std::string log_group;
    std::string server_name;  ///< empty: CLUSTER.vpn.internal
    std::string client_name;  ///< empty: by this machine's name
    std::string bundle;       ///< empty: into the agent
    std::string source;       ///< --direct
    bool dry_run = false;
    Duration timeout = 1min;  ///< apply: of the connection
    std::string revoke;       ///< crl: a client's name
    bool disconnect = false;  ///< crl: end its connections
    double price_association = 0.10, price_connection = 0.05;
};

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
    std::optional<std::string> format;                    ///< status
    std::optional<unsigned> warning_days, critical_days;  ///< check

    std::string since;  ///< history, report: as it was written; empty: the command's own default
    std::string html;   ///< report: where to; "-" is stdout
    std::string file, name, cert, key, user, password_file, ca;
    std::string signer;
    std::optional<bool> revoke_old;
    bool no_user = false, no_ca = false;  ///< profile set
    std::vector<std::string> clusters;
    bool iam = false;
    std::string iam_cluster, iam_region;
    bool tls = true;
    std::string offline;             ///< doctor: a configuration to examine without an agent
    bool ask_aws = true;             ///< doctor: --no-aws
    std::string shell;               ///< completion
    std::vector<std::string> words;  ///< completion words: the line so far
    std::vector<std::string> run;    ///< exec, completion: what stands behind "--"
    std::string output;              ///< bugreport
    PkiArguments pki;
    KeyArguments keys;
    AwsArguments aws;
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
    shell,
    count,
    node,
    import,
    add,
    set,
    yes,
    crl_file
};

/// What parsing needs to know of a command.
struct Grammar {
    std::string_view name;  ///< "status", "profile import"
    std::span<const Option> options;
    std::string_view summary;
    std::string_view examples;                      ///< lines of the help's end
    void (*more)(CLI::App&, Arguments&) = nullptr;  ///< options of this command alone
    bool hands_over = false;                        ///< what stands behind "--" is no word of ours
};

/// Either a command to run (`command` is its place in the table), or text to print and a way to exit.
struct Parsed {
    std::optional<std::size_t> command;
    Arguments arguments;
    std::string out;
    std::string error;  ///< one line, without "memdbctl: "
    int exit = 0;
};

/// Adds every command of the table, with its options and what they write into `into`, to `app`; returns the commands in
/// the table's order. `into` must outlive `app`.
std::vector<const CLI::App*> make_commands(CLI::App& app, Arguments& into, std::span<const Grammar> table,
                                           std::string_view socket);

Parsed parse_arguments(std::span<const std::string> words, std::span<const Grammar> table, std::string_view socket);

/// "30s", "500ms", "2m", "1h"; at least 1 ms, at most a day. A bare number is refused: of what?
std::optional<Duration> parse_duration(std::string_view text) noexcept;

}  // namespace memdb::client
