// The words of health: layer, severity, finding, verdict (design §1, §11). Shared by the agent and the client.
#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::health {

/// One step of the way, in order. `agent` is no step: findings about memdbd itself carry it.
enum class Layer : std::uint8_t { process, handshake, tunnel, route, dns, tcp, tls, auth, ping, cluster, agent };

/// The ten steps of the way, in order, without `agent`.
inline constexpr std::array kWay = {Layer::process, Layer::handshake, Layer::tunnel, Layer::route, Layer::dns,
                                    Layer::tcp,     Layer::tls,       Layer::auth,   Layer::ping,  Layer::cluster};

enum class Severity : std::uint8_t { info, warning, error };

/// Of a profile or a cluster. `reachable` means that a PING was answered over TLS, recently; nothing weaker does.
enum class Verdict : std::uint8_t { reachable, degraded, connecting, unreachable, stopped };

/// One lasting bad condition.
struct Finding {
    std::string code;  ///< stable kebab-case, from the catalogue
    Severity severity = Severity::error;
    Layer layer = Layer::agent;
    std::string summary;   ///< one sentence: the cause
    std::string evidence;  ///< what was seen; may be empty
    std::string advice;    ///< the command to run or the setting to check
    WallTime since{};
    bool operator==(const Finding&) const = default;
};

std::string_view to_string(Layer layer) noexcept;
std::string_view to_string(Severity severity) noexcept;
std::string_view to_string(Verdict verdict) noexcept;

/// The inverse of to_string; nothing for a word that this version does not know.
std::optional<Layer> parse_layer(std::string_view word) noexcept;
std::optional<Severity> parse_severity(std::string_view word) noexcept;
std::optional<Verdict> parse_verdict(std::string_view word) noexcept;

}  // namespace memdb::health
