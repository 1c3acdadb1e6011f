// Any bytes as certificates: what is accepted is written and read back the same, and can be judged in every way.
#include "keys/certificate.hpp"
#include "keys/chain_policy.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace memdb::keys;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(bytes, bytes + size);
    const memdb::WallTime now = kProjectBegan;
    (void)check_client_credential(text, memdb::Secret<>(text), now);
    const auto certificates = read_certificates(text, "it");
    if (!certificates) {
        if (certificates.error().message.empty()) std::abort();
        return 0;
    }
    for (const Certificate& each : *certificates) {
        const auto again = read_certificates(each.pem, "it");
        if ((!again && each.pem.size() <= kPemSizeLimit) || (again && again->front().info != each.info)) std::abort();
        const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
        for (const std::string* shown :
             {&each.info.subject, &each.info.common_name, &each.info.issuer, &each.info.serial})
            if (!std::ranges::all_of(*shown, printable)) std::abort();
        if ((state_of(each.info, now) == CredentialState::unusable) != flaw_of(each.info).has_value()) std::abort();
        (void)days_left(each.info, now);
        (void)date_text(each.info.not_after);
    }
    (void)certain_past(*certificates, std::nullopt);
    (void)verify_chain(*certificates, *certificates, now);
    return 0;
}
