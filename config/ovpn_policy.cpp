#include "config/ovpn_policy.hpp"

#include "config/endpoint_parser.hpp"
#include "config/ovpn_catalog.hpp"
#include "config/profile_parser.hpp"
#include "config/visible_text.hpp"
#include "keys/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace memdb::config {
namespace {

constexpr std::size_t kNameWordLimit = 100;   // so that verify-x509-name, escaped, stays within a line of 254
constexpr std::uint16_t kOpenvpnPort = 1194;  // openvpn's own default
constexpr std::uint32_t kLongestRenegotiation = 7 * 24 * 3600;

// Authenticated encryption only; AWS offers the first.
constexpr std::string_view kCiphers[] = {"AES-256-GCM", "AES-192-GCM", "AES-128-GCM", "CHACHA20-POLY1305"};
constexpr std::string_view kDigests[] = {"SHA256", "SHA384", "SHA512"};

template <std::size_t N>
bool one_of(std::string_view word, const std::string_view (&words)[N]) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

Failure refuse(std::string reason) { return {Errc::bad_input, std::move(reason)}; }

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos; }

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t max) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
    return value;
}

/// A remote as written, before the defaults of `proto` and `port` are known.
struct WrittenRemote {
    std::string host;
    std::optional<std::uint16_t> port;
    std::optional<Protocol> protocol;
};

/// Reads the accepted directives one by one into a configuration.
class OvpnJudge {
  public:
    explicit OvpnJudge(CredentialSource source) : source_(source) {}

    /// Takes one directive; the reason for which it is refused otherwise.
    Result<void> take(const Directive& directive) {
        const DirectiveRule& rule = rule_of(directive.name);
        if (rule.treatment == Treatment::refused) return refuse(std::string(rule.reason));
        if (directive.name == "ca" || directive.name == "cert" || directive.name == "key") return take_pem(directive);
        if (directive.inline_text) return refuse("it cannot be an inline block");
        if (rule.treatment == Treatment::implied) return {};
        if (rule.treatment == Treatment::ignored) {
            config_.warnings.push_back(
                fmt::format("line {}: {} is left out: {}", directive.line, directive.name, rule.reason));
            return {};
        }
        if (directive.name == "remote") return take_remote(directive.words);
        if (const auto taken = take_value(directive); !taken) return taken.error();
        return check_once(directive);
    }

    /// The whole, once every directive was taken.
    Result<ImportedConfig> finish() {
        if (written_.empty()) return refuse("it has no remote line: is this the file that AWS exports?");
        if (config_.ca_pem.empty()) return refuse("it has no <ca> block: is this the file that AWS exports?");
        for (const WrittenRemote& written : written_) {
            const Protocol protocol = written.protocol.value_or(protocol_);
            config_.remotes.push_back(
                {written.host, written.port.value_or(port_), protocol.transport, protocol.family});
        }
        if (source_ == CredentialSource::inside && (config_.cert_pem.empty() || config_.key_pem.empty())) {
            return refuse("it has no client certificate and key, as AWS exports it: give them with --cert and --key");
        }
        return std::move(config_);
    }

  private:
    /// openvpn takes the last of two; a person may have meant the first.
    Result<void> check_once(const Directive& directive) {
        for (const auto& [name, words] : seen_) {
            if (name == directive.name && words != directive.words) return refuse("it was said before, differently");
        }
        seen_.emplace_back(directive.name, directive.words);
        return {};
    }

    Result<void> take_value(const Directive& directive) {
        struct Reader {
            std::string_view name;
            std::size_t min_words, max_words;
            Result<void> (OvpnJudge::*read)(const std::vector<std::string>&);
        };
        static constexpr Reader readers[] = {
            {"dev", 1, 1, &OvpnJudge::take_dev},
            {"dev-type", 1, 1, &OvpnJudge::take_dev},
            {"proto", 1, 1, &OvpnJudge::take_proto},
            {"port", 1, 1, &OvpnJudge::take_port},
            {"rport", 1, 1, &OvpnJudge::take_port},
            {"remote-random-hostname", 0, 0, &OvpnJudge::take_random_hostname},
            {"remote-cert-tls", 1, 1, &OvpnJudge::take_remote_cert},
            {"verify-x509-name", 1, 2, &OvpnJudge::take_server_name},
            {"cipher", 1, 1, &OvpnJudge::take_cipher},
            {"data-ciphers", 1, 1, &OvpnJudge::take_data_ciphers},
            {"auth", 1, 1, &OvpnJudge::take_auth},
            {"tls-version-min", 1, 2, &OvpnJudge::take_tls_version},
            {"reneg-sec", 1, 1, &OvpnJudge::take_reneg},
            {"mssfix", 1, 2, &OvpnJudge::take_mssfix},
        };
        for (const Reader& reader : readers) {
            if (reader.name != directive.name) continue;
            if (directive.words.size() < reader.min_words || directive.words.size() > reader.max_words) {
                return refuse(fmt::format("it has {} words behind it", directive.words.size()));
            }
            return (this->*reader.read)(directive.words);
        }
        return refuse("it is not on the list of what memdbd accepts");
    }

