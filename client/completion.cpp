#include "client/completion.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace memdb::client {
namespace {

using Options = std::vector<const CLI::Option*>;

/// "--json" and "-f" of this command and of those above it, which it takes, too.
Options options_of(const CLI::App& command) {
    Options all = command.get_options([](const CLI::Option* option) { return option->nonpositional(); });
    if (const CLI::App* parent = command.get_parent()) {
        for (const CLI::Option* option : options_of(*parent)) {
            if (std::ranges::none_of(all, [&](auto* own) { return own->check_name(option->get_name()); }))
                all.push_back(option);
        }
    }
    return all;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

/// The line as it was understood, up to the unfinished word.
struct Place {
    const CLI::App* command;
    const CLI::Option* open = nullptr;  ///< waits for its value
    Options given;
    std::size_t positionals = 0;  ///< how many were given
    bool no_options = false;      ///< behind "--"
    std::optional<std::string> socket;
};

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
    for (const CLI::Option* option : options_of(command))
        if (option->check_name(name)) return option;
    return nullptr;
}

const CLI::App* find_command(const CLI::App& command, const std::string& name) {
    for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; }))
        if (below->check_name(name)) return below;
    return nullptr;
}

void take_value(Place& place, const CLI::Option& option, const std::string& value) {
    if (option.check_name("--socket")) place.socket = value;
}

void take_option(Place& place, const std::string& word) {
    const auto equals = word.find('=');
    const CLI::Option* option = find_option(*place.command, word.substr(0, equals));
    if (option == nullptr) return;
    place.given.push_back(option);
    if (equals != std::string::npos) {
        take_value(place, *option, word.substr(equals + 1));
    } else if (takes_value(*option)) {
        place.open = option;
    }
}

void take(Place& place, const std::string& word) {
    if (place.open != nullptr) {
        if (word == "=") return;
        take_value(place, *std::exchange(place.open, nullptr), word);
    } else if (!place.no_options && word == "--") {
        place.no_options = true;
    } else if (!place.no_options && word.starts_with('-')) {
        take_option(place, word);
    } else if (const CLI::App* below = place.positionals == 0 ? find_command(*place.command, word) : nullptr) {
        place.command = below;
    } else {
        ++place.positionals;
    }
}

void add(Completion& into, std::string_view typed, const std::string& word, std::string about) {
    if (word.starts_with(typed)) into.words.push_back({into.before + word, std::move(about)});
}

/// By the word that the help has for the value: FILE, DIR, PROFILE, on|off, …
void add_values(Completion& into, const CLI::Option& option, std::string_view typed) {
    std::string kind = option.get_positional() ? option.get_name(true) : "";
    std::string type = option.get_type_name();
    type.resize(std::min(type.find(':'), type.size()));  // behind it the check's words
    if (kind.empty() || type.find('|') != std::string::npos) kind = type;
    into.files = kind == "FILE" || kind == "PATH" || kind == "PROGRAM" || kind == "CERTFILE";
    into.folders = kind == "DIR";
    into.profiles = kind == "PROFILE";
    into.nodes = kind == "NODE";
    into.clusters = kind == "CLUSTER";
    into.typed = typed;
    for (std::size_t from = 0; kind.find('|') != std::string::npos && from <= kind.size();) {
        const std::size_t to = std::min(kind.find('|', from), kind.size());
        const std::string word = kind.substr(from, to - from);
        if (std::ranges::none_of(word, [](unsigned char c) { return std::isupper(c) != 0; }))
            add(into, typed, word, "");
        from = to + 1;
    }
}

bool still_fits(const CLI::Option& option, const Options& given) {
    const bool once = option.get_items_expected_max() <= 1;
    return std::ranges::none_of(given, [&](const CLI::Option* other) {
        return (once && other == &option) ||
               std::ranges::any_of(option.get_excludes(), [&](auto* no) { return no == other; });
    });
}

void add_options(Completion& into, const Place& place, std::string_view typed) {
    for (const CLI::Option* option : options_of(*place.command)) {
        if (option->get_group().empty() || !still_fits(*option, place.given)) continue;
        for (const std::string& name : option->get_lnames()) add(into, typed, "--" + name, option->get_description());
    }
}

void add_commands(Completion& into, const CLI::App& command, std::string_view typed) {
    for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; }))
        add(into, typed, below->get_name(), below->get_description());
}

/// The value of the positional that is next, or nothing when there is none.
const CLI::Option* next_positional(const Place& place) {
    std::size_t before = 0;
    for (const CLI::Option* option : place.command->get_options()) {
        if (!option->get_positional() || option->get_group().empty()) continue;
        if (before++ == place.positionals) return option;
    }
    return nullptr;
}

void add_for_open_word(Completion& into, const Place& place, const std::string& typed) {
    if (place.open != nullptr) return add_values(into, *place.open, typed == "=" ? "" : typed);
    if (!place.no_options && typed.starts_with('-')) {
        const auto equals = typed.find('=');
        if (equals == std::string::npos) return add_options(into, place, typed);
        const CLI::Option* option = find_option(*place.command, typed.substr(0, equals));
        if (option == nullptr || !takes_value(*option)) return;
        into.before = typed.substr(0, equals + 1);
        return add_values(into, *option, typed.substr(equals + 1));
    }
    if (place.positionals == 0) add_commands(into, *place.command, typed);
    if (const CLI::Option* next = next_positional(place)) {
        add_values(into, *next, typed);
    } else if (typed.empty() && !place.no_options && place.command->get_require_subcommand_max() == 0) {
        add_options(into, place, typed);
    }
}

}  // namespace

Completion complete(std::span<const std::string> line, std::span<const Grammar> table) {
    Arguments unused;
    CLI::App app("memdbctl", "memdbctl");
    const auto commands = make_commands(app, unused, table, "/run/memdbd/memdbd.sock");
    Place place{.command = &app};
    const std::size_t whole = line.empty() ? 0 : line.size() - 1;
    for (const std::string& word : line.first(whole)) take(place, word);
    Completion completion;
    completion.socket = place.socket;
    const auto chosen = std::ranges::find(commands, place.command);
    const bool hands_over =
        chosen != commands.end() && table[static_cast<std::size_t>(chosen - commands.begin())].hands_over;
    if (hands_over && place.no_options)
        completion.files = true;  // another program's words: a file is the best guess
    else
        add_for_open_word(completion, place, line.empty() ? "" : line.back());
    return completion;
}

}  // namespace memdb::client
