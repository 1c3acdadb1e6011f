// Any course of a rotation: which event, on which disk and when, every choice is a byte. Its invariants hold, and once
// everything works a rotation that is busy comes to an end.
#include "tests/support/rotation_course.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::size_t at = 0;
    const auto byte = [&] { return at < size ? unsigned{data[at++]} : 0U; };
    // No more bytes: always 0, as if nothing special happened.
    memdb::keys::RotationCourse course(
        [&](unsigned below) { return (below > 256 ? byte() << 8U | byte() : byte()) % below; });
    while (at < size && course.broken().empty()) course.event();
    course.comes_to_an_end();
    if (course.broken().empty()) return 0;
    std::fprintf(stderr, "broken: %s\n", course.broken().c_str());
    std::abort();
}
