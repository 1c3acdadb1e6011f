// An allocator that overwrites memory before giving it back: for buffers that a private key passes through.
#pragma once

#include <cstddef>
#include <memory>

namespace memdb::control {

template <class T>
struct WipingAllocator {
    using value_type = T;

    WipingAllocator() = default;
    template <class U>
    WipingAllocator(const WipingAllocator<U>&) noexcept {}

    T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
    void deallocate(T* at, std::size_t count) noexcept {
        volatile unsigned char* bytes = reinterpret_cast<unsigned char*>(at);
        for (std::size_t i = 0; i < count * sizeof(T); ++i) bytes[i] = 0;
        std::allocator<T>{}.deallocate(at, count);
    }
    template <class U>
    bool operator==(const WipingAllocator<U>&) const noexcept {
        return true;
    }
};

}  // namespace memdb::control
