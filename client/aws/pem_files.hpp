// The three files that `acm import-certificate` reads: PEM and nothing else, the chain without the leaf.
#pragma once

#include "client/aws/calls.hpp"
#include "client/local_files.hpp"
#include "client/pki/pki_folder.hpp"

namespace memdb::client::aws {

class PemFiles {
  public:
    /// Certificate and chain are copied without easy-rsa's dump into a folder of our own; the key stays where it is.
    /// @param file  the certificate's name in the PKI
    static Outcome<PemFiles> make(const pki::PkiFolder& folder, const std::string& file);

    /// As long as the object lives.
    [[nodiscard]] CertificateFiles files() const {
        return {scratch_.path() + "/certificate.pem", key_, scratch_.path() + "/chain.pem"};
    }

  private:
    PemFiles(ScratchFolder scratch, std::string key) : scratch_(std::move(scratch)), key_(std::move(key)) {}
    ScratchFolder scratch_;
    std::string key_;
};

}  // namespace memdb::client::aws
