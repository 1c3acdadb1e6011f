// A certificate from AWS Private CA, by the real `aws` program: issue-certificate, then get-certificate until it is
// there.
#include "base/clock.hpp"
#include "client/aws_program.hpp"
#include "client/aws_words.hpp"
#include "client/local_files.hpp"
#include "client/signers/acm_pca_reply.hpp"
#include "client/signers/signer.hpp"

#include <poll.h>

#include <algorithm>

namespace memdb::client::signers {
namespace {

constexpr unsigned kDays = 365;          ///< when nobody says
constexpr Duration kFirstPause = 500ms;  ///< the CA needs about a second or two; doubled up to
constexpr Duration kLongestPause = 5s;

}  // namespace

Outcome<std::string> sign_with_acm_pca(const std::string& arn, const SigningSettings& settings, const Csr& csr,
                                       Duration limit) {
    const TimePoint end = now() + limit;
    const auto left = [&] { return std::max<Duration>(end - now(), 1ms); };
    const auto scratch = ScratchFolder::make();
    if (scratch.has_error()) return scratch.error();
    const std::string file = scratch->path() + "/request.pem";
    if (const auto made = write_new(file, csr.pem, 0600); made.has_error()) return made.error();
    const AwsChoice choice{settings.region.empty() ? std::string(arn_part(arn, 3)) : settings.region,
                           settings.aws_profile};
    const auto issued =
        run_aws({"acm-pca", "issue-certificate", "--certificate-authority-arn", arn, "--csr", "fileb://" + file,
                 "--signing-algorithm", "SHA256WITHRSA", "--template-arn",
                 "arn:" + std::string(arn_part(arn, 1)) + ":acm-pca:::template/EndEntityClientAuthCertificate/V1",
                 "--validity", "Value=" + std::to_string(settings.days.value_or(kDays)) + ",Type=DAYS"},
                choice, left());
    if (issued.has_error()) return issued.error();
    const auto certificate = parse_issued(*issued);
    if (certificate.has_error()) return Problem{Exit::failed, certificate.error().message};
    for (Duration pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
        const auto reply = run_aws(
            {"acm-pca", "get-certificate", "--certificate-authority-arn", arn, "--certificate-arn", *certificate},
            choice, left());
        if (reply.has_value()) {
            auto pem = parse_certificate_reply(*reply);
            if (pem.has_error()) return Problem{Exit::failed, pem.error().message};
            return std::move(*pem);
        }
        const bool is_late = reply.error().exit == Exit::timed_out;  // within a call, or between two
        if (!is_late && !is_in_progress(reply.error().message)) return reply.error();
        if (is_late || now() + pause >= end)
            return Problem{Exit::timed_out, "AWS Private CA has not signed in time; the certificate will be " +
                                                *certificate +
                                                ": get it with aws acm-pca get-certificate, then "
                                                "memdbctl key install"};
        (void)::poll(nullptr, 0, static_cast<int>(pause.count()));
    }
}

}  // namespace memdb::client::signers
