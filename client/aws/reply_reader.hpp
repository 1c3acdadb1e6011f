// What the reply_*.cpp files share: an answer as Fields, ids, tags, networks. Not for others.
#pragma once

#include "client/aws/replies.hpp"
#include "control/api_fields.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace memdb::client::aws {

using control::Fields;

/// Calls `each(Fields&)` for the answer as a whole.
template <class Each>
Result<void> read_reply(std::string_view json, Each each) {
    const auto value = control::parse_json(json, kReplyLimit);
    control::Trouble trouble;
    if (value.has_error()) {
        trouble = value.error();
    } else {
        Fields fields(*value, "", trouble);
        if (!trouble) each(fields);
    }
    if (trouble) return std::move(*trouble).during("the answer of aws");
    return boost::system::in_place_value;
}

/// A list of objects as a Result: `each(Fields&, T&)`.
template <class T, class Each>
Result<std::vector<T>> read_items(std::string_view json, std::string_view key, Each each) {
    std::vector<T> items;
    const auto done = read_reply(json, [&](Fields& f) { f.read_list(key, items, each, kReplyItems); });
    if (done.has_error()) return done.error();
    return items;
}

/// Whether `text` may stand on a command line where an id is meant.
bool is_id(std::string_view text) noexcept;

/// A required id.
void read_id(Fields& f, std::string_view key, std::string& out);
/// An id that may be absent or empty.
void read_optional_id(Fields& f, std::string_view key, std::string& out);
/// A network that may be absent; anything but IPv4 is skipped.
std::optional<IpNetwork> read_network(Fields& f, std::string_view key);
/// Whether the list of {Key, Value} under `key` holds kTag with `cluster`.
bool read_tag(Fields& f, std::string_view key, std::string_view cluster);
/// "State": {"Code": …, "Message": …}, as Client VPN has them.
void read_state(Fields& f, std::string_view key, std::string& code, std::string& message);

}  // namespace memdb::client::aws
