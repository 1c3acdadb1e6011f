// The value in the middle: half of the others are not greater. Of an even number, the upper one of the two.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace memdb {

/// `values` must not be empty. Takes linear time.
template <class T>
[[nodiscard]] T median(std::vector<T> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace memdb