    Result<void> take_dev(const std::vector<std::string>& words) {
        if (!words[0].starts_with("tun")) return refuse("only tun devices are supported");
        return {};  // the kernel picks the number: a fixed one could be another tunnel's
    }

    Result<void> take_proto(const std::vector<std::string>& words) {
        const auto protocol = parse_protocol(words[0]);
        if (!protocol) return refuse(fmt::format("{} is neither udp nor tcp", visible_text(words[0], 20)));
        protocol_ = *protocol;
        return {};
    }

    Result<void> take_port(const std::vector<std::string>& words) {
        const auto port = parse_port(words[0]);
        if (!port) return port.error();
        port_ = *port;
        return {};
    }

    Result<void> take_random_hostname(const std::vector<std::string>&) {
        config_.random_hostname = true;
        return {};
    }

    Result<void> take_remote_cert(const std::vector<std::string>& words) {
        if (words[0] != "server") return refuse("only \"server\" is safe: else any client could pose as the endpoint");
        return {};  // emit_ovpn writes it in any case
    }

    Result<void> take_server_name(const std::vector<std::string>& words) {
        ServerName name{words[0], words.size() > 1 ? words[1] : "subject"};
        if (name.name.empty() || name.name.size() > kNameWordLimit) {
            return refuse(fmt::format("the name must have 1 to {} characters", kNameWordLimit));
        }
        if (name.type != "name" && name.type != "name-prefix" && name.type != "subject") {
            return refuse("the type must be name, name-prefix or subject");
        }
        config_.server_name = std::move(name);
        return {};
    }

    Result<void> take_cipher(const std::vector<std::string>& words) {
        if (!one_of(words[0], kCiphers)) {
            return refuse(
                fmt::format("{} is not accepted; AWS Client VPN uses AES-256-GCM", visible_text(words[0], 40)));
        }
        config_.cipher = words[0];
        return {};
    }

    Result<void> take_data_ciphers(const std::vector<std::string>& words) {
        for (std::string_view rest = words[0];;) {
            const auto colon = rest.find(':');
            if (!one_of(rest.substr(0, colon), kCiphers)) {
                return refuse(fmt::format("{} is not accepted; AWS Client VPN uses AES-256-GCM",
                                          visible_text(rest.substr(0, colon), 40)));
            }
            if (colon == std::string_view::npos) break;
            rest.remove_prefix(colon + 1);
        }
        if (words[0].size() > kNameWordLimit) return refuse("the list is too long");
        config_.data_ciphers = words[0];
        return {};
    }

    Result<void> take_auth(const std::vector<std::string>& words) {
        if (!one_of(words[0], kDigests)) return refuse(fmt::format("{} is not accepted", visible_text(words[0], 40)));
        config_.auth = words[0];
        return {};
    }

    Result<void> take_tls_version(const std::vector<std::string>& words) {
        const bool known = words[0] == "1.2" || words[0] == "1.3";
        if (!known || words.size() > 1) return refuse("only 1.2 and 1.3 are accepted");
        config_.tls_version_min = words[0];
        return {};
    }

    Result<void> take_reneg(const std::vector<std::string>& words) {
        config_.reneg_sec = parse_number(words[0], kLongestRenegotiation);
        if (!config_.reneg_sec) return refuse(fmt::format("it must be 0 to {} seconds", kLongestRenegotiation));
        return {};
    }

    Result<void> take_mssfix(const std::vector<std::string>& words) {
        const auto size = parse_number(words[0], 9000);
        const bool known = words.size() == 1 || words[1] == "mtu" || words[1] == "fixed";
        if (!size || (*size != 0 && *size < 576) || !known) return refuse("it must be 0 or 576 to 9000 [mtu|fixed]");
        config_.mssfix = MssFix{*size, words.size() > 1 ? words[1] : ""};
        return {};
    }

    Result<void> take_remote(const std::vector<std::string>& words) {
        if (words.empty() || words.size() > 3) return refuse(fmt::format("it has {} words behind it", words.size()));
        if (written_.size() == kRemoteLimit) return refuse(fmt::format("more than {} remotes", kRemoteLimit));
        std::string_view text = words[0];
        // `describe-client-vpn-endpoints` prints the name like this: any label in front is meant.
        const bool wildcard = text.starts_with("*.");
        if (wildcard) text.remove_prefix(2);
        auto host = parse_host(text);
        if (!host) return host.error();

        WrittenRemote remote;
        if (words.size() > 1) {
            const auto port = parse_port(words[1]);
            if (!port) return port.error();
            remote.port = *port;
        }
        if (words.size() > 2) {
            remote.protocol = parse_protocol(words[2]);
            if (!remote.protocol) return refuse(fmt::format("{} is neither udp nor tcp", visible_text(words[2], 20)));
        }
        // The bare name of an endpoint does not resolve at all: it always needs a label (facts C.1).
        if (wildcard || host->starts_with("cvpn-endpoint-")) config_.random_hostname = true;
        remote.host = *std::move(host);
        written_.push_back(std::move(remote));
        return {};
    }

