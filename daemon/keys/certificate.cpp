#include "keys/certificate.hpp"

#include "keys/pem_blocks.hpp"
#include "keys/x509_values.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

namespace memdb::keys {
namespace {

constexpr int kRsaBits = 2048;  // AWS documents 1024 and 2048; 1024 is too little
constexpr std::size_t kNameLimit = 512;
constexpr int kUsageLimit = 16;  // words of extended usage that are shown

using UsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, Freed<EXTENDED_KEY_USAGE_free>>;

Failure bad(std::string message) {
    ERR_clear_error();  // OpenSSL's queue must not reach the next caller
    return {Errc::bad_input, std::move(message)};
}

std::string common_name(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) return {};
    const BioPtr memory(BIO_new(BIO_s_mem()));
    ASN1_STRING_print_ex(memory.get(), X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)),
                         ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB | ASN1_STRFLGS_UTF8_CONVERT);
    return text_of(memory.get()).substr(0, kNameLimit);
}

std::string fingerprint_text(const X509* certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02X}", digest[i]);
    return text;
}

std::vector<std::string> key_usage(X509* certificate) {
    struct Word {
        std::uint32_t bit;
        std::string_view word;
    };
    constexpr std::array words = {Word{KU_DIGITAL_SIGNATURE, "digitalSignature"},
                                  Word{KU_NON_REPUDIATION, "nonRepudiation"},
                                  Word{KU_KEY_ENCIPHERMENT, "keyEncipherment"},
                                  Word{KU_DATA_ENCIPHERMENT, "dataEncipherment"},
                                  Word{KU_KEY_AGREEMENT, "keyAgreement"},
                                  Word{KU_KEY_CERT_SIGN, "keyCertSign"},
                                  Word{KU_CRL_SIGN, "cRLSign"},
                                  Word{KU_ENCIPHER_ONLY, "encipherOnly"},
                                  Word{KU_DECIPHER_ONLY, "decipherOnly"}};
    std::vector<std::string> out;
    if ((X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) == 0) return out;
    const std::uint32_t usage = X509_get_key_usage(certificate);
    for (const Word& each : words)
        if ((usage & each.bit) != 0) out.emplace_back(each.word);
    return out;
}

std::string purpose_text(const ASN1_OBJECT* purpose) {
    const int known = OBJ_obj2nid(purpose);
    if (known != NID_undef) return OBJ_nid2sn(known);
    std::array<char, 80> digits{};
    OBJ_obj2txt(digits.data(), static_cast<int>(digits.size()), purpose, 1);
    return digits.data();
}

/// Fills usage and extended usage, and what follows from them.
void describe_usage(X509* certificate, CertificateInfo& info) {
    info.key_usage = key_usage(certificate);
    const bool may_sign = (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0;  // all bits when there is none
    const UsagePtr usage(
        static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
    bool is_client = !usage && X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1) < 0;  // unreadable: no
    for (int i = 0; usage && i < sk_ASN1_OBJECT_num(usage.get()); ++i) {
        const ASN1_OBJECT* const purpose = sk_ASN1_OBJECT_value(usage.get(), i);
        const int known = OBJ_obj2nid(purpose);
        is_client = is_client || known == NID_client_auth || known == NID_anyExtendedKeyUsage;
        if (i < kUsageLimit) info.extended_usage.push_back(purpose_text(purpose));
    }
    info.for_client = may_sign && is_client;
}

KeyType key_type(const EVP_PKEY* key) {
    if (key == nullptr) return KeyType::other;
    const int type = EVP_PKEY_get_base_id(key);
    if (type == EVP_PKEY_RSA) return KeyType::rsa;
    return type == EVP_PKEY_EC ? KeyType::ec : KeyType::other;
}

std::optional<Certificate> describe(X509* certificate) {
    const auto not_before = wall_time(X509_get0_notBefore(certificate));
    const auto not_after = wall_time(X509_get0_notAfter(certificate));
    const BioPtr memory(BIO_new(BIO_s_mem()));
    if (!not_before || !not_after || PEM_write_bio_X509(memory.get(), certificate) != 1) return std::nullopt;
    const EVP_PKEY* key = X509_get0_pubkey(certificate);

    Certificate described;
    described.info.subject = name_text(X509_get_subject_name(certificate));
    described.info.common_name = common_name(X509_get_subject_name(certificate));
    described.info.issuer = name_text(X509_get_issuer_name(certificate));
    described.info.serial = number_text(X509_get0_serialNumber(certificate));
    described.info.not_before = *not_before;
    described.info.not_after = *not_after;
    described.info.key_type = key_type(key);
    described.info.key_bits = key == nullptr ? 0 : EVP_PKEY_get_bits(key);
    described.info.is_ca = X509_check_ca(certificate) > 0;
    describe_usage(certificate, described.info);
    described.info.fingerprint = fingerprint_text(certificate);
    described.pem = text_of(memory.get());
    return described;
}

KeyPtr parse_key(std::string_view pem) {
    const BioPtr memory = memory_of(pem);
    return KeyPtr(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr));
}

