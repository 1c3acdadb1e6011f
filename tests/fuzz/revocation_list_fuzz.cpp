// Any bytes as a revocation list, PEM or DER: what is accepted is written and read back the same, and can be judged.
#include "keys/revocation_list.hpp"

#include <cstdint>
#include <cstdlib>

using namespace memdb::keys;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto list = read_revocation_list(text);
    if (!list) {
        if (list.error().message.empty() || list.error().message.find('\n') != std::string::npos) std::abort();
        return 0;
    }
    const auto again = read_revocation_list(list->pem);
    if ((!again && list->pem.size() <= kCrlSizeLimit) || (again && *again != *list)) std::abort();
    if (list->entries.size() > kCrlEntryLimit || is_signed_by(*list, {})) std::abort();
    CertificateInfo own;
    own.issuer = list->issuer;
    for (const Revocation& entry : list->entries) {
        own.serial = entry.serial;
        if (!find_revocation(*list, own)) std::abort();
    }
    (void)judge_revocation_list(text, {{}, &own, &*list});
    return 0;
}
