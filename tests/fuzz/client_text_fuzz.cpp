// Any bytes as what the client prints, redacts and is typed: text of logs and peers, keys of a terminal, what easy-rsa
// and a person say. What comes out holds no control character and is not redacted twice.
#include "client/redaction.hpp"
#include "client/text.hpp"
#include "client/watch_model.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace memdb::client;

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

void show(std::string_view text) {
    for (const bool ascii : {false, true}) {
        const std::string shown = clean(text, ascii);
        must(std::ranges::none_of(shown, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }));
        must(!ascii || std::ranges::all_of(shown, [](char c) { return c >= 0x20; }));
        must(is_text(shown) && clean(shown, ascii) == shown);
        must(columns(shown) <= shown.size());
        must(columns(pad(shown, 40)) >= std::min<std::size_t>(40, columns(shown)));
        (void)wrap(shown, 60, 4, 10);
    }
}

void redact(std::string_view text) {
    Redaction redaction({"ann", "/home/ann", "laptop", {"Ann Example", "app"}});
    const std::string once = redaction.apply(text);
    must(once.find("-----BEGIN PRIVATE KEY-----\nM") == std::string::npos);
    must(once.find("/home/ann/") == std::string::npos);
    (void)redaction.apply(once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    show(text);
    redact(text);
    must(decode_keys(text).size() <= size);
    return 0;
}