Result<KeyPtr> read_key(std::string_view pem) {
    if (pem.find_first_not_of(" \t\r\n") == std::string_view::npos) return bad("the private key is empty");
    if (pem.size() > kPemSizeLimit) return Failure{Errc::too_large, "the private key is too large"};
    const auto blocks = find_pem_blocks(pem);
    const bool has_certificate = std::any_of(blocks.begin(), blocks.end(), is_certificate);
    const auto keys = std::count_if(blocks.begin(), blocks.end(), is_private_key);
    if (keys == 0 && has_certificate) {
        return bad("the private key is a certificate: are certificate and key swapped?");
    }
    if (keys == 0) return bad("the private key is not PEM: it has no -----BEGIN PRIVATE KEY----- line");
    if (keys > 1)
        return bad("the private key's file has more than one key: keep the one that belongs to the certificate");
    const PemBlock block = *std::find_if(blocks.begin(), blocks.end(), is_private_key);
    if (is_encrypted(block)) {
        return bad(
            "the private key is encrypted, and nobody is there to type its passphrase: decrypt it with "
            "`openssl pkey -in KEY -out NEWKEY` and import NEWKEY");
    }
    KeyPtr key = parse_key(block.text);
    if (!key) return bad("the private key is damaged: OpenSSL cannot read it");
    return key;
}

std::string name_of(const CertificateInfo& info) {
    return info.common_name.empty() ? fmt::format("serial {}", info.serial) : info.common_name;
}

/// The one certificate that is no CA's.
Result<std::size_t> find_leaf(const std::vector<Certificate>& certificates) {
    std::optional<std::size_t> leaf;
    for (std::size_t i = 0; i < certificates.size(); ++i) {
        if (certificates[i].info.is_ca) continue;
        if (leaf) {
            return bad(fmt::format("the certificate's file has more than one client certificate ({} and {}): keep one",
                                   name_of(certificates[*leaf].info), name_of(certificates[i].info)));
        }
        leaf = i;
    }
    if (!leaf) {
        return bad(fmt::format("the certificate {} is a CA's: give the client's, issued by it",
                               name_of(certificates.front().info)));
    }
    return *leaf;
}

Result<void> check_dates(const CertificateInfo& info, WallTime certain, WallTime now) {
    if (now >= info.not_after) {
        return bad(fmt::format("the certificate {} expired on {}: issue a new one", info.common_name,
                               date_text(info.not_after)));
    }
    if (now >= info.not_before) return {};
    if (now < certain) {
        return bad(
            fmt::format("the certificate {} is valid from {} only, and this machine's clock is wrong: it says {}, "
                        "which is before {}; set it",
                        info.common_name, date_text(info.not_before, now), date_text(now, info.not_before),
                        date_text(certain, now)));
    }
    return bad(
        fmt::format("the certificate {} is valid from {} only, and this machine's clock says {}: wait, or issue "
                    "it again",
                    info.common_name, date_text(info.not_before, now), date_text(now, info.not_before)));
}

