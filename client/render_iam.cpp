#include "client/render_iam.hpp"

#include "reach/iam_token.hpp"

namespace memdb::client {

std::string iam_text(const control::IamView& iam, WallTime now) {
    std::string text = "IAM user " + iam.user;
    if (!iam.token_expires_at)
        text += ", no token yet";
    else
        text += (*iam.token_expires_at > now ? ", token until " : ", token expired at ") +
                reach::clock_text(*iam.token_expires_at);
    if (iam.connections_end_at) text += "; connections until " + reach::clock_text(*iam.connections_end_at);
    return text;
}

std::string iam_facts(const control::IamView& iam, WallTime now) {
    return iam_text(iam, now) + "; tokens are for " + iam.cluster + " in " + iam.region +
           (iam.mints ? ", signed by memdbd" : "");
}

}  // namespace memdb::client
