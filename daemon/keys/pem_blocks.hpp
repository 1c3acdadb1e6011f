// Where the PEM blocks are in a text. In: any text; out: views of the whole blocks in it, in order.
//
// easy-rsa writes a human-readable dump in front of a certificate, people paste bundles: all that is skipped. Does not
// decode: keys/certificate does.
#pragma once

#include <string_view>
#include <vector>

namespace memdb::keys {

struct PemBlock {
    std::string_view label;  ///< "CERTIFICATE"
    std::string_view text;   ///< from -----BEGIN to the end of its END line, inside the text that was given
};

/// A block without its END line is not one.
std::vector<PemBlock> find_pem_blocks(std::string_view text);

bool is_certificate(const PemBlock& block);
bool is_private_key(const PemBlock& block);  ///< of any kind, encrypted ones too
bool is_encrypted(const PemBlock& block);

}  // namespace memdb::keys