    Result<void> take_pem(const Directive& directive) {
        if (!directive.inline_text) return take_pem_file(directive);
        if (is_blank(*directive.inline_text)) {
            config_.warnings.push_back(
                fmt::format("line {}: <{}> is left out: it is empty", directive.line, directive.name));
            return {};
        }
        if (directive.name == "ca") {
            if (!config_.ca_pem.empty()) return refuse("a second <ca> block");
            const auto authorities = keys::read_certificates(*directive.inline_text, "<ca>");
            if (!authorities) return authorities.error();
            for (const keys::Certificate& authority : *authorities) config_.ca_pem += authority.pem;
            return {};
        }
        if (source_ == CredentialSource::given) {
            config_.warnings.push_back(fmt::format("line {}: <{}> is left out: another was given with the file",
                                                   directive.line, directive.name));
            return {};
        }
        const bool again = directive.name == "cert" ? !config_.cert_pem.empty() : !config_.key_pem.empty();
        if (again) return refuse(fmt::format("a second <{}> block", directive.name));
        if (directive.name == "cert") {
            config_.cert_pem = *directive.inline_text;
        } else {
            config_.key_pem = Secret<>(*directive.inline_text);
        }
        return {};
    }

    Result<void> take_pem_file(const Directive& directive) {
        if (directive.name == "ca") {
            return refuse(
                "memdbd opens no file that a configuration names: put the certificates between <ca> and </ca>");
        }
        if (source_ == CredentialSource::inside) {
            return refuse(
                fmt::format("memdbd opens no file that a configuration names: give it with --{}", directive.name));
        }
        config_.warnings.push_back(
            fmt::format("line {}: {} is left out: another was given with the file", directive.line, directive.name));
        return {};
    }

    CredentialSource source_;
    ImportedConfig config_;
    Protocol protocol_;
    std::uint16_t port_ = kOpenvpnPort;
    std::vector<WrittenRemote> written_;
    std::vector<std::pair<std::string, std::vector<std::string>>> seen_;
};

}  // namespace

Result<ImportedConfig> judge_ovpn(const std::vector<Directive>& directives, std::string_view file_name,
                                  CredentialSource source) {
    const std::string file = visible_text(file_name, 200);
    OvpnJudge judge(source);
    std::string refusal;
    std::string others;
    for (const Directive& directive : directives) {
        const auto taken = judge.take(directive);
        if (taken) continue;
        if (refusal.empty()) {
            refusal =
                fmt::format("{}:{}: {} is refused: {}", file, directive.line, directive.name, taken.error().message);
        } else if (others.size() < 60) {
            others += fmt::format("{}{}", others.empty() ? "" : ", ", directive.line);
        }
    }
    if (!others.empty()) refusal += fmt::format(" (also refused: line {})", others);
    if (!refusal.empty()) return refuse(std::move(refusal));

    auto config = judge.finish();
    if (!config) return refuse(fmt::format("{}: {}", file, config.error().message));
    return config;
}

std::string emit_ovpn(const ImportedConfig& config) {
    std::string text =
        "# Written by memdbd from the imported file. Address, certificate and key are given on openvpn's command "
        "line.\n"
        "client\ndev tun\nnobind\npersist-tun\nremote-cert-tls server\n";
    if (config.server_name) {
        text += fmt::format("verify-x509-name {} {}\n", quote_ovpn_word(config.server_name->name),
                            config.server_name->type);
    }
    text += fmt::format("tls-version-min {}\n", config.tls_version_min.empty() ? "1.2" : config.tls_version_min);
    if (!config.cipher.empty()) text += fmt::format("cipher {}\n", config.cipher);
    if (!config.data_ciphers.empty()) text += fmt::format("data-ciphers {}\n", config.data_ciphers);
    if (!config.auth.empty()) text += fmt::format("auth {}\n", config.auth);
    if (config.reneg_sec) text += fmt::format("reneg-sec {}\n", *config.reneg_sec);
    if (config.mssfix) {
        text += fmt::format("mssfix {}{}{}\n", config.mssfix->size, config.mssfix->mode.empty() ? "" : " ",
                            config.mssfix->mode);
    }
    return text + "<ca>\n" + config.ca_pem + "</ca>\n";
}

}  // namespace memdb::config
