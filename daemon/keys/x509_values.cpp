#include "keys/x509_values.hpp"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <chrono>
#include <ctime>

namespace memdb::keys {
namespace {

constexpr std::size_t kNameLimit = 512;

using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;

}  // namespace

BioPtr memory_of(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string text_of(BIO* memory) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    return size <= 0 ? std::string{} : std::string(bytes, static_cast<std::size_t>(size));
}

std::string name_text(const X509_NAME* name) {
    const BioPtr memory(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253);  // escapes control and 8-bit characters
    return text_of(memory.get()).substr(0, kNameLimit);
}

std::string number_text(const ASN1_INTEGER* number) {
    if (number == nullptr) return {};
    const BignumPtr value(ASN1_INTEGER_to_BN(number, nullptr));
    char* hex = value ? BN_bn2hex(value.get()) : nullptr;
    std::string text = hex == nullptr ? "" : hex;
    OPENSSL_free(hex);
    return text;
}

std::optional<WallTime> wall_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    using namespace std::chrono;
    const auto date = year{parts.tm_year + 1900} / (parts.tm_mon + 1) / parts.tm_mday;
    const auto seconds_of_day = hours{parts.tm_hour} + minutes{parts.tm_min} + seconds{parts.tm_sec};
    return WallTime{sys_days{date}.time_since_epoch() + seconds_of_day};
}

int no_passphrase(char*, int, int, void*) { return -1; }

X509Ptr parse_certificate(std::string_view pem) {
    const BioPtr memory = memory_of(pem);
    X509Ptr certificate(PEM_read_bio_X509(memory.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    return certificate;
}

}  // namespace memdb::keys
