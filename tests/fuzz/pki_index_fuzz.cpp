// Any bytes as easy-rsa's index.txt: what is read holds what its header promises, and nothing for a terminal to act on.
#include "client/pki/index_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace memdb::client::pki;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(bytes, bytes + size);
    const auto entries = parse_index(text);
    if (entries.has_error()) return entries.error().message.empty() ? std::abort(), 0 : 0;
    for (const IndexEntry& entry : *entries) {
        if (entry.serial.empty() || entry.serial.find_first_not_of("0123456789ABCDEF") != std::string::npos)
            std::abort();
        if (entry.revoked_at.has_value() != (entry.status == CertificateStatus::revoked)) std::abort();
        if (std::any_of(entry.subject.begin(), entry.subject.end(), [](char c) { return c >= 0 && c < 0x20; }))
            std::abort();
        if (find_serial(*entries, entry.serial) == nullptr) std::abort();
        const IndexEntry* in_force = find_in_force(*entries, entry.common_name);
        if (entry.status != CertificateStatus::revoked && in_force == nullptr) std::abort();
    }
    return 0;
}
