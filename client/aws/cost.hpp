// What an endpoint costs a month: the two meters that AWS runs. Pure.
#pragma once

#include <cstddef>

namespace memdb::client::aws {

/// US dollars; the defaults are us-east-1's in 2026, other regions differ: see AWS's VPN pricing page.
struct Prices {
    double association_hour = 0.10;
    double connection_hour = 0.05;
};

inline constexpr double kHoursOfMonth = 730;

struct Cost {
    double associations = 0;     ///< a month, whether anybody is connected or not
    double connections = 0;      ///< a month, if as many as now stay connected all the time
    double connection_hour = 0;  ///< one more, for an hour
};

inline Cost cost_of(std::size_t associations, std::size_t connections, const Prices& prices) {
    return {static_cast<double>(associations) * prices.association_hour * kHoursOfMonth,
            static_cast<double>(connections) * prices.connection_hour * kHoursOfMonth, prices.connection_hour};
}

}  // namespace memdb::client::aws
