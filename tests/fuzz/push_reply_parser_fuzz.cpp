// Any log lines: never a crash, the limits hold, and feeding them twice after reset() gives the same.
#include "tunnel/push_reply_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace memdb::tunnel;

namespace {

std::vector<PushedOptions> replies_of(PushReplyParser& parser, std::string_view text) {
    std::vector<PushedOptions> replies;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (auto options = parser.feed(text.substr(0, end))) replies.push_back(std::move(*options));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return replies;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    PushReplyParser parser;
    const auto replies = replies_of(parser, text);
    for (const PushedOptions& options : replies)
        if (options.routes.size() > PushReplyParser::kRouteLimit || options.dns.size() > PushReplyParser::kDnsLimit ||
            options.domains.size() > PushReplyParser::kDomainLimit || options.redirect_flags.size() > 128)
            std::abort();
    parser.reset();
    if (replies_of(parser, text) != replies) std::abort();
    return 0;
}
