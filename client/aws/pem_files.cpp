#include "client/aws/pem_files.hpp"

#include "keys/certificate.hpp"

namespace memdb::client::aws {
namespace {

Outcome<void> copy_first(const std::string& from, const std::string& to) {
    const auto text = read_whole(from, keys::kPemSizeLimit);
    if (text.has_error()) return text.error();
    const auto certificates = keys::read_certificates(*text, from);
    if (certificates.has_error()) return Problem{Exit::failed, certificates.error().message};
    return write_new(to, certificates->front().pem, 0600);
}

}  // namespace

Outcome<PemFiles> PemFiles::make(const pki::PkiFolder& folder, const std::string& file) {
    auto scratch = ScratchFolder::make();
    if (scratch.has_error()) return scratch.error();
    PemFiles made(std::move(*scratch), folder.key(file));
    const CertificateFiles files = made.files();
    if (const auto done = copy_first(folder.certificate(file), files.certificate); done.has_error())
        return done.error();
    if (const auto done = copy_first(folder.ca_certificate(), files.chain); done.has_error()) return done.error();
    return made;
}

}  // namespace memdb::client::aws
