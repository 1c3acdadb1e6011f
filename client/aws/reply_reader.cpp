#include "client/aws/reply_reader.hpp"

namespace memdb::client::aws {

bool is_id(std::string_view text) noexcept {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:/_-";
    return !text.empty() && text.size() <= 512 && text.front() != '-' &&
           text.find_first_not_of(plain) == std::string_view::npos;
}

void read_id(Fields& f, std::string_view key, std::string& out) {
    f.read(key, out, 512);
    if (!f.failed() && !is_id(out)) f.fail(key, "an id is expected");
}

void read_optional_id(Fields& f, std::string_view key, std::string& out) {
    f.read_optional(key, out, 512);
    if (!f.failed() && !out.empty() && !is_id(out)) f.fail(key, "an id is expected");
}

std::optional<IpNetwork> read_network(Fields& f, std::string_view key) {
    std::string text;
    f.read_optional(key, text, 64);
    if (text.empty()) return std::nullopt;
    const auto network = parse_network(text);
    if (!network) f.fail(key, "a network is expected");
    return network && !network->address.is_v6 ? network : std::nullopt;
}

bool read_tag(Fields& f, std::string_view key, std::string_view cluster) {
    struct Tag {
        std::string key, value;
    };
    std::vector<Tag> tags;
    f.read_list(
        key, tags,
        [](Fields& t, Tag& tag) {
            t.read("Key", tag.key, 256);
            t.read_optional("Value", tag.value, 1024);
        },
        256);
    for (const Tag& tag : tags)
        if (tag.key == kTag && tag.value == cluster) return true;
    return false;
}

void read_state(Fields& f, std::string_view key, std::string& code, std::string& message) {
    f.read_object(key, [&](Fields& s) {
        s.read("Code", code, 64);
        s.read_optional("Message", message, 1024);
    });
}

}  // namespace memdb::client::aws
