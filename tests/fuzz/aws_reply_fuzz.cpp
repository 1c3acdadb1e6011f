// Every reader of the aws program's answers: the first byte chooses one, the rest is the answer.
#include "client/aws/aws_error.hpp"
#include "client/aws/replies.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace memdb::client::aws;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 23) {
        case 0: (void)parse_cluster(text); break;
        case 1: (void)parse_subnet_group(text); break;
        case 2: (void)parse_subnets(text); break;
        case 3: (void)parse_vpc(text); break;
        case 4: (void)parse_route_tables(text); break;
        case 5: (void)parse_groups(text, "demo"); break;
        case 6: (void)parse_group_rules(text, "demo"); break;
        case 7: (void)parse_interfaces(text); break;
        case 8: (void)parse_endpoints(text, "demo"); break;
        case 9: (void)parse_associations(text); break;
        case 10: (void)parse_authorization_rules(text); break;
        case 11: (void)parse_routes(text); break;
        case 12: (void)parse_endpoint_crl(text); break;
        case 13: (void)parse_connections(text); break;
        case 14: (void)parse_client_configuration(text); break;
        case 15: (void)parse_certificates(text); break;
        case 16: (void)parse_certificate(text, "arn:x"); break;
        case 17: (void)log_line(text); break;
        case 18: (void)has_log_group(text, "/vpn/demo"); break;
        case 19: {
            const std::string line = aws_error_text(read_aws_error(text), "ec2", "");
            if (line.empty()) __builtin_trap();
            break;
        }
        case 20: (void)parse_revoked_serials(text); break;
        case 21: (void)parse_log_messages(text); break;
        default: (void)parse_made(text, "ClientVpnEndpointId");
    }
    return 0;
}
