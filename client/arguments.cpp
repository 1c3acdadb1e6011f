#include "client/arguments.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>

namespace memdb::client {
namespace {

std::string check_duration(const std::string& text) {
    return parse_duration(text) ? "" : "a time such as 30s, 500ms or 2m is expected";
}

/// "words" is what the scripts of the others ask with, and nobody else.
std::string check_shell(const std::string& text) {
    const bool known = text == "bash" || text == "zsh" || text == "fish" || text == "words";
    return known ? "" : "bash, zsh or fish is expected";
}

void add_import(CLI::App& app, Arguments& into) {
    app.add_option("FILE", into.file, "client configuration as downloaded from AWS")->required();
    app.add_flag("--check", into.check, "only judge the file: exit 0 accepted, 1 refused; needs no agent");
    app.add_option("--name", into.name, "name of the new profile");
    app.add_option("--cert", into.cert, "client certificate, PEM; may have its key beside it")->type_name("FILE");
    app.add_option("--key", into.key, "its private key, PEM, not encrypted")->type_name("FILE");
    app.callback([&app, &into] {
        for (const char* needed : {"--name", "--cluster"}) {
            if (!into.check && app.get_option(needed)->count() == 0) throw CLI::RequiredError(needed);
        }
    });
}

CLI::Option* add_iam(CLI::App& app, Arguments& into) {
    app.add_option("--iam-cluster", into.iam_cluster,
                   "with --iam: the cluster's name, where the endpoint does not tell")
        ->type_name("NAME");
    app.add_option("--iam-region", into.iam_region, "with --iam: its region, where the endpoint does not tell")
        ->type_name("REGION");
    return app.add_flag("--iam", into.iam, "the user logs in by IAM, with tokens of memdbctl auth push");
}

void add_cluster(CLI::App& app, Arguments& into) {
    app.add_option("--cluster", into.clusters, "cluster endpoint; may be given again")
        ->required()
        ->allow_extra_args(false)  // or it would take FILE behind it
        ->type_name("HOST[:PORT]");
    app.add_option("--user", into.user, "ACL user")->type_name("NAME");
    auto* file =
        app.add_option("--password-file", into.password_file, "file with the user's password")->type_name("FILE");
    add_iam(app, into)->excludes(file);
    app.add_option("--ca", into.ca, "trust these certificates for the cluster, PEM")->type_name("FILE");
    app.add_option_function<std::string>(
           "--tls", [&into](const std::string& word) { into.tls = word != "off"; },
           "off: the cluster has no TLS; the profile is degraded at best")
        ->check(CLI::IsMember({"on", "off"}))
        ->type_name("on|off");
}

void add_set(CLI::App& app, Arguments& into) {
    app.add_option("--cluster", into.clusters, "replaces the list of clusters; may be given again")
        ->allow_extra_args(false)
        ->type_name("HOST[:PORT]");
    auto* user = app.add_option("--user", into.user, "ACL user of all clusters")->type_name("NAME");
    auto* file = app.add_option("--password-file", into.password_file, "file with its password")->type_name("FILE");
    auto* iam = add_iam(app, into)->excludes(file);
    app.add_flag("--no-user", into.no_user, "no user and no password any more")
        ->excludes(user)
        ->excludes(file)
        ->excludes(iam);
    auto* ca = app.add_option("--ca", into.ca, "trust these certificates for the clusters, PEM")->type_name("FILE");
    app.add_flag("--no-ca", into.no_ca, "trust the system's certificates again")->excludes(ca);
    app.add_option("--signer", into.signer, "who signs new keys: manual, pki:DIR, acm-pca:ARN or command:PROGRAM")
        ->type_name("SPEC");
    app.add_option_function<std::string>(
           "--revoke-old", [&into](const std::string& word) { into.revoke_old = word == "on"; },
           "signer pki: whether a rotation, once confirmed, revokes the old certificate")
        ->check(CLI::IsMember({"on", "off"}))
        ->type_name("on|off");
}

void add_option(CLI::App& app, Option option, Arguments& into) {
    switch (option) {
        case Option::profile: app.add_option("PROFILE", into.profile, "may be left out when there is only one"); return;
        case Option::profile_required:
            app.add_option("PROFILE", into.profile, "name of the profile")->required();
            return;
        case Option::json: app.add_flag("--json", into.json, "for programs: what the agent answered"); return;
        case Option::wait: app.add_flag("--wait", into.wait, "until it is so, or the timeout"); return;
        case Option::timeout:
            app.add_option_function<std::string>(
                   "--timeout", [&into](const std::string& text) { into.timeout = parse_duration(text).value_or(30s); },
                   "give up after so long (default 30s); exit 5")
                ->check(check_duration)
                ->type_name("TIME");
            return;
        case Option::goal:
            app.add_option_function<std::string>(
                   "--for",
                   [&into](const std::string& word) { into.goal = parse_goal(word).value_or(Goal::reachable); },
                   "what to wait for (default reachable)")
                ->check(CLI::IsMember({"reachable", "up", "stopped"}))
                ->type_name("reachable|up|stopped");
            return;
        case Option::shell:
            app.add_option("SHELL", into.shell, "whose script to print")
                ->required()
                ->check(check_shell)
                ->type_name("bash|zsh|fish");
            app.add_option("WORD", into.words, "what the scripts ask with")->group("");
            return;
        case Option::follow: app.add_flag("--follow,-f", into.follow, "print every change as it happens"); return;
        case Option::count:
            app.add_option("--count,-c", into.count, "rounds, one a second (default 4)")
                ->check(CLI::Range(1u, 1000000u))
                ->type_name("N");
            return;
        case Option::node: app.add_option("--node", into.node, "only this node")->type_name("NODE"); return;
        case Option::import:
            add_import(app, into);
            add_cluster(app, into);
            app.get_option("--cluster")->required(false);  // not with --check
            return;
        case Option::add:
            app.add_flag("--direct", into.direct, "without a tunnel: inside the VPC or a peered one")->required();
            app.add_option("--name", into.name, "name of the new profile")->required();
            add_cluster(app, into);
            return;
        case Option::crl_file:
            app.add_option("FILE", into.file, "the certificate revocation list, PEM or DER: crl.pem of gen-crl")
                ->required();
            return;
        case Option::set: add_set(app, into); return;
        case Option::yes: app.add_flag("--yes,-y", into.yes, "do not ask"); return;
    }
}

std::string_view summary_of(std::string_view group) {
    if (group == "pki") return "a certificate authority of your own, kept by easy-rsa: make, issue, revoke, list";
    if (group == "aws") return "from an AWS account to a Client VPN for a MemoryDB cluster, and back";
    if (group == "auth") return "login of a cluster's user by IAM: push a token";
    if (group == "key")
        return "the profile's certificate and key: show, rotate, request, install, go back, revocation list";
    return "import, add, list, show, set, remove profiles";
}

/// The subcommand for "profile import" below "profile", which is made when it is not there yet.
CLI::App* place_of(CLI::App& app, std::string_view name) {
    const auto blank = name.find(' ');
    if (blank == std::string_view::npos) return app.add_subcommand(std::string(name));
    const std::string group(name.substr(0, blank));
    CLI::App* parent = nullptr;
    for (CLI::App* known : app.get_subcommands({}))
        if (known->get_name() == group) parent = known;
    if (parent == nullptr) {
        parent = app.add_subcommand(group, std::string(summary_of(group)));
        parent->require_subcommand(1);
    }
    return parent->add_subcommand(std::string(name.substr(blank + 1)));
}

const CLI::App* deepest(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    return chosen.empty() ? &app : deepest(*chosen.front());
}

/// CLI11's words where they are clear, ours where not.
std::string sentence(const CLI::ParseError& error, const CLI::App& app) {
    std::string text = error.what();
    const auto colon = text.rfind(": ");
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && colon != std::string::npos)
        return "unexpected argument" + text.substr(colon);
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && text.find("ubcommand") != std::string::npos)
        return app.remaining(true).empty()
                   ? "which of its commands?"
                   : "no such command: " + deepest(app)->get_name() + " " + app.remaining(true).front();
    return text;
}

