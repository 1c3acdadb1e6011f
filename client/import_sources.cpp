#include "client/import_sources.hpp"

#include "client/import_files.hpp"
#include "config/ovpn_catalog.hpp"
#include "config/ovpn_policy.hpp"
#include "config/wiped_directives.hpp"
#include "keys/certificate.hpp"
#include "keys/pem_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

namespace memdb::client {
namespace {

using config::Directive;

Problem failed(std::string message) { return {Exit::failed, std::move(message)}; }

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos; }

bool is_windows_path(std::string_view path) {
    const bool drive = path.size() > 2 && std::isalpha(static_cast<unsigned char>(path[0])) != 0 && path[1] == ':' &&
                       (path[2] == '\\' || path[2] == '/');
    return drive || path.find('\\') != std::string_view::npos;
}

class Gatherer {
  public:
    Gatherer(const ImportPaths& paths, std::string_view text, std::vector<Directive> directives)
        : paths_(paths), text_(text), directives_(std::move(directives)) {
        out_.ovpn_name = file_name(paths.ovpn);
    }

    Outcome<ImportSources> gather() {
        if (const auto good = check_refused(); good.has_error()) return good.error();
        auto cert = credential("cert", paths_.cert);
        if (cert.has_error()) return cert.error();
        auto key = credential("key", paths_.key);
        if (key.has_error()) return key.error();
        const auto authority = named_authority();
        if (authority.has_error()) return authority.error();
        if (key->empty()) {
            split_bundle(cert->reveal());
        } else {
            out_.cert_pem = cert->reveal();
            out_.key_pem = std::move(*key);
        }
        out_.ovpn_text = remaining_text() + *authority;
        return std::move(out_);
    }

  private:
    std::string at(const Directive& directive) const {
        return fmt::format("{}:{}: {}", out_.ovpn_name, directive.line, directive.name);
    }

    static bool names_file(const Directive& directive, std::string_view name) {
        return directive.name == name && !directive.inline_text;
    }

    /// A file that must be refused makes us read nothing.
    Outcome<bool> check_refused() const {
        const auto is_refused = [](const Directive& directive) {
            return config::rule_of(directive.name).treatment == config::Treatment::refused;
        };
        if (std::none_of(directives_.list.begin(), directives_.list.end(), is_refused)) return true;
        std::vector<Directive> judged;
        for (const Directive& directive : directives_.list) {
            if (is_refused(directive)) judged.push_back(directive);
        }
        const auto verdict = config::judge_ovpn(judged, out_.ovpn_name, config::CredentialSource::given);
        return failed(verdict ? "a directive is refused" : verdict.error().message);
    }

    /// The file that `directive` names.
    Outcome<Secret<>> read_named(const Directive& directive) const {
        if (directive.words.size() != 1 || directive.words[0].empty()) {
            return failed(at(directive) + " must be followed by one path, in quotes if it has blanks");
        }
        const std::string& path = directive.words[0];
        if (is_windows_path(path)) {
            return failed(fmt::format("{}: {} is a path of Windows: copy the file to this machine and {}",
                                      at(directive), path,
                                      directive.name == "ca" ? "name it here" : "give it with --" + directive.name));
        }
        const std::string full = (std::filesystem::path(paths_.ovpn).parent_path() / path).string();
        std::error_code ignored;
        if (std::filesystem::is_fifo(full, ignored))
            return failed(fmt::format("{}: {} is a pipe", at(directive), path));
        auto text = read_secret_file(full);
        if (text.has_error()) return failed(fmt::format("{}: {}", at(directive), text.error().message));
        return text;
    }

    /// The certificate or the key, from the flag or from the file; empty when neither has it.
    Outcome<Secret<>> credential(std::string_view name, const std::string& flag) {
        const Directive* found = nullptr;
        for (const Directive& directive : directives_.list) {
            if (directive.name != name || (directive.inline_text && is_blank(*directive.inline_text))) continue;
            if (found != nullptr && flag.empty()) {
                return failed(
                    fmt::format("{} was said before, in line {}: keep one of them, or give the file with --{}",
                                at(directive), found->line, name));
            }
            found = &directive;
            take_out(directive);
            if (flag.empty()) continue;
            out_.warnings.push_back(
                fmt::format("line {}: {} is left out: another was given with --{}", directive.line, name, name));
        }
        if (!flag.empty()) return read_secret_file(flag);
        if (found == nullptr) return Secret<>();
        return found->inline_text ? Outcome<Secret<>>(Secret<>(*found->inline_text)) : read_named(*found);
    }

