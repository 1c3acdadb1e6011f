// Any bytes as what the agent calls a certificate request, and as what aws answers: what is taken can be taken again,
// and its name is one that a program may be told.
#include "client/pki/name_policy.hpp"
#include "client/signers/acm_pca_reply.hpp"
#include "client/signers/csr.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace memdb::client;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(bytes, bytes + size);
    if (const auto csr = signers::check_csr(text)) {
        if (!pki::is_name(csr->common_name)) std::abort();
        const auto again = signers::check_csr(csr->pem);
        if (!again || again->pem != csr->pem || again->common_name != csr->common_name) std::abort();
        (void)signers::check_signed(text, *csr);
    }
    (void)signers::check_signed(text, {});
    if (const auto arn = signers::parse_issued(text); arn && arn->find_first_of(" \n'\"$`;") != std::string::npos)
        std::abort();
    (void)signers::parse_certificate_reply(text);
    return 0;
}