Secret<> key_text(EVP_PKEY* key) {
    const BioPtr memory(BIO_new(BIO_s_secmem()));
    if (PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) return Secret<>{};
    return Secret<>(text_of(memory.get()));
}

}  // namespace

Result<std::vector<Certificate>> read_certificates(std::string_view pem, std::string_view what) {
    if (pem.find_first_not_of(" \t\r\n") == std::string_view::npos) return bad(fmt::format("{} is empty", what));
    if (pem.size() > kPemSizeLimit) return Failure{Errc::too_large, fmt::format("{} is too large", what)};
    const auto blocks = find_pem_blocks(pem);
    const bool has_key = std::any_of(blocks.begin(), blocks.end(), is_private_key);

    std::vector<Certificate> certificates;
    for (const PemBlock& block : blocks) {
        if (!is_certificate(block)) continue;
        if (certificates.size() == kPemBlockLimit) {
            return Failure{Errc::too_large, fmt::format("{} has more than {} certificates", what, kPemBlockLimit)};
        }
        const X509Ptr parsed = parse_certificate(block.text);
        auto described = parsed ? describe(parsed.get()) : std::nullopt;
        if (!described) return bad(fmt::format("{} is damaged: OpenSSL cannot read it", what));
        certificates.push_back(*std::move(described));
    }
    ERR_clear_error();
    if (certificates.empty() && has_key) {
        return bad(fmt::format("{} is a private key: are certificate and key swapped?", what));
    }
    if (certificates.empty()) {
        return bad(fmt::format("{} is not PEM: it has no -----BEGIN CERTIFICATE----- line", what));
    }
    if (has_key) return bad(fmt::format("{} has a private key beside it: give the key apart", what));
    return certificates;
}

Result<Credential> check_client_credential(std::string_view cert_pem, const Secret<>& key_pem, WallTime now) {
    auto certificates = read_certificates(cert_pem, "the certificate");
    if (!certificates) return certificates.error();
    const auto key = read_key(key_pem.reveal());
    if (!key) return key.error();
    const auto leaf = find_leaf(*certificates);
    if (!leaf) return leaf.error();

    const Certificate& own = (*certificates)[*leaf];
    const X509Ptr certificate = parse_certificate(own.pem);
    if (!certificate || X509_check_private_key(certificate.get(), key->get()) != 1) {
        return bad(fmt::format("the private key does not belong to the certificate {}", name_of(own.info)));
    }
    if (const auto flaw = flaw_of(own.info)) return bad(*flaw);
    const auto dates = check_dates(own.info, certain_past(*certificates, std::nullopt), now);
    if (!dates) return dates.error();

    Credential credential{own.info, own.pem, key_text(key->get()), {}};
    if (credential.key_pem.empty()) return Failure{Errc::internal, "the private key cannot be written again"};
    for (std::size_t i = 0; i < certificates->size(); ++i) {
        if (i != *leaf) credential.cert_pem += (*certificates)[i].pem;
    }
    if (state_of(own.info, now) == CredentialState::expiring) {
        credential.warnings.push_back(
            fmt::format("the certificate {} expires on {}", own.info.common_name, date_text(own.info.not_after)));
    }
    return credential;
}

bool key_matches(std::string_view cert_pem, const Secret<>& key_pem) {
    if (cert_pem.size() > kPemSizeLimit || key_pem.reveal().size() > kPemSizeLimit) return false;
    const X509Ptr certificate = parse_certificate(cert_pem);
    const KeyPtr key = parse_key(key_pem.reveal());
    const bool matches = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    return matches;
}

bool is_readable_key(const Secret<>& key_pem) {
    if (key_pem.reveal().size() > kPemSizeLimit) return false;
    const KeyPtr key = parse_key(key_pem.reveal());
    ERR_clear_error();
    return key != nullptr;
}

