#include "config/ovpn_lexer.hpp"

#include "config/visible_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memdb::config {
namespace {

constexpr std::string_view kBlanks = " \t\v\f";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/=+,@*";
constexpr std::size_t kNameLimit = 64;

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }
bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kNameLimit && text.front() != '-' &&
           text.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

/// A reason without its place; lex_ovpn adds file and line.
using Words = Result<std::vector<std::string>>;
Failure refuse(std::string reason) { return {Errc::malformed, std::move(reason)}; }

/// Splits one line into words: a copy of openvpn's parse_line, less what it tolerates.
class WordSplitter {
  public:
    explicit WordSplitter(std::string_view line) : rest_(line) {}

    Words split() {
        for (;;) {
            while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
            // A comment begins where a word could; inside a word these two are ordinary characters.
            if (rest_.empty() || rest_.front() == '#' || rest_.front() == ';') return std::move(words_);
            if (words_.size() == kOvpnWordLimit) return refuse(fmt::format("more than {} words", kOvpnWordLimit));
            const auto read = rest_.front() == '"' || rest_.front() == '\'' ? read_quoted() : read_plain();
            if (!read) return read.error();
        }
    }

  private:
    Result<void> read_quoted() {
        const char quote = rest_.front();
        rest_.remove_prefix(1);
        std::string word;
        while (!rest_.empty() && rest_.front() != quote) {
            if (const auto took = take_character(word, quote == '"'); !took) return took.error();
        }
        if (rest_.empty()) return refuse(fmt::format("the closing {} is missing", quote));
        rest_.remove_prefix(1);
        if (!rest_.empty() && !is_blank(rest_.front())) {
            return refuse(fmt::format("the word goes on after its closing {}: put a blank there", quote));
        }
        words_.push_back(std::move(word));
        return {};
    }

    Result<void> read_plain() {
        // openvpn silently drops a backslash that stands before a blank where a word could begin.
        if (rest_.starts_with('\\') && rest_.size() > 1 && is_blank(rest_[1])) {
            return refuse("a backslash before a blank begins a word: use quotes");
        }
        std::string word;
        while (!rest_.empty() && !is_blank(rest_.front())) {
            if (const auto took = take_character(word, true); !took) return took.error();
        }
        words_.push_back(std::move(word));
        return {};
    }

    /// Appends the next character, or the one behind a backslash.
    Result<void> take_character(std::string& word, bool escapes) {
        // cppcheck-suppress containerOutOfBounds  // the callers see that there is one, and the next line takes it away
        char c = rest_.front();
        rest_.remove_prefix(1);
        if (escapes && c == '\\') {
            if (rest_.empty() || (rest_.front() != '\\' && rest_.front() != '"' && rest_.front() != ' ')) {
                return refuse("a backslash may only stand before \\, \" or a blank: write \\\\ for one, or / in paths");
            }
            c = rest_.front();
            rest_.remove_prefix(1);
        }
        if (!is_printable(c)) {
            return refuse(fmt::format("byte 0x{:02X} in a word: only printable ASCII is read",
                                      static_cast<unsigned>(static_cast<unsigned char>(c))));
        }
        word += c;
        return {};
    }

    std::string_view rest_;
    std::vector<std::string> words_;
};

/// "<ca>" gives "ca"; anything else nothing.
std::optional<std::string_view> tag_of(std::string_view word) {
    if (word.size() < 2 || word.front() != '<' || word.back() != '>') return std::nullopt;
    return word.substr(1, word.size() - 2);
}

/// Walks over the lines of a file, checking each one's bytes as it comes by.
class OvpnReader {
  public:
    OvpnReader(std::string_view text, std::string_view file_name)
        : rest_(text), file_name_(visible_text(file_name, 200)) {}

