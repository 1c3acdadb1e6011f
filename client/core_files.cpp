#include "client/core_files.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <optional>

namespace memdb::client {
namespace {

std::optional<rlim_t>& soft_limit_before() {
    static std::optional<rlim_t> limit;
    return limit;
}

}  // namespace

void forbid_core_files() {
    rlimit limit{};
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        soft_limit_before() = limit.rlim_cur;
        limit.rlim_cur = 0;  // the hard limit stays: without privileges nobody could raise it again
        (void)setrlimit(RLIMIT_CORE, &limit);
    }
    (void)prctl(PR_SET_DUMPABLE, 0);  // exec undoes it
}

void restore_core_files() {
    rlimit limit{};
    if (!soft_limit_before() || getrlimit(RLIMIT_CORE, &limit) != 0) return;
    limit.rlim_cur = *soft_limit_before();
    (void)setrlimit(RLIMIT_CORE, &limit);
}

}  // namespace memdb::client
