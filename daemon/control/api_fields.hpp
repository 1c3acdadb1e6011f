// Reads the fields of JSON objects into plain values; for the api_* and event files, and host_footprint.
//
// The first failure sticks in the Trouble shared by a tree of readers; later reads do nothing. Messages name the path
// of the field and what was expected, never the value: it may be a secret or an attack on a terminal.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memdb::control {

namespace json = boost::json;

inline constexpr std::size_t kItemLimit = 16384;      ///< elements of one list: as many as there are slots
inline constexpr std::size_t kTextLimit = 64 * 1024;  ///< bytes of one text

/// A strict parse with little depth. Errc::malformed with the offset, Errc::too_large above `limit` bytes.
Result<json::value> parse_json(std::string_view text, std::size_t limit, const json::storage_ptr& memory = {});

/// The first failure of a tree of readers.
using Trouble = std::optional<Failure>;

class Fields {
  public:
    /// `trouble` must outlive the reader. A value that is no object is a failure unless `where` already failed.
    Fields(const json::value& value, std::string where, Trouble& trouble);

    /// Required fields.
    void read(std::string_view key, std::string& out, std::size_t limit = kTextLimit);
    void read(std::string_view key, WallTime& out);
    void read_bool(std::string_view key, bool& out);
    template <class Int>
    void read_number(std::string_view key, Int& out) {
        if (const json::value* found = required(key)) number(key, *found, out);
    }
    /// A word of a closed set; `parse` turns it into std::optional<T>.
    template <class T, class Parse>
    void read_word(std::string_view key, T& out, Parse parse) {
        std::string word;
        read(key, word, 64);
        if (trouble_) return;
        if (const auto known = parse(word))
            out = *known;
        else
            fail(key, "a word that this version does not know");
    }

    /// Optional fields: absent or null leaves `out` as it is.
    void read(std::string_view key, std::optional<std::string>& out);
    void read(std::string_view key, std::optional<WallTime>& out);
    void read_optional(std::string_view key, std::string& out, std::size_t limit = kTextLimit);
    void read_flag(std::string_view key, bool& out);
    template <class Int>
    void read_number(std::string_view key, std::optional<Int>& out) {
        const json::value* found = optional(key);
        if (found == nullptr) return;
        Int value{};
        if (number(key, *found, value)) out = value;
    }

    /// Calls `each(Fields&, T&)` for every element of the list; absent is empty. At most `limit` elements.
    template <class T, class Each>
    void read_list(std::string_view key, std::vector<T>& out, Each each, std::size_t limit = kItemLimit) {
        const json::array* list = array(key, limit);
        if (list == nullptr) return;
        out.reserve(list->size());
        for (std::size_t i = 0; i < list->size() && !trouble_; ++i) {
            Fields item((*list)[i], path(key) + "[" + std::to_string(i) + "]", trouble_);
            each(item, out.emplace_back());
        }
    }
    void read_list(std::string_view key, std::vector<std::string>& out, std::size_t limit = 256);

    /// Calls `each(Fields&)` when the object is there.
    template <class Each>
    void read_object(std::string_view key, Each each) {
        if (const json::value* found = optional(key)) {
            Fields inner(*found, path(key), trouble_);
            if (!trouble_) each(inner);
        }
    }

    [[nodiscard]] bool has(std::string_view key) const;
    /// Fails when the object has a field that is not in `known`.
    void only(std::initializer_list<std::string_view> known);
    void fail(std::string_view key, std::string_view expected);
    [[nodiscard]] bool failed() const { return trouble_.has_value(); }

  private:
    const json::value* optional(std::string_view key) const;
    const json::value* required(std::string_view key);
    const json::array* array(std::string_view key, std::size_t limit);
    bool text(std::string_view key, const json::value& value, std::string& out, std::size_t limit);
    [[nodiscard]] std::string path(std::string_view key) const;

    template <class Int>
    bool number(std::string_view key, const json::value& value, Int& out) {
        if (value.is_int64() && std::in_range<Int>(value.get_int64()))
            out = static_cast<Int>(value.get_int64());
        else if (value.is_uint64() && std::in_range<Int>(value.get_uint64()))
            out = static_cast<Int>(value.get_uint64());
        else {
            fail(key, "whole number expected");
            return false;
        }
        return true;
    }

    const json::object* object_ = nullptr;
    std::string where_;
    Trouble& trouble_;
};

/// A whole text as T: `read(Fields&, T&)` is given its object. The first failure of parse_json() or of a field.
template <class T, class Read>
Result<T> parse_whole(std::string_view text, std::size_t limit, Read read, const json::storage_ptr& memory = {}) {
    const auto value = parse_json(text, limit, memory);
    if (value.has_error()) return value.error();
    Trouble trouble;
    T out{};
    Fields top(*value, "", trouble);
    read(top, out);
    if (trouble) return *trouble;
    return out;
}

}  // namespace memdb::control
