#include "base/median.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace memdb {
namespace {

TEST(Median, without_one_value_it_is_the_median_of_the_others) {
    for (std::size_t size = 2; size < 9; ++size) {
        std::vector<int> sorted;
        for (std::size_t i = 0; i < size; ++i) sorted.push_back(static_cast<int>(i * i % 7));
        std::ranges::sort(sorted);
        for (const int own : sorted) {
            std::vector<int> others = sorted;
            others.erase(std::ranges::find(others, own));
            EXPECT_EQ(median_of_others(sorted, own), median(others)) << size << " without " << own;
        }
    }
}

}  // namespace
}  // namespace memdb
