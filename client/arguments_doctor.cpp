#include "client/arguments_doctor.hpp"

#include "client/arguments_aws.hpp"

#include <CLI/CLI.hpp>

namespace memdb::client {

void add_doctor(CLI::App& app, Arguments& into) {
    auto* offline = app.add_option("--offline", into.offline,
                                   "examine this client configuration and this machine, without an agent")
                        ->type_name("FILE");
    app.add_option("--cert", into.cert, "with --offline: the client certificate, PEM, if FILE has none")
        ->type_name("FILE")
        ->needs(offline);
    app.add_option("--key", into.key, "with --offline: its private key, PEM, if neither has it")
        ->type_name("FILE")
        ->needs(offline);
    app.add_flag("!--no-aws", into.ask_aws, "do not ask AWS where the wire cannot tell causes apart");
    add_aws_choice(app, into);
    for (const char* name : {"--region", "--aws-profile"}) app.get_option(name)->excludes(offline);
}

}  // namespace memdb::client
