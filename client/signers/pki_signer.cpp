// A certificate from an easy-rsa directory of the caller.
#include "client/pki/authority.hpp"
#include "client/signers/signer.hpp"

namespace memdb::client::signers {

Outcome<std::string> sign_with_pki(const std::string& folder, const SigningSettings& settings, const Csr& csr,
                                   Duration limit) {
    const auto authority = pki::Authority::open(folder, settings.easyrsa);
    if (authority.has_error()) return authority.error();
    return authority->sign(csr.common_name, csr.pem, settings.days, limit);
}

}  // namespace memdb::client::signers
