// Values with everything in them that they can hold, made by reflection (Boost.PFR): a new field is in them by itself.
#pragma once

#include "base/secret.hpp"
#include "base/time.hpp"

#include <boost/pfr/core.hpp>

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace memdb::support {

enum class Fill : std::uint8_t {
    all,      ///< every optional, every list
    objects,  ///< optionals that are objects, without anything optional in them; every list
    none,     ///< no optional, no element
};

template <class T>
void fill(T& value, Fill how);

template <class T>
void fill_one(std::optional<T>& value, Fill how) {
    const bool object = std::is_aggregate_v<T>;
    if (how == Fill::none || (how == Fill::objects && !object)) return;
    fill(value.emplace(), how == Fill::objects ? Fill::none : how);
}

template <class T>
void fill_one(std::vector<T>& value, Fill how) {
    if (how != Fill::none) fill(value.emplace_back(), how);
}

template <class T>
void fill_one(T& value, Fill how) {
    if constexpr (std::is_same_v<T, std::string>) {
        value = how == Fill::none ? "" : "x";
    } else if constexpr (std::is_same_v<T, Secret<>>) {
        value = Secret<>(how == Fill::none ? "" : "x");
    } else if constexpr (std::is_same_v<T, bool>) {
        value = how != Fill::none;
    } else if constexpr (std::is_integral_v<T>) {
        value = 1;
    } else if constexpr (std::is_aggregate_v<T>) {
        boost::pfr::for_each_field(value, [how](auto& field) { fill(field, how); });
    }  // words and times stay as they are: they have no empty value
}

template <class T>
void fill(T& value, Fill how) {
    fill_one(value, how);
}

template <class T>
T filled(Fill how = Fill::all) {
    T value{};
    fill(value, how);
    return value;
}

}  // namespace memdb::support
