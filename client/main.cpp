// memdbctl: asks and steers memdbd. Arguments, one command, exit code; everything else is in the tables and files
// beside.
#include "client/commands.hpp"

#include "client/core_files.hpp"
#include "client/text.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

using namespace memdb::client;

namespace {

int run(const std::vector<std::string>& words) {
    const char* chosen = std::getenv("MEMDBD_SOCKET");
    const std::string socket = chosen != nullptr && *chosen != '\0' ? chosen : "/run/memdbd/memdbd.sock";
    std::vector<Grammar> grammars;
    for (const Command& command : all_commands()) grammars.push_back(command.grammar);
    const Parsed parsed = parse_arguments(words, grammars, socket);
    print(parsed.out);
    const Terminal terminal = terminal_here();
    Context context{parsed.arguments, terminal, ControlClient(parsed.arguments.socket)};
    if (parsed.command) return all_commands()[*parsed.command].run(context);
    if (!parsed.error.empty()) complain(context, {Exit::usage, parsed.error});
    return parsed.exit;
}

}  // namespace

int main(int argc, char** argv) {
    forbid_core_files();  // keys and passwords pass through this process
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {  // out of memory, at most
        std::fprintf(stderr, "memdbctl: [unexpected] %s\n", error.what());
        return 1;
    }
}
