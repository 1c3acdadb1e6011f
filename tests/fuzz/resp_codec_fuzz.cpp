// Bytes from a node in two pieces: the first byte says where the cut is. Whole and cut must agree.
#include "reach/resp_codec.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

std::vector<memdb::reach::Reply> decode(std::string_view first, std::string_view second) {
    memdb::reach::ReplyDecoder decoder(memdb::reach::kTopologyReply);
    std::vector<memdb::reach::Reply> replies;
    for (const std::string_view piece : {first, second}) {
        decoder.feed(piece);
        for (auto next = decoder.next(); next && *next; next = decoder.next()) replies.push_back(**next);
    }
    return replies;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const std::size_t cut = bytes[0] % input.size();
    if (decode(input, {}) != decode(input.substr(0, cut), input.substr(cut))) std::abort();
    return 0;
}
