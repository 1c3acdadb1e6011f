// completion bash|zsh|fish, and what these scripts ask: completion words -- WORD…
#include "client/commands.hpp"
#include "client/completion.hpp"
#include "client/completion_scripts.hpp"
#include "client/text.hpp"

namespace memdb::client {
namespace {

/// Who waits for a TAB waits no longer than this for the agent.
constexpr Duration kPatience = 1s;

/// Without an agent, or with one that cannot be understood, it knows nothing.
control::Snapshot snapshot_of(const std::string& socket) {
    const auto response = ControlClient(socket).request("GET", "/v1/status", {}, kPatience);
    if (response.has_error()) return {};
    auto snapshot = control::parse_snapshot(response->body);
    return snapshot.has_error() ? control::Snapshot{} : std::move(*snapshot);
}

/// The lines for names that the agent knows and that fit what was typed.
std::string names_of(const Completion& found, const control::Snapshot& snapshot) {
    std::string out;
    const auto add = [&](const std::string& name, std::string_view about) {
        const std::string shown = clean(name, true);
        if (shown.starts_with(found.typed)) out.append(found.before + shown).append("\t").append(about).append("\n");
    };
    for (const auto& profile : snapshot.profiles) {
        if (found.profiles) add(profile.name, "profile");
        if (!found.nodes) continue;
        for (const auto& cluster : profile.clusters)
            for (const auto& node : cluster.nodes) add(node.name, node.role ? clean(*node.role, true) : "node");
    }
    return out;
}

/// Says nothing of what goes wrong: the line is still being typed.
int print_words(const Context& context) {
    std::vector<Grammar> table;
    for (const Command& command : all_commands()) table.push_back(command.grammar);
    const Completion found = complete(context.arguments.words, table);
    std::string out;
    for (const auto& [word, about] : found.words) out.append(word).append("\t").append(about).append("\n");
    if (found.profiles || found.nodes)
        out += names_of(found, snapshot_of(found.socket.value_or(context.client.socket())));
    if (found.files) out += ":files\t\n";
    if (found.folders) out += ":folders\t\n";
    print(out);
    return 0;
}

}  // namespace

int run_completion(Context& context) {
    if (context.arguments.shell == "words") return print_words(context);
    if (!context.arguments.words.empty())
        return complain(context, {Exit::usage, "one shell at a time: bash, zsh or fish"});
    print(completion_script(context.arguments.shell));
    return 0;
}

}  // namespace memdb::client
