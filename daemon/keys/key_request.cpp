#include "keys/key_request.hpp"

#include "keys/x509_values.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

namespace memdb::keys {
namespace {

constexpr unsigned kKeyBits = 2048;
constexpr std::size_t kCommonNameLimit = 64;  // ub-common-name, RFC 5280
constexpr unsigned kSameDayLimit = 1000;

using RequestPtr = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;

Failure failed(std::string_view what) {
    ERR_clear_error();  // OpenSSL's queue must not reach the next caller
    return {Errc::internal, fmt::format("OpenSSL cannot {}", what)};
}

/// PKCS#8, not encrypted; empty when OpenSSL cannot.
Secret<> key_text(EVP_PKEY* key) {
    const BioPtr memory(BIO_new(BIO_s_secmem()));
    if (PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) return Secret<>{};
    return Secret<>(text_of(memory.get()));
}

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "laptop-20260101-2" -> "laptop".
std::string_view without_generation(std::string_view name) {
    const auto cut = [&](std::size_t shortest, std::size_t longest) {
        const auto dash = name.rfind('-');
        if (dash == std::string_view::npos || dash == 0) return false;
        const std::string_view tail = name.substr(dash + 1);
        if (!is_digits(tail) || tail.size() < shortest || tail.size() > longest) return false;
        name = name.substr(0, dash);
        return true;
    };
    const std::string_view whole = name;
    if (cut(8, 8)) return name;               // -YYYYMMDD
    if (cut(1, 4) && cut(8, 8)) return name;  // -YYYYMMDD-N
    return whole;
}

std::optional<unsigned> number_of(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// 1 for `today`, N for `today`-N, kSameDayLimit for another number; 0: a name of another day or client.
unsigned number_of_today(std::string_view name, std::string_view today) {
    if (!name.starts_with(today)) return 0;
    const std::string_view rest = name.substr(today.size());
    if (rest.empty()) return 1;
    if (rest.front() != '-') return 0;
    return std::min(number_of(rest.substr(1)).value_or(kSameDayLimit), kSameDayLimit);
}

}  // namespace

Result<KeyRequest> make_key_request(std::string_view common_name) {
    const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
    if (common_name.empty() || common_name.size() > kCommonNameLimit ||
        !std::all_of(common_name.begin(), common_name.end(), printable))
        return Failure{Errc::bad_input, "a common name has 1 to 64 printable characters"};

    const KeyPtr key(EVP_RSA_gen(kKeyBits));
    if (!key) return failed("make an RSA key");
    const RequestPtr request(X509_REQ_new());
    X509_NAME* const subject = request ? X509_REQ_get_subject_name(request.get()) : nullptr;
    const auto* const name = reinterpret_cast<const unsigned char*>(common_name.data());
    const bool made = subject != nullptr && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                      X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC, name,
                                                 static_cast<int>(common_name.size()), -1, 0) == 1 &&
                      X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
    if (!made) return failed("make a certificate request");
    const BioPtr memory(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_X509_REQ(memory.get(), request.get()) != 1) return failed("write a certificate request");

    KeyRequest result{key_text(key.get()), text_of(memory.get())};
    if (result.key_pem.empty()) return failed("write an RSA key");
    return result;
}

bool is_request_of(std::string_view csr_pem, const Secret<>& key_pem) {
    const BioPtr csr_memory = memory_of(csr_pem);
    const BioPtr key_memory = memory_of(key_pem.reveal());
    const RequestPtr request(PEM_read_bio_X509_REQ(csr_memory.get(), nullptr, no_passphrase, nullptr));
    const KeyPtr key(PEM_read_bio_PrivateKey(key_memory.get(), nullptr, no_passphrase, nullptr));
    const bool belongs = request && key && X509_REQ_check_private_key(request.get(), key.get()) == 1 &&
                         X509_REQ_verify(request.get(), key.get()) == 1;
    ERR_clear_error();
    return belongs;
}

std::string next_common_name(std::string_view present, std::string_view date, std::span<const std::string> asked) {
    std::string base(without_generation(present));
    for (char& c : base) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                           c == '-' || c == '_';
        if (!plain) c = '-';
    }
    // A name that begins with a dash or a dot would be an option or a hidden file to who signs it.
    base.erase(0, std::min(base.find_first_not_of("-."), base.size()));
    base.resize(std::min(base.size(), kCommonNameLimit - date.size() - std::string_view("--999").size()));
    if (base.empty()) base = "client";
    std::string today = base + "-" + std::string(date);
    unsigned last = number_of_today(present, today);
    for (const std::string& name : asked) last = std::max(last, number_of_today(name, today));
    if (last == 0) return today;
    return last < kSameDayLimit - 1 ? fmt::format("{}-{}", today, last + 1) : today;
}

}  // namespace memdb::keys
