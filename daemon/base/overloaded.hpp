// One lambda per alternative for std::visit: a new alternative does not compile until it is handled.
#pragma once

namespace memdb {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace memdb
