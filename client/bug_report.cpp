#include "client/bug_report.hpp"

#include "client/text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace memdb::client {
namespace {

namespace json = boost::json;

constexpr std::string_view kPreface =
    "Read it before you send it. Private keys, passwords and tokens are never in what the agent tells; what looks\n"
    "like one is taken out once more. User names, home folders, names of people in certificates, this machine's name\n"
    "and public addresses are replaced. Names of profiles, endpoints, clusters and nodes, private addresses, and\n"
    "certificates' issuers, serials and dates are left in: the fault may be there.\n";

template <class Each>
void for_each_line(std::string_view text, Each each) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        each(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

bool is_flat(const json::value& value) {
    if (const auto* list = value.if_array())
        return std::ranges::all_of(*list, [](const json::value& v) { return !v.is_structured(); });
    if (const auto* object = value.if_object())
        return object->size() <= 6 && std::ranges::all_of(*object, [](const auto& field) {
                   return !field.value().is_structured() && !field.value().is_string();
               });
    return true;
}

/// Depth is bounded by the parser's.
void write(std::string& out, const json::value& value, std::size_t indent) {
    if (is_flat(value)) {
        out += json::serialize(value);
        return;
    }
    const std::string inner(indent + 2, ' ');
    bool first = true;
    const auto next = [&] {
        out += first ? "\n" : ",\n";
        first = false;
        out += inner;
    };
    if (const auto* list = value.if_array()) {
        out += "[";
        for (const json::value& item : *list) {
            next();
            write(out, item, indent + 2);
        }
        out += "\n" + std::string(indent, ' ') + "]";
        return;
    }
    out += "{";
    for (const auto& field : value.get_object()) {
        next();
        out += json::serialize(json::value(field.key())) + ": ";
        write(out, field.value(), indent + 2);
    }
    out += "\n" + std::string(indent, ' ') + "}";
}

/// "client1" of "C=DE, CN=client1".
std::string common_name(const std::string& subject) {
    const std::size_t at = subject.rfind("CN=");
    if (at == std::string::npos) return subject;
    return subject.substr(at + 3, subject.find(',', at) - at - 3);
}

void section(std::string& out, std::string_view title, std::string_view text) {
    out += "\n== ";
    out += title;
    out += "\n";
    for_each_line(text, [&](std::string_view line) { out += clean(line, false) + "\n"; });
}

}  // namespace

std::string bare_settings(std::string_view toml) {
    std::string out;
    for_each_line(toml, [&](std::string_view line) {
        const std::size_t begin = line.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos || line[begin] == '#') return;
        out.append(line).append("\n");
    });
    return out;
}

std::string pretty_json(std::string_view text) {
    boost::system::error_code error;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error) return std::string(text);
    std::string out;
    write(out, value, 0);
    return out;
}

std::vector<std::string> persons_in(const control::Snapshot& snapshot) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        const bool known = std::ranges::find(names, name) != names.end();
        if (!name.empty() && !known && find_profile(snapshot, name) == nullptr) names.push_back(name);
    };
    for (const auto& profile : snapshot.profiles) {
        for (const auto& cluster : profile.clusters) add(cluster.user.value_or(""));
        if (profile.credential) add(common_name(profile.credential->subject));
        if (profile.rotation) add(profile.rotation->common_name);
    }
    return names;
}

std::string report_text(const BugReport& report, const RedactedNames& names) {
    std::string out;
    section(out, "versions", report.versions);
    section(out, "settings", report.settings);
    section(out, "snapshot", report.snapshot);
    section(out, "history", report.history);
    section(out, "log", report.log);
    Redaction redaction(names);
    return "memdbctl bugreport, made at " + report.made_at + "\n\n" + std::string(kPreface) + redaction.apply(out);
}

}  // namespace memdb::client
