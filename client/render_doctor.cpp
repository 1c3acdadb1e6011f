#include "client/render_doctor.hpp"

#include "client/brush.hpp"
#include "client/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace memdb::client {
namespace {

using health::Certainty;
using health::Check;
using health::CheckState;
using health::Diagnosis;
using health::DoctorReport;
using health::Suspect;

struct Mark {
    std::string_view symbol;
    Paint paint;
};

Mark mark_of(CheckState state, const Style& style) {
    switch (state) {
        case CheckState::pass: return {style.utf8 ? "✓" : "ok", Paint::good};
        case CheckState::warn: return {"!", Paint::warn};
        case CheckState::fail: return {style.utf8 ? "✗" : "x", Paint::bad};
        case CheckState::skip: return {style.utf8 ? "–" : "-", Paint::dim};
    }
    return {"?", Paint::plain};
}

Paint paint_of(Certainty certainty) {
    switch (certainty) {
        case Certainty::confirmed: return Paint::bad;
        case Certainty::likely: return Paint::warn;
        case Certainty::possible: return Paint::plain;
        case Certainty::unlikely:
        case Certainty::excluded: return Paint::dim;
    }
    return Paint::plain;
}

/// `lead` in front, further lines under the text.
std::string hanging(std::string_view lead, std::size_t lead_width, const std::string& text, const Style& style) {
    return std::string(lead) + wrap(text, style.width, lead_width, lead_width) + "\n";
}

std::string head(const DoctorReport& report, const Style& style, const Brush& brush) {
    const Diagnosis& diagnosis = report.diagnosis;
    const Mark mark = mark_of(diagnosis.state, style);
    std::string text = brush.text(report.profile) + ": ";
    if (!diagnosis.code.empty()) text += brush.text(diagnosis.code) + ": ";
    text += brush.text(diagnosis.summary);
    const std::size_t width = columns(mark.symbol) + 1;
    std::string out = hanging(brush.paint(mark.symbol, mark.paint) + " ", width, text, style);
    if (!diagnosis.action.empty())
        out += hanging("  " + std::string(brush.arrow()) + " ", 3 + columns(brush.arrow()),
                       brush.text(diagnosis.action), style);
    if (!diagnosis.evidence.empty()) out += hanging("  seen: ", 8, brush.text(diagnosis.evidence), style);
    return out;
}

/// "word `command` word": the command on a line of its own and whole, so that it can be copied.
std::string decide_text(const std::string& text, const Style& style) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto begin = text.find('`', at);
        const auto end = begin == std::string::npos ? begin : text.find('`', begin + 1);
        std::string words = text.substr(at, (end == std::string::npos ? text.size() : begin) - at);
        words.erase(0, words.find_first_not_of(" ,:;"));
        if (!words.empty()) out += hanging("      ", 6, words, style);
        if (end == std::string::npos) break;
        out += "      $ " + text.substr(begin + 1, end - begin - 1) + "\n";
        at = end + 1;
    }
    return out;
}

std::string suspect_text(const Suspect& suspect, int number, const Style& style, const Brush& brush) {
    const std::string word(to_string(suspect.certainty));
    const bool excluded = suspect.certainty == Certainty::excluded;
    const std::string place = excluded ? "-" : std::to_string(number);
    std::string sentence = brush.text(suspect.sentence);
    if (excluded && !suspect.against.empty()) sentence += ": " + brush.text(suspect.against.back());
    std::string out = hanging(fmt::format("  {} {}: ", place, brush.paint(word, paint_of(suspect.certainty))),
                              6 + word.size(), sentence, style);
    if (excluded) return out;
    for (const std::string& line : suspect.in_favour) out += hanging("      for: ", 11, brush.text(line), style);
    for (const std::string& line : suspect.against) out += hanging("      against: ", 15, brush.text(line), style);
    if (suspect.certainty == Certainty::likely || suspect.certainty == Certainty::possible)
        out += decide_text(brush.text(suspect.decide), style);
    return out;
}

std::string suspects_text(const std::vector<Suspect>& suspects, const Style& style, const Brush& brush) {
    if (suspects.empty()) return {};
    const bool known = suspects.front().certainty == Certainty::confirmed;
    std::string out = known ? "\nthe cause, as AWS says, and what else it might have been\n"
                            : "\nfrom here several causes look the same; the most likely first\n";
    int number = 0;
    for (const Suspect& suspect : suspects) out += suspect_text(suspect, ++number, style, brush);
    return out;
}

std::string count_line(const DoctorReport& report) {
    const auto count = [&](CheckState state) { return std::ranges::count(report.checks, state, &Check::state); };
    return fmt::format("{} checks in {:.1f} s: {} passed, {} warned, {} failed, {} skipped\n", report.checks.size(),
                       static_cast<double>(report.took_ms) / 1000.0, count(CheckState::pass), count(CheckState::warn),
                       count(CheckState::fail), count(CheckState::skip));
}

}  // namespace

std::string render_check(const Check& check, const Style& style) {
    const Brush brush(style);
    const Mark mark = mark_of(check.state, style);
    const std::size_t width = 3 + columns(mark.symbol);
    const bool trouble = check.state == CheckState::warn || check.state == CheckState::fail;
    const std::string what = brush.text(check.id) + ": " + brush.text(check.summary);
    std::string text = wrap(what, style.width, width, width);
    if (check.state == CheckState::skip) text = brush.paint(text, Paint::dim);
    std::string out = "  " + brush.paint(mark.symbol, mark.paint) + " " + text + "\n";
    if (trouble && !check.action.empty())
        out += hanging("    " + std::string(brush.arrow()) + " ", 5 + columns(brush.arrow()), brush.text(check.action),
                       style);
    return out;
}

namespace {

/// Checks that one and the same failure has left unlooked at need no line each.
std::string skipped_text(const std::vector<Check>& checks, const std::string& root, const Style& style,
                         const Brush& brush) {
    std::string names;
    for (const Check& check : checks)
        if (check.state == CheckState::skip && check.root == root)
            names += (names.empty() ? "" : ", ") + brush.text(check.id);
    const Mark mark = mark_of(CheckState::skip, style);
    const std::size_t width = 3 + columns(mark.symbol);
    const std::string text = "not looked at, because " + brush.text(root) + " comes first: " + names;
    return "  " + std::string(mark.symbol) + " " + brush.paint(wrap(text, style.width, width, width), Paint::dim) +
           "\n";
}

}  // namespace

std::string render_doctor(const DoctorReport& report, const Style& style) {
    const Brush brush(style);
    std::string out = head(report, style, brush);
    out += suspects_text(report.diagnosis.suspects, style, brush);
    out += "\nfrom this machine to the cluster\n";
    std::set<std::string> told;
    for (const Check& check : report.checks) {
        const bool folded = check.state == CheckState::skip && !check.root.empty();
        if (!folded)
            out += render_check(check, style);
        else if (told.insert(check.root).second)
            out += skipped_text(report.checks, check.root, style, brush);
    }
    return out + count_line(report);
}

}  // namespace memdb::client