/// The place of the command on the line: the first word that is no option of memdbctl itself, nor its value.
std::size_t place_of_command(std::span<const std::string> words) {
    std::size_t at = 0;
    while (at < words.size() && words[at].starts_with('-') && words[at] != "--") at += words[at] == "--socket" ? 2 : 1;
    return at;
}

/// Takes what another program is told off the line, for a command that runs one.
std::span<const std::string> split_off(std::span<const std::string> words, std::span<const Grammar> table,
                                       Arguments& into) {
    const std::size_t at = place_of_command(words);
    const auto runs = [&](const Grammar& grammar) { return grammar.hands_over && grammar.name == words[at]; };
    if (at >= words.size() || std::ranges::none_of(table, runs)) return words;
    const auto dashes = std::ranges::find(words, "--");
    if (dashes == words.end()) return words;
    into.run.assign(dashes + 1, words.end());
    return words.first(static_cast<std::size_t>(dashes - words.begin()));
}

/// Making every command with all its options takes longer than asking the agent: of a line that clearly names one
/// command, only that one is made. @return the whole table where there is doubt, or all are to be shown.
std::span<const Grammar> needed(std::span<const std::string> words, std::span<const Grammar> table) {
    const std::size_t at = place_of_command(words);
    if (at >= words.size()) return table;
    const auto found = std::ranges::find(table, std::string_view(words[at]), &Grammar::name);
    if (found == table.end()) return table;
    const auto is_name = [&](const std::string& word) {
        return word == "--help-all" || std::ranges::any_of(table, [&](const Grammar& grammar) {
                   return grammar.name.substr(0, grammar.name.find(' ')) == word;
               });
    };
    if (std::ranges::any_of(words.subspan(at + 1), is_name) || std::ranges::any_of(words.first(at), is_name))
        return table;
    return table.subspan(static_cast<std::size_t>(found - table.begin()), 1);
}

