// Any bytes from a server: never a crash, more bytes never undo an answer, and an answer names our session.
#include "tunnel/hard_reset_codec.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace memdb::tunnel;
using memdb::config::Transport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    SessionId id{};  // the first bytes of the input, so that the fuzzer can find answers
    if (size < id.size()) return 0;
    std::copy_n(data, id.size(), id.begin());
    const std::string_view ours(reinterpret_cast<const char*>(data), id.size());
    const std::string_view bytes(reinterpret_cast<const char*>(data) + id.size(), size - id.size());
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
        const HardResetReply whole = read_hard_reset(bytes, id, transport);
        if (whole == HardResetReply::answer && bytes.find(ours) == std::string_view::npos) std::abort();
        if (whole == HardResetReply::incomplete && transport == Transport::udp) std::abort();
        const std::size_t cut = bytes.size() / 2;
        const HardResetReply half = read_hard_reset(bytes.substr(0, cut), id, transport);
        if (half == HardResetReply::answer && whole != half) std::abort();
    }
    return 0;
}
