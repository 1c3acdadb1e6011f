// A fuzzer's bytes as a story for a pure machine: rows of four bytes, each an event, when it comes, and what it
// carries.
//
// Include it in one fuzzer of a machine: it brings the mutator, which works on whole rows. A row is
//   what  which alternative of the event        when  how much later than the row before, see moment_of()
//   a, b  whatever the event carries: of few bytes, so that every plausible value and some nonsense is near
#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace memdb::fuzz {

inline constexpr std::size_t kRow = 4;

struct Row {
    std::uint8_t what = 0, when = 0, a = 0, b = 0;

    /// One of `all`, by `byte`.
    template <class List>
    [[nodiscard]] static const auto& of(const List& all, unsigned byte) {
        return all[byte % std::size(all)];
    }
    [[nodiscard]] static bool bit(unsigned byte, unsigned number) { return (byte >> number & 1U) != 0; }
};

/// Calls `visit(row)` for each whole row.
template <class Visit>
void for_each_row(const std::uint8_t* data, std::size_t size, Visit visit) {
    for (std::size_t at = 0; at + kRow <= size; at += kRow)
        visit(Row{data[at], data[at + 1], data[at + 2], data[at + 3]});
}

/// When a row happens. Time never goes back, and often it is a deadline that was waited for.
inline TimePoint moment_of(std::uint8_t when, TimePoint now, std::optional<TimePoint> deadline) {
    constexpr Duration kLater[] = {0ms, 1ms, 10ms, 50ms, 100ms, 300ms, 500ms, 700ms, 1s, 1500ms, 2s,       3s,
                                   5s,  8s,  15s,  30s,  60s,   90s,   5min,  10min, 1h, 12h,    24h * 400};
    switch (when % 32) {
        case 28: return std::max(now, deadline.value_or(now) - 1ms);
        case 29: return std::max(now, deadline.value_or(now) + 1ms);
        case 30:
        case 31: return std::max(now, deadline.value_or(now));
        default: return now + Row::of(kLater, when % 32);
    }
}

/// The alternative number `what` of an event. `fill(event, row)` is called for those that carry something, so a new
/// one does not compile before the fuzzer knows it.
template <class Event, class Fill, std::size_t... I>
Event event_of(const Row& row, Fill fill, std::index_sequence<I...>) {
    Event event;
    const std::size_t number = row.what % sizeof...(I);
    (void)((I == number && (event.template emplace<I>(), true)) || ...);
    std::visit(
        [&](auto& each) {
            if constexpr (!std::is_empty_v<std::remove_reference_t<decltype(each)>>) fill(each, row);
        },
        event);
    return event;
}
template <class Event, class Fill>
Event event_of(const Row& row, Fill fill) {
    return event_of<Event>(row, fill, std::make_index_sequence<std::variant_size_v<Event>>{});
}

/// What happened last, for whoever has to understand a finding.
class Trail {
  public:
    void add(std::string_view event, std::string_view why) { lines_[count_++ % lines_.size()] = {event, why}; }

    /// Prints `broken` and what led there, and ends the process, unless it is empty.
    void expect(const std::string& broken) const {
        if (broken.empty()) return;
        const std::size_t first = count_ > lines_.size() ? count_ - lines_.size() : 0;
        for (std::size_t i = first; i < count_; ++i) {
            const auto& [event, why] = lines_[i % lines_.size()];
            std::fprintf(stderr, "%zu %.*s: %.*s\n", i, static_cast<int>(event.size()), event.data(),
                         static_cast<int>(why.size()), why.data());
        }
        std::fprintf(stderr, "broken: %s\n", broken.c_str());
        std::abort();
    }
    void expect(bool holds, std::string_view what) const {
        if (!holds) expect(std::string(what));
    }

  private:
    std::array<std::pair<std::string_view, std::string_view>, 24> lines_;
    std::size_t count_ = 0;
};

}  // namespace memdb::fuzz

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION  // libFuzzer, not the replay of a corpus
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t limit);

/// libFuzzer's own mutations, and four that keep the rows whole: one goes, one comes, one is repeated, two change
/// places.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t limit, unsigned seed) {
    using memdb::fuzz::kRow;
    const std::size_t rows = size / kRow;
    const auto row = [&](unsigned number) { return data + number % rows * kRow; };
    const unsigned chosen = seed % 8, one = seed / 8 % 4093, other = seed / 8 / 4093 % 4093;
    if (chosen >= 4 || rows == 0) return LLVMFuzzerMutate(data, size, limit);
    size = rows * kRow;
    std::uint8_t* const at = row(one);
    const auto behind = static_cast<std::size_t>(data + size - at);
    if (chosen == 0 && rows > 1) {
        std::memmove(at, at + kRow, behind - kRow);
        return size - kRow;
    }
    if (chosen == 1) {
        std::uint8_t copy[kRow];
        std::memcpy(copy, at, kRow);
        std::memcpy(at, row(other), kRow);
        std::memcpy(row(other), copy, kRow);
        return size;
    }
    if (size + kRow > limit) return LLVMFuzzerMutate(data, size, limit);
    std::uint8_t fresh[kRow];
    std::memcpy(fresh, row(other), kRow);
    if (chosen == 3) (void)LLVMFuzzerMutate(fresh, kRow, kRow);
    std::memmove(at + kRow, at, behind);
    std::memcpy(at, fresh, kRow);
    return size + kRow;
}
#endif