std::optional<std::string> flaw_of(const CertificateInfo& info) {
    if (info.common_name.empty()) {
        return fmt::format(
            "the certificate (serial {}) has no common name, which AWS Client VPN demands: issue it "
            "with a CN",
            info.serial);
    }
    if (!info.for_client) {
        return fmt::format(
            "the certificate {} was not issued for client use: issue one with `easyrsa "
            "build-client-full`",
            info.common_name);
    }
    if (info.key_type != KeyType::rsa) {
        return fmt::format("the certificate {} has {} key, AWS Client VPN takes RSA only: issue one with RSA 2048",
                           info.common_name, info.key_type == KeyType::ec ? "an EC" : "no RSA");
    }
    if (info.key_bits < kRsaBits) {
        return fmt::format("the certificate {} has an RSA key of {} bits, which is too small: issue one with RSA 2048",
                           info.common_name, info.key_bits);
    }
    if (info.key_bits > kRsaBits) {
        return fmt::format(
            "the certificate {} has an RSA key of {} bits, AWS Client VPN takes no larger one than 2048: "
            "issue one with RSA 2048",
            info.common_name, info.key_bits);
    }
    return std::nullopt;
}

CredentialState state_of(const CertificateInfo& info, WallTime now) {
    if (flaw_of(info)) return CredentialState::unusable;
    if (now >= info.not_after) return CredentialState::expired;
    if (now < info.not_before) return CredentialState::not_yet_valid;
    const bool soon = info.not_after - now <= std::chrono::days(kExpiringDays);
    return soon ? CredentialState::expiring : CredentialState::valid;
}

std::string_view to_string(CredentialState state) noexcept {
    switch (state) {
        case CredentialState::valid: return "valid";
        case CredentialState::expiring: return "expiring";
        case CredentialState::expired: return "expired";
        case CredentialState::not_yet_valid: return "not-yet-valid";
        case CredentialState::unusable: return "unusable";
    }
    return "?";
}

std::int64_t days_left(const CertificateInfo& info, WallTime now) {
    return std::chrono::floor<std::chrono::days>(info.not_after - now).count();
}

std::optional<WallTime> ca_not_after(const std::vector<Certificate>& authorities, WallTime now) {
    std::optional<WallTime> earliest_valid;
    std::optional<WallTime> latest;
    for (const Certificate& authority : authorities) {
        if (!authority.info.is_ca) continue;  // a server's certificate beside its CA
        const WallTime end = authority.info.not_after;
        if (!latest || end > *latest) latest = end;
        if (end > now && (!earliest_valid || end < *earliest_valid)) earliest_valid = end;
    }
    return earliest_valid ? earliest_valid : latest;
}

WallTime certain_past(const std::vector<Certificate>& certificates, std::optional<WallTime> stored) {
    WallTime certain = std::max(kProjectBegan, stored.value_or(kProjectBegan));
    for (const Certificate& each : certificates)
        if (each.info.is_ca) certain = std::max(certain, each.info.not_before);
    return certain;
}

std::string_view to_string(KeyType type) noexcept {
    switch (type) {
        case KeyType::rsa: return "rsa";
        case KeyType::ec: return "ec";
        case KeyType::other: return "other";
    }
    return "?";
}

std::string date_text(WallTime time) {
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()));
}

std::string date_text(WallTime time, WallTime beside) {
    std::string date = date_text(time);
    if (date != date_text(beside)) return date;
    const std::chrono::hh_mm_ss clock{
        std::chrono::floor<std::chrono::minutes>(time - std::chrono::floor<std::chrono::days>(time))};
    return date + fmt::format(" {:02}:{:02} UTC", clock.hours().count(), clock.minutes().count());
}

std::optional<WallTime> parse_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto number = [&](std::size_t at, std::size_t size) {
        int value = 0;
        for (const char c : text.substr(at, size))
            value = c >= '0' && c <= '9' && value >= 0 ? value * 10 + (c - '0') : -1;
        return value;
    };
    const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
    if (year < 0 || month < 0 || day < 0) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return std::nullopt;
    return WallTime{std::chrono::sys_days{date}.time_since_epoch()};
}

}  // namespace memdb::keys
