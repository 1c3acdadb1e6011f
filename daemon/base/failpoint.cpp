#include "base/failpoint.hpp"

#ifdef MEMDB_FAILPOINTS

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace memdb {
namespace {

void note(const char* file, std::string_view name) {
    const int log = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) return;
    const std::string line = std::string(name) + "\n";
    (void)!::write(log, line.data(), line.size());
    ::close(log);
}

}  // namespace

void failpoint(const char* name) noexcept {
    static std::map<std::string, unsigned, std::less<>> reached;  // one thread runs the loop, and all files are its
    const unsigned count = ++reached[name];
    if (const char* const file = std::getenv("MEMDB_FAILPOINT_LOG")) note(file, name);
    const char* const wanted = std::getenv("MEMDB_FAILPOINT");
    if (wanted != nullptr && wanted == std::string(name) + ":" + std::to_string(count)) (void)::raise(SIGKILL);
}

}  // namespace memdb

#endif
