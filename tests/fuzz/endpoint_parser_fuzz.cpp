// Any bytes as the small things that people, DNS answers and servers name: endpoints, hosts, addresses, networks, DNS
// servers, profiles, users, regions, places of passwords. What is taken reads back the same; what is not gives a reason
// that a terminal can show.
#include "base/dns_address.hpp"
#include "config/endpoint_parser.hpp"
#include "config/iam_policy.hpp"
#include "config/password_source.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace memdb;
using namespace memdb::config;

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

void one_line(const Failure& failure) {
    must(!failure.message.empty());
    must(std::ranges::none_of(failure.message, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }));
}

void read_endpoint(std::string_view text) {
    const auto endpoint = parse_endpoint(text, 6379);
    if (!endpoint) return one_line(endpoint.error());
    must(endpoint->port != 0 && !endpoint->host.empty() && endpoint->host.size() <= 253);
    must(*parse_host(endpoint->host) == endpoint->host);
    const bool bare = is_ipv6(endpoint->host);
    const std::string written =
        (bare ? "[" + endpoint->host + "]" : endpoint->host) + ":" + std::to_string(endpoint->port);
    must(*parse_endpoint(written, 1) == *endpoint);
    if (const auto iam = iam_name_of(endpoint->host)) must(judge_iam_name(endpoint->host, "", "").has_value());
}

void read_addresses(std::string_view text) {
    if (const auto address = parse_address(text)) {
        must(parse_address(to_string(*address)) == address);
        must(parse_host(to_string(*address)).has_value() && is_address(to_string(*address)));
        (void)is_loopback(*address);
        (void)is_loopback_or_link_local(*address);
        (void)prefix_of_mask(*address);
        (void)to_string(DnsServer{*address, 5353});
    }
    const auto network = parse_network(text);
    if (!network) return;
    must(parse_network(to_string(*network)) == network);
    must(network_of(network->address, network->prefix) == *network);
    must(contains(*network, network->address) && overlaps(*network, *network));
}

void read_names(std::string_view text) {
    if (const auto name = check_profile_name(text); !name)
        one_line(name.error());
    else
        must(text.size() <= 64 && text.find('/') == std::string_view::npos && text != "." && text != "..");
    if (const auto user = check_user(text); !user) one_line(user.error());
    if (const auto port = parse_port(text)) must(*port != 0);
    const auto source = parse_password_source(text);
    if (!source) return one_line(source.error());
    must(*parse_password_source(to_string(*source)) == *source);
    if (source->place == PasswordPlace::credential) must(source->name.find('/') == std::string::npos);
    (void)path_of(*source, "/run/credentials/memdbd.service");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_endpoint(text);
    read_addresses(text);
    read_names(text);
    (void)judge_iam_name("demo.test", text.substr(0, size / 2), text.substr(size / 2));
    return 0;
}
