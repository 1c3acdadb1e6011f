// Any bytes from the management socket: never a crash, and two pieces give what one piece gives.
#include "tunnel/management_codec.hpp"

#include <cstdint>
#include <cstdlib>

using namespace memdb::tunnel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    ManagementCodec whole, split;
    for (const Command command : {Command::state_on, Command::log_on, Command::pid}) {
        (void)whole.encode(command);
        (void)split.encode(command);
    }
    const auto expected = whole.feed(bytes);
    const std::size_t cut = size == 0 ? 0 : data[size / 2] * size / 256;
    auto got = split.feed(bytes.substr(0, cut));
    for (auto& message : split.feed(bytes.substr(cut))) got.push_back(std::move(message));
    if (got != expected) std::abort();
    // A connection that was taken over says nothing before the sign, whatever comes.
    ManagementCodec resumed;
    (void)resumed.resume("ab12");
    (void)resumed.encode(Command::state);
    if (bytes.find("'memdbd-ab12'") == std::string_view::npos && !resumed.feed(bytes).empty()) std::abort();
    return 0;
}
