// completion bash|zsh|fish, and what these scripts ask: completion words -- WORD…
#include "client/commands.hpp"
#include "client/completion.hpp"
#include "client/completion_scripts.hpp"
#include "client/text.hpp"

namespace memdb::client {
namespace {

/// Who waits for a TAB waits no longer than this for the agent.
constexpr Duration kPatience = 1s;

std::vector<std::string> profile_names(const std::string& socket) {
    std::vector<std::string> names;
    const auto response = ControlClient(socket).request("GET", "/v1/status", {}, kPatience);
    if (response.has_error()) return names;
    const auto snapshot = control::parse_snapshot(response->body);
    if (snapshot.has_error()) return names;
    for (const auto& profile : snapshot->profiles) names.push_back(clean(profile.name, true));
    return names;
}

/// Says nothing of what goes wrong: the line is still being typed.
int print_words(const Context& context) {
    std::vector<Grammar> table;
    for (const Command& command : all_commands()) table.push_back(command.grammar);
    const Completion found = complete(context.arguments.words, table);
    std::string out;
    for (const auto& [word, about] : found.words) out.append(word).append("\t").append(about).append("\n");
    if (found.profiles) {
        for (const std::string& name : profile_names(found.socket.value_or(context.client.socket())))
            if (name.starts_with(found.typed)) out += found.before + name + "\tprofile\n";
    }
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
