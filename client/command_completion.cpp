// completion bash|zsh|fish, and what these scripts ask: completion words -- WORD…
#include "client/commands.hpp"
#include "client/completion.hpp"
#include "client/completion_scripts.hpp"
#include "client/text.hpp"

namespace memdb::client {
namespace {

/// Who waits for a TAB waits no longer than this for the agent.
constexpr Duration kPatience = 1s;

/// "NAME<TAB>profile" for each name of a kind that fits and that the agent knows.
std::string known_names(const std::string& socket, const Completion& found) {
    const auto response = ControlClient(socket).request("GET", "/v1/status", {}, kPatience);
    if (response.has_error()) return {};
    const auto snapshot = control::parse_snapshot(response->body);
    if (snapshot.has_error()) return {};
    std::string out;
    const auto add = [&](const std::string& known, std::string_view about) {
        const std::string name = clean(known, true);
        if (name.starts_with(found.typed))
            out.append(found.before).append(name).append("\t").append(about).append("\n");
    };
    for (const auto& profile : snapshot->profiles) {
        if (found.profiles) add(profile.name, "profile");
        for (const auto& cluster : profile.clusters) {
            if (found.clusters) add(cluster.endpoint, "cluster of " + profile.name);
            for (const auto& node : cluster.nodes)
                if (found.nodes) add(node.name, node.role.value_or("node"));
        }
    }
    return out;
}

/// Says nothing of what goes wrong: the line is still being typed.
int print_words(const Context& context) {
    std::vector<Grammar> table;
    for (const Command& command : all_commands()) table.push_back(command.grammar);
    // A "--" among the words is one of them: so they stand behind one that is not.
    const Completion found = complete(context.arguments.run, table);
    std::string out;
    for (const auto& [word, about] : found.words) out.append(word).append("\t").append(about).append("\n");
    if (found.profiles || found.nodes || found.clusters)
        out += known_names(found.socket.value_or(context.client.socket()), found);
    if (found.files) out += ":files\t\n";
    if (found.folders) out += ":folders\t\n";
    print(out);
    return 0;
}

}  // namespace

int run_completion(Context& context) {
    if (context.arguments.shell == "words") return print_words(context);
    if (!context.arguments.words.empty() || !context.arguments.run.empty())
        return complain(context, {Exit::usage, "one shell at a time: bash, zsh or fish"});
    print(completion_script(context.arguments.shell));
    return 0;
}

}  // namespace memdb::client