    /// The <ca> block to add for a `ca FILE` line; empty when there is none.
    Outcome<std::string> named_authority() {
        std::string block;
        const Directive* found = nullptr;
        for (const Directive& directive : directives_.list) {
            if (directive.name != "ca" || (directive.inline_text && is_blank(*directive.inline_text))) continue;
            if (found != nullptr && (names_file(directive, "ca") || names_file(*found, "ca"))) {
                return failed(fmt::format("{} was said before, in line {}: keep one", at(directive), found->line));
            }
            found = &directive;
            if (directive.inline_text) continue;
            take_out(directive);
            const auto text = read_named(directive);
            if (text.has_error()) return text.error();
            const auto authorities = keys::read_certificates(text->reveal(), directive.words[0]);
            if (!authorities) return failed(fmt::format("{}: {}", at(directive), authorities.error().message));
            for (const keys::Certificate& authority : *authorities) block += authority.pem;
        }
        return block.empty() ? block : "<ca>\n" + block + "</ca>\n";
    }

    void take_out(const Directive& directive) {
        std::size_t last = directive.line;
        if (directive.inline_text) {
            last += 1 + static_cast<std::size_t>(
                            std::count(directive.inline_text->begin(), directive.inline_text->end(), '\n'));
        }
        for (std::size_t line = directive.line; line <= last; ++line) blanked_.insert(line);
    }

    std::string remaining_text() const {
        std::string text;
        text.reserve(text_.size() + 1);
        std::size_t line = 1;
        for (std::string_view rest = text_; !rest.empty(); ++line) {
            const auto end = std::min(rest.find('\n'), rest.size() - 1);
            if (blanked_.count(line) == 0) text += rest.substr(0, end);
            const bool unended = rest[end] != '\n';
            if (unended && blanked_.count(line) == 0) text += rest[end];
            text += '\n';
            rest.remove_prefix(end + 1);
        }
        return text;
    }

    /// `text` is the certificate; when a key lies beside it, that is taken, too.
    void split_bundle(const std::string& text) {
        const auto blocks = keys::find_pem_blocks(text);
        if (std::none_of(blocks.begin(), blocks.end(), keys::is_private_key) ||
            std::none_of(blocks.begin(), blocks.end(), keys::is_certificate)) {
            out_.cert_pem = text;
            return;
        }
        std::string key;
        key.reserve(text.size());  // not left behind in a buffer that was outgrown
        std::size_t authorities = 0;
        for (const keys::PemBlock& block : blocks) {
            if (keys::is_private_key(block)) key += block.text;
            if (!keys::is_certificate(block)) continue;
            const auto read = keys::read_certificates(block.text, "the certificate");
            if (read && read->front().info.is_ca) {
                ++authorities;
            } else {
                out_.cert_pem += block.text;
            }
        }
        out_.key_pem = Secret<>(std::move(key));
        if (authorities == 0) return;
        out_.warnings.push_back(
            fmt::format("{} of a CA beside the certificate {} left out: the configuration has its own",
                        authorities == 1 ? "a certificate" : "certificates", authorities == 1 ? "is" : "are"));
    }

    const ImportPaths& paths_;
    std::string_view text_;
    config::WipedDirectives directives_;
    std::set<std::size_t> blanked_;
    ImportSources out_;
};

}  // namespace

Outcome<ImportSources> gather_sources(const ImportPaths& paths) {
    const auto text = read_secret_file(paths.ovpn);  // it may have a key in it
    if (text.has_error()) return text.error();
    auto directives = config::lex_ovpn(text->reveal(), file_name(paths.ovpn));
    if (!directives) return failed(directives.error().message);
    return Gatherer(paths, text->reveal(), *std::move(directives)).gather();
}

}  // namespace memdb::client
