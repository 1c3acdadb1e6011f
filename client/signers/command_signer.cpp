// A certificate from a program of the caller: the request on its stdin, the certificate on its stdout.
#include "client/child_process.hpp"
#include "client/import_files.hpp"
#include "client/signers/signer.hpp"

namespace memdb::client::signers {

Outcome<std::string> sign_with_command(const std::string& program, const Csr& csr, Duration limit) {
    if (!program.starts_with('/')) return Problem{Exit::usage, "--signer-command needs an absolute path"};
    auto end = run_child({{program}, own_environment(), csr.pem, kOutputLimit, limit});
    if (end.has_error()) return end.error();
    if (end->status != 0) return Problem{Exit::failed, "the signer failed: " + child_failure(file_name(program), *end)};
    return std::move(end->output);
}

}  // namespace memdb::client::signers
