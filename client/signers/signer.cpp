#include "client/signers/signer.hpp"

#include "client/aws_words.hpp"
#include "client/pki/name_policy.hpp"

#include <algorithm>

namespace memdb::client::signers {
namespace {

Failure bad(std::string message) { return {Errc::bad_input, std::move(message)}; }

}  // namespace

Result<Signer> parse_signer(std::string_view text) {
    const auto colon = std::min(text.find(':'), text.size());
    const std::string_view word = text.substr(0, colon);
    std::string target(text.substr(std::min(colon + 1, text.size())));
    if (word == "manual" && target.empty()) return Signer{SignerKind::manual, {}};
    if (word == "pki") {
        if (!target.empty() && !pki::is_plain_path(target)) return bad("the signer's PKI is no plain absolute path");
        return Signer{SignerKind::pki, std::move(target)};
    }
    if (word == "acm-pca") {
        if (!is_acm_pca_arn(target))
            return bad(
                "the signer's CA is no ARN: arn:aws:acm-pca:REGION:ACCOUNT:certificate-authority/ID is expected");
        return Signer{SignerKind::acm_pca, std::move(target)};
    }
    if (word == "command") {
        if (!target.starts_with('/')) return bad("the signer's program needs an absolute path");
        return Signer{SignerKind::command, std::move(target)};
    }
    return bad("the signer is one of pki, acm-pca, command, manual");
}

std::string describe(const Signer& signer) {
    switch (signer.kind) {
        case SignerKind::pki: return "easy-rsa in " + signer.target;
        case SignerKind::acm_pca: return "AWS Private CA";
        case SignerKind::command: return signer.target;
        case SignerKind::manual: return "hand";
    }
    return "?";
}

Outcome<std::string> sign(const Signer& signer, const SigningSettings& settings, const Csr& csr, Duration limit) {
    limit = std::min(limit, kSignLimit);
    Outcome<std::string> output = Problem{Exit::usage, "a manual signer signs nothing by itself"};
    switch (signer.kind) {
        case SignerKind::pki: output = sign_with_pki(signer.target, settings, csr, limit); break;
        case SignerKind::acm_pca: output = sign_with_acm_pca(signer.target, settings, csr, limit); break;
        case SignerKind::command: output = sign_with_command(signer.target, csr, limit); break;
        case SignerKind::manual: break;
    }
    if (output.has_error()) return output.error();
    auto checked = check_signed(*output, csr);
    if (checked.has_error()) return Problem{Exit::failed, checked.error().message};
    return std::move(*checked);
}

}  // namespace memdb::client::signers
