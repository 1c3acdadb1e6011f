#include "control/api_fields.hpp"

#include "control/api_time.hpp"

#include <algorithm>

namespace memdb::control {

Result<json::value> parse_json(std::string_view text, std::size_t limit, const json::storage_ptr& memory) {
    if (text.size() > limit) return Failure{Errc::too_large, "more than " + std::to_string(limit) + " bytes of JSON"};
    json::parse_options options;
    options.max_depth = 16;
    // The parser's own stack uses `memory` too: a secret's text passes through it.
    json::stream_parser parser(memory, options);
    parser.reset(memory);
    json::error_code error;
    const std::size_t used = parser.write(text.data(), text.size(), error);
    if (!error) parser.finish(error);
    if (error) return Failure{Errc::malformed, "not JSON at byte " + std::to_string(used) + ": " + error.message()};
    return parser.release();
}

Fields::Fields(const json::value& value, std::string where, Trouble& trouble)
    : where_(std::move(where)), trouble_(trouble) {
    if (trouble_) return;
    object_ = value.if_object();
    if (object_ == nullptr) fail("", "object expected");
}

std::string Fields::path(std::string_view key) const {
    if (where_.empty()) return std::string(key);
    return key.empty() ? where_ : where_ + "." + std::string(key);
}

void Fields::fail(std::string_view key, std::string_view expected) {
    if (trouble_) return;
    const std::string field = path(key);
    trouble_ = Failure{Errc::malformed, (field.empty() ? "" : field + ": ") + std::string(expected)};
}

const json::value* Fields::optional(std::string_view key) const {
    if (trouble_ || object_ == nullptr) return nullptr;
    const json::value* found = object_->if_contains(key);
    return found == nullptr || found->is_null() ? nullptr : found;
}

const json::value* Fields::required(std::string_view key) {
    const json::value* found = optional(key);
    if (found == nullptr) fail(key, "missing");
    return found;
}

bool Fields::has(std::string_view key) const { return optional(key) != nullptr; }

bool Fields::text(std::string_view key, const json::value& value, std::string& out, std::size_t limit) {
    const json::string* found = value.if_string();
    if (found == nullptr) {
        fail(key, "text expected");
        return false;
    }
    if (found->size() > limit) {
        fail(key, "longer than " + std::to_string(limit) + " bytes");
        return false;
    }
    out.assign(found->data(), found->size());
    return true;
}

void Fields::read(std::string_view key, std::string& out, std::size_t limit) {
    if (const json::value* found = required(key)) text(key, *found, out, limit);
}

void Fields::read_optional(std::string_view key, std::string& out, std::size_t limit) {
    if (const json::value* found = optional(key)) text(key, *found, out, limit);
}

void Fields::read_flag(std::string_view key, bool& out) {
    const json::value* found = optional(key);
    if (found == nullptr) return;
    if (const bool* flag = found->if_bool())
        out = *flag;
    else
        fail(key, "true or false expected");
}

void Fields::read(std::string_view key, std::optional<std::string>& out) {
    const json::value* found = optional(key);
    if (found == nullptr) return;
    std::string value;
    if (text(key, *found, value, kTextLimit)) out = std::move(value);
}

void Fields::read(std::string_view key, WallTime& out) {
    std::string value;
    read(key, value, 64);
    if (trouble_) return;
    if (const auto time = parse_time(value))
        out = *time;
    else
        fail(key, "RFC 3339 time in UTC expected");
}

void Fields::read_bool(std::string_view key, bool& out) {
    const json::value* found = required(key);
    if (found == nullptr) return;
    if (found->is_bool())
        out = found->get_bool();
    else
        fail(key, "true or false expected");
}

void Fields::read(std::string_view key, std::optional<WallTime>& out) {
    if (!has(key)) return;
    WallTime time{};
    read(key, time);
    if (!trouble_) out = time;
}

const json::array* Fields::array(std::string_view key, std::size_t limit) {
    const json::value* found = optional(key);
    if (found == nullptr) return nullptr;
    const json::array* list = found->if_array();
    if (list == nullptr) {
        fail(key, "list expected");
    } else if (list->size() > limit) {
        fail(key, "more than " + std::to_string(limit) + " elements");
        return nullptr;
    }
    return list;
}

void Fields::read_list(std::string_view key, std::vector<std::string>& out, std::size_t limit) {
    const json::array* list = array(key, limit);
    if (list == nullptr) return;
    for (const json::value& item : *list)
        if (trouble_ || !text(key, item, out.emplace_back(), kTextLimit)) return;
}

void Fields::only(std::initializer_list<std::string_view> known) {
    if (trouble_ || object_ == nullptr) return;
    for (const auto& field : *object_) {
        const std::string_view key(field.key().data(), field.key().size());
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            // The name may come from anybody: shown only when it is a plain word.
            const bool plain = key.size() <= 32 && !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
                                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                          c == '_' || c == '-';
                               });
            fail(plain ? key : "", "unknown field");
            return;
        }
    }
}

}  // namespace memdb::control
