#include "app/watchdog_policy.hpp"

namespace memdb::app {

std::vector<std::string> left_waiting(const std::vector<Waiting>& all, TimePoint now) {
    std::vector<std::string> late;
    for (const Waiting& one : all)
        if (one.deadline && now - *one.deadline > kLateLimit) late.push_back(one.who);
    return late;
}

}  // namespace memdb::app
