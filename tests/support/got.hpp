// got(result): the value of a Result, or a failed test that shows the message.
#pragma once

#include "base/error.hpp"

#include <stdexcept>
#include <utility>

namespace memdb::tests {

template <class T>
T got(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return *std::move(result);
}

}  // namespace memdb::tests
