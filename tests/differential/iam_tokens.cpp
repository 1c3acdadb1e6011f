// IAM tokens minted by the product, for test_iam_tokens.py to compare with those of botocore.
//
// stdin: one JSON object a line: {"access_key","secret_key","session_token","cluster","user","region","at"}, `at` in
// seconds since 1970. stdout: the token, and a second line "CLUSTER USER REGION SIGNED EXPIRES" as it is read back, or
// "refused: REASON".
#include "reach/iam_token.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <iostream>
#include <string>

using namespace memdb;

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        const boost::json::object given = boost::json::parse(line).as_object();
        const auto text = [&](const char* key) { return std::string(given.at(key).as_string()); };
        const WallTime at{std::chrono::seconds(given.at("at").as_int64())};
        const reach::AwsCredentials keys{text("access_key"), Secret<>(text("secret_key")),
                                         Secret<>(text("session_token"))};
        const auto token = reach::mint_iam_token(keys, {text("cluster"), text("user"), text("region")}, at);
        const auto read = reach::read_iam_token(token.reveal());
        fmt::print("{}\n", token.reveal());
        if (read)
            fmt::print("{} {} {} {} {}\n", read->login.cluster, read->login.user, read->login.region,
                       reach::sigv4_stamp(read->signed_at), reach::sigv4_stamp(read->expires_at));
        else
            fmt::print("refused: {}\n", read.error().message);
    }
    return 0;
}
