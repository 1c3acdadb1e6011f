// Secret<T>: a private key, a password. Cannot be printed, is wiped when it goes.
//
// There is no formatter, no operator<<, no comparison, no implicit conversion: `log->info("{}", secret)` does not
// compile. reveal() is the one way in, and is easy to grep for. Never put the revealed bytes into argv, environment,
// logs or replies.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace memdb {

/// Overwrites all memory of `bytes` in a way the compiler may not remove: also what lies behind its end, for a string
/// that was moved from or cut still has its text there.
inline void wipe(std::string& bytes) noexcept {
    bytes.resize(bytes.capacity());  // within the capacity: allocates nothing
    volatile char* at = bytes.data();
    for (std::size_t i = 0; i < bytes.size(); ++i) at[i] = '\0';
    bytes.clear();
}

/// Owns a secret value; T must be std::string-like enough for wipe(T&).
template <class T = std::string>
class Secret {
  public:
    Secret() = default;
    /// A short text is copied, not moved: what is left of it is wiped.
    explicit Secret(T value) : value_(std::move(value)) { wipe(value); }
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { wipe(other.value_); }
    Secret& operator=(const Secret& other) {
        if (this != &other) {
            wipe(value_);
            value_ = other.value_;
        }
        return *this;
    }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe(value_);
            value_ = std::move(other.value_);
            wipe(other.value_);
        }
        return *this;
    }
    ~Secret() { wipe(value_); }

    /// The value itself. Ownership stays here; do not keep a copy longer than the call that needs it.
    [[nodiscard]] const T& reveal() const noexcept { return value_; }
    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

  private:
    T value_{};
};

}  // namespace memdb
