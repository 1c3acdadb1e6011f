#include "client/html_text.hpp"

#include "client/text.hpp"

#include <fmt/format.h>

namespace memdb::client {

std::string html(std::string_view text) {
    std::string out;
    for (const char c : clean(text, false)) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string number_text(double value) {
    std::string out = fmt::format("{:.2f}", value);  // fmt knows no locale unless asked
    while (out.ends_with('0')) out.pop_back();
    if (out.ends_with('.')) out.pop_back();
    return out == "-0" ? "0" : out;
}

}  // namespace memdb::client
