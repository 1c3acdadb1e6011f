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

/// The median of `sorted`, which holds `own`, without it. At least two values.
template <class T>
[[nodiscard]] T median_of_others(const std::vector<T>& sorted, const T& own) {
    const auto at = static_cast<std::size_t>(std::ranges::lower_bound(sorted, own) - sorted.begin());
    const std::size_t middle = (sorted.size() - 1) / 2;
    return sorted[middle < at ? middle : middle + 1];
}

}  // namespace memdb