    Result<std::vector<Directive>> read() {
        while (!rest_.empty()) {
            auto line = next_line();
            if (!line) return line.error();
            if (line_ == 1 && line->starts_with(kByteOrderMark)) line->remove_prefix(kByteOrderMark.size());
            if (const auto taken = read_line(*line); !taken) return taken.error();
        }
        return std::move(directives_);
    }

  private:
    Failure at(std::size_t line, std::string_view reason) const {
        return {Errc::malformed, fmt::format("{}:{}: {}", file_name_, line, reason)};
    }

    Result<std::string_view> next_line() {
        ++line_;
        const auto end = rest_.find('\n');
        std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        if (line.size() > kOvpnLineLimit) {
            return at(line_, fmt::format("the line has {} bytes, at most {} are allowed (comments count)", line.size(),
                                         kOvpnLineLimit));
        }
        if (end != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
        if (line.find('\r') != std::string_view::npos) return at(line_, "a carriage return inside the line");
        if (line.find('\0') != std::string_view::npos) return at(line_, "a NUL byte inside the line");
        return line;
    }

    Result<void> read_line(std::string_view line) {
        auto words = WordSplitter(line).split();
        if (!words) return at(line_, words.error().message);
        if (words->empty()) return {};
        if (directives_.size() == kDirectiveLimit)
            return at(line_, fmt::format("more than {} directives", kDirectiveLimit));

        std::string name = std::move(words->front());
        words->erase(words->begin());
        if (name.size() >= 3 && name.starts_with("--")) name.erase(0, 2);
        if (const auto tag = tag_of(name)) {
            if (!words->empty()) return at(line_, fmt::format("text after {}", visible_text(name, 40)));
            return read_inline(*tag);
        }
        if (!is_name(name)) return at(line_, fmt::format("\"{}\" is no directive", visible_text(name, 40)));
        directives_.push_back({line_, std::move(name), *std::move(words), std::nullopt});
        return {};
    }

    Result<void> read_inline(std::string_view tag) {
        if (tag.starts_with('/')) {
            return at(line_, fmt::format("<{}> without its beginning", visible_text(tag, 40)));
        }
        if (!is_name(tag)) return at(line_, fmt::format("<{}> is no inline block", visible_text(tag, 40)));

        Directive block{line_, std::string(tag), {}, std::string{}};
        const std::string end_tag = fmt::format("</{}>", tag);
        block.inline_text->reserve(rest_.size());  // a key must not be left behind in a buffer that was outgrown
        while (!rest_.empty()) {
            const auto line = next_line();
            if (!line) return line.error();
            const auto begin = std::min(line->find_first_not_of(kBlanks), line->size());
            const std::string_view content = line->substr(begin);
            if (content.starts_with(end_tag)) {
                if (content.find_first_not_of(kBlanks, end_tag.size()) != std::string_view::npos) {
                    return at(line_, fmt::format("text after {}", end_tag));
                }
                directives_.push_back(std::move(block));
                return {};
            }
            // openvpn would take it as content; a person who forgot the end tag would not.
            if (content.starts_with('<')) {
                return at(line_, fmt::format("\"{}\" inside <{}> of line {}: is {} missing?", visible_text(content, 40),
                                             block.name, block.line, end_tag));
            }
            *block.inline_text += *line;
            *block.inline_text += '\n';
        }
        return at(block.line, fmt::format("{} is missing", end_tag));
    }

    std::string_view rest_;
    std::string file_name_;
    std::size_t line_ = 0;
    std::vector<Directive> directives_;
};

}  // namespace

Result<std::vector<Directive>> lex_ovpn(std::string_view text, std::string_view file_name) {
    if (text.size() > kOvpnSizeLimit) {
        return Failure{Errc::too_large, fmt::format("{}: {} bytes, at most {} are read", visible_text(file_name, 200),
                                                    text.size(), kOvpnSizeLimit)};
    }
    return OvpnReader(text, file_name).read();
}

std::string quote_ovpn_word(std::string_view word) {
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
    std::string quoted = "\"";
    for (const char c : word) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

}  // namespace memdb::config