/// Two commands have exit codes of their own, also for a line that was not understood.
int usage_exit(std::span<const std::string> words) {
    const std::size_t at = place_of_command(words);
    if (at < words.size() && words[at] == "exec") return 125;
    return std::ranges::find(words, "check") != words.end() ? 3 : 2;  // the convention of monitoring plugins
}

std::string one_line(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return text;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) noexcept {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number <= 0 || number > 86'400'000) return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    const std::int64_t ms = unit == "ms"                   ? 1
                            : unit == "s"                  ? 1000
                            : unit == "m" || unit == "min" ? 60'000
                            : unit == "h"                  ? 3'600'000
                                                           : 0;
    if (ms == 0 || number * ms > 86'400'000) return std::nullopt;
    return Duration(number * ms);
}

std::vector<const CLI::App*> make_commands(CLI::App& app, Arguments& into, std::span<const Grammar> table,
                                           std::string_view socket) {
    into.socket = socket;
    app.set_help_all_flag("--help-all", "the help of every command");
    app.set_version_flag("--version", "memdbctl " MEMDB_VERSION, "of memdbctl alone; the agent's: memdbctl version");
    app.add_option("--socket", into.socket,
                   "the agent's socket (default: $MEMDBD_SOCKET, else " + std::string(socket) + ")")
        ->type_name("PATH");
    app.fallthrough();
    app.require_subcommand(0, 1);
    app.footer("exit codes: 0 done, 1 failed, 2 usage, 3 agent not reachable, 4 not permitted, 5 timed out");
    std::vector<const CLI::App*> commands;
    for (const Grammar& grammar : table) {
        CLI::App* command = place_of(app, grammar.name);
        command->description(std::string(grammar.summary));
        command->footer("examples:\n" + std::string(grammar.examples));
        command->fallthrough();
        for (const Option option : grammar.options) add_option(*command, option, into);
        if (grammar.more != nullptr) grammar.more(*command, into);
        commands.push_back(command);
    }
    return commands;
}

Parsed parse_arguments(std::span<const std::string> words, std::span<const Grammar> table, std::string_view socket) {
    Parsed parsed;
    CLI::App app("memdbctl: ask and steer memdbd, the agent that keeps Amazon MemoryDB reachable", "memdbctl");
    const std::span<const Grammar> made = needed(words, table);
    const auto commands = make_commands(app, parsed.arguments, made, socket);
    try {
        const auto ours = split_off(words, table, parsed.arguments);
        std::vector<std::string> reversed(ours.rbegin(), ours.rend());  // as CLI11 wants it
        app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        const CLI::App* at = deepest(app);
        parsed.out = at->help(at == &app                 ? ""
                              : at->get_parent() == &app ? "memdbctl"
                                                         : "memdbctl " + at->get_parent()->get_name());
        return parsed;
    } catch (const CLI::CallForVersion& version) {
        parsed.out = std::string(version.what()) + "\n";
        return parsed;
    } catch (const CLI::CallForAllHelp&) {
        parsed.out = app.help("", CLI::AppFormatMode::All);
        return parsed;
    } catch (const CLI::ParseError& error) {
        std::string name = "memdbctl";
        if (const CLI::App* at = deepest(app); at != &app)
            name += (at->get_parent() == &app ? " " : " " + at->get_parent()->get_name() + " ") + at->get_name();
        parsed.error = one_line(sentence(error, app)) + "; see " + name + " --help";
        parsed.exit = usage_exit(words);
        return parsed;
    }
    const CLI::App* chosen = deepest(app);
    for (std::size_t i = 0; i < commands.size(); ++i)
        if (commands[i] == chosen) parsed.command = i + static_cast<std::size_t>(made.data() - table.data());
    if (!parsed.command) {
        parsed.error = "what shall it do? Try `memdbctl status`, or `memdbctl --help` for all commands";
        parsed.exit = 2;
    }
    return parsed;
}

}  // namespace memdb::client
