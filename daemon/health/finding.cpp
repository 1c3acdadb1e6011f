#include "health/finding.hpp"

#include "base/words.hpp"

namespace memdb::health {
namespace {

constexpr std::array kLayers = {Layer::process, Layer::handshake, Layer::tunnel, Layer::route,
                                Layer::dns,     Layer::tcp,       Layer::tls,    Layer::auth,
                                Layer::ping,    Layer::cluster,   Layer::agent};
constexpr std::array kSeverities = {Severity::info, Severity::warning, Severity::error};
constexpr std::array kVerdicts = {Verdict::reachable, Verdict::degraded, Verdict::connecting, Verdict::unreachable,
                                  Verdict::stopped};

}  // namespace

std::string_view to_string(Layer layer) noexcept {
    switch (layer) {
        case Layer::process: return "process";
        case Layer::handshake: return "handshake";
        case Layer::tunnel: return "tunnel";
        case Layer::route: return "route";
        case Layer::dns: return "dns";
        case Layer::tcp: return "tcp";
        case Layer::tls: return "tls";
        case Layer::auth: return "auth";
        case Layer::ping: return "ping";
        case Layer::cluster: return "cluster";
        case Layer::agent: return "agent";
    }
    return "?";
}

std::string_view to_string(Severity severity) noexcept {
    switch (severity) {
        case Severity::info: return "info";
        case Severity::warning: return "warning";
        case Severity::error: return "error";
    }
    return "?";
}

std::string_view to_string(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::reachable: return "reachable";
        case Verdict::degraded: return "degraded";
        case Verdict::connecting: return "connecting";
        case Verdict::unreachable: return "unreachable";
        case Verdict::stopped: return "stopped";
    }
    return "?";
}

std::optional<Layer> parse_layer(std::string_view word) noexcept { return parse_word(word, kLayers); }
std::optional<Severity> parse_severity(std::string_view word) noexcept { return parse_word(word, kSeverities); }
std::optional<Verdict> parse_verdict(std::string_view word) noexcept { return parse_word(word, kVerdicts); }

}  // namespace memdb::health
