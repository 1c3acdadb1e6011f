// Any bytes as an IAM token, and as one of the AWS CLI's files: never a crash, what is taken holds, and failures are
// one line.
#include "config/aws_credentials_parser.hpp"
#include "reach/iam_token.hpp"

#include <cstdint>
#include <cstdlib>

using namespace memdb;

namespace {

void expect_one_line(const Failure& failure) {
    if (failure.message.empty() || failure.message.find('\n') != std::string::npos) std::abort();
}

void read_token(std::string_view text) {
    const auto token = reach::read_iam_token(text);
    if (!token) return expect_one_line(token.error());
    if (text.size() > reach::kIamTokenLimit || token->login.cluster.empty() || token->login.user.empty() ||
        token->login.region.empty())
        std::abort();
    if (token->expires_at <= token->signed_at || token->expires_at > token->signed_at + reach::kIamTokenLife)
        std::abort();
    if (!text.starts_with(token->login.cluster)) std::abort();
    // One that is minted for the same login at the same moment says the same.
    const reach::AwsCredentials keys{"AKID", Secret<>(std::string("secret")), Secret<>(std::string(text))};
    const auto minted = reach::mint_iam_token(keys, token->login, token->signed_at);
    const auto again = reach::read_iam_token(minted.reveal());
    if (!again ? minted.reveal().size() <= reach::kIamTokenLimit
               : again->login != token->login || again->signed_at != token->signed_at)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_token(text);
    for (const auto kind : {config::AwsFileKind::credentials, config::AwsFileKind::config})
        for (const std::string_view profile : {"default", "work"}) {
            const auto section = config::parse_aws_file(text, profile, kind);
            if (!section)
                expect_one_line(section.error());
            else if (section->keys && (section->keys->access_key.empty() || section->keys->secret_key.empty()))
                std::abort();
        }
    return 0;
}
