// rotation.json, as a crash or a person may have left it. What was accepted must come back equal once it was written,
// and whatever it says, the next start must put nothing in force that is not whole.
#include "keys/rotation_machine.hpp"
#include "keys/rotation_record.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace memdb::keys;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto record = parse_rotation_record({reinterpret_cast<const char*>(bytes), size});
    if (!record) return 0;
    const auto written = parse_rotation_record(write_rotation_record(*record));
    if (!written || written->generation != record->generation || written->phase != record->phase) std::abort();
    const auto again = parse_rotation_record(write_rotation_record(*written));
    if (!again || *again != *written) std::abort();
    for (const unsigned current : {0U, 1U, 2U}) {
        RotationState state = *record;
        state.current = current;
        const RotationLeft left{{1, 2}, (size & 1U) != 0};
        for (const RotationAction& action : restore(state, left, {}).actions)
            if (const auto* use = std::get_if<UseGeneration>(&action))
                if (std::find(left.whole.begin(), left.whole.end(), use->generation) == left.whole.end()) std::abort();
    }
    return 0;
}
