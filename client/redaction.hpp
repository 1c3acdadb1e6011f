// Takes out of a text what a stranger need not know: secrets, people, this machine. Pure.
//
// Secrets should not be in what memdbctl is given at all (Secret<>); this is the second fence, and the only one for
// names. The same thing becomes the same word everywhere, so that a reader can still follow.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

struct RedactedNames {
    std::string user;                  ///< login name of the caller
    std::string home;                  ///< the caller's home folder
    std::string host;                  ///< this machine's name
    std::vector<std::string> persons;  ///< ACL users, names in certificates
};

class Redaction {
  public:
    explicit Redaction(const RedactedNames& names);

    /// `text` without
    /// - private keys in PEM, and what looks like a secret in base64 (40 characters or more, mixed);
    /// - what follows password, secret, token, X-Amz-Signature and the like; access keys of AWS;
    /// - the names, as whole words; /home/NAME of anybody;
    /// - public addresses, which become <public-1>, <public-2>, …; private, documentation's and shared ones stay.
    [[nodiscard]] std::string apply(std::string_view text);

  private:
    [[nodiscard]] std::string replace_addresses(std::string_view line);

    std::vector<std::pair<std::string, std::string>> words_;  ///< whole word -> what stands for it; longest first
    std::string home_;
    std::map<std::string, std::string> addresses_;
};

}  // namespace memdb::client
