#include "client/signers/acm_pca_reply.hpp"

#include "client/aws_words.hpp"
#include "client/signers/csr.hpp"
#include "control/api_fields.hpp"

namespace memdb::client::signers {
namespace {

template <class Each>
Result<void> read(std::string_view json, Each each) {
    const auto value = control::parse_json(json, kCertificateLimit);
    control::Trouble trouble;
    if (value.has_error()) {
        trouble = value.error();
    } else {
        control::Fields fields(*value, "", trouble);
        if (!trouble) each(fields);
    }
    if (trouble) return std::move(*trouble).during("the answer of aws");
    return boost::system::in_place_value;
}

}  // namespace

Result<std::string> parse_issued(std::string_view json) {
    std::string arn;
    const auto done = read(json, [&](control::Fields& f) { f.read("CertificateArn", arn, 300); });
    if (done.has_error()) return done.error();
    if (!is_acm_pca_certificate_arn(arn))
        return Failure{Errc::bad_input, "the answer of aws: CertificateArn is no ARN of a certificate"};
    return arn;
}

Result<std::string> parse_certificate_reply(std::string_view json) {
    std::string certificate;
    std::optional<std::string> chain;
    const auto done = read(json, [&](control::Fields& f) {
        f.read("Certificate", certificate);
        f.read("CertificateChain", chain);
    });
    if (done.has_error()) return done.error();
    return certificate + "\n" + chain.value_or("");
}

bool is_in_progress(std::string_view complaint) noexcept {
    return complaint.find("RequestInProgressException") != std::string_view::npos;
}

}  // namespace memdb::client::signers
