// An OpenVPN configuration file to directives, by OpenVPN's own rules or stricter ones. Opens no file, judges nothing.
//
// In: untrusted bytes. Out: the directives as openvpn 2.6 would see them, or the first place where it and a person
// could read the file differently (facts B.5). Wherever openvpn repairs, truncates or guesses, this refuses:
//
//   lines over 254 bytes, comments and CR counted (openvpn reads longer ones in pieces: a smuggled </ca> closes a
//   block) NUL (truncates a line for openvpn), CR other than in CRLF, bytes that are not printable ASCII in a word a
//   backslash before anything but \ " and blank, a word that goes on after its closing quote, a 17th word an inline
//   block without its end, with text after it, or with another tag inside
#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::config {

inline constexpr std::size_t kOvpnSizeLimit = std::size_t{256} * 1024;  ///< bytes of a whole file
inline constexpr std::size_t kOvpnLineLimit = 254;                      ///< bytes without LF, openvpn's own
inline constexpr std::size_t kOvpnWordLimit = 16;                       ///< of a line, name included, openvpn's own
inline constexpr std::size_t kDirectiveLimit = 512;

struct Directive {
    std::size_t line = 0;                    ///< where it begins, from 1
    std::string name;                        ///< a-z 0-9 -, a leading "--" stripped; of an inline block: the tag's name
    std::vector<std::string> words;          ///< what follows the name
    std::optional<std::string> inline_text;  ///< of an inline block: the lines between its tags, each ended by LF
    bool operator==(const Directive&) const = default;
};

/// Splits `text` into directives.
///
/// @param file_name  for messages: "FILE:LINE: reason".
/// @return Errc::too_large, or Errc::malformed for the first line that is refused.
Result<std::vector<Directive>> lex_ovpn(std::string_view text, std::string_view file_name);

/// Writes `word` so that openvpn and lex_ovpn read it back: in double quotes when it needs them. Printable ASCII only.
std::string quote_ovpn_word(std::string_view word);

}  // namespace memdb::config
