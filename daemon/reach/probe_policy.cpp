#include "reach/probe_policy.hpp"

#include <fmt/format.h>

#include <utility>

namespace memdb::reach {
namespace {

using health::Layer;

struct Stage {
    Layer layer;
    std::string_view question;  // what the node owed an answer to
};

Stage stage_of(ProbePhase phase) noexcept {
    switch (phase) {
        case ProbePhase::resolving: return {Layer::dns, "the DNS question"};
        case ProbePhase::connecting: return {Layer::tcp, "a TCP connection"};
        case ProbePhase::securing: return {Layer::tls, "the TLS greeting"};
        case ProbePhase::authenticating:
        case ProbePhase::reauthenticating: return {Layer::auth, "AUTH"};
        case ProbePhase::asking: return {Layer::ping, "CLUSTER SHARDS"};
        case ProbePhase::bulk_checking: return {Layer::ping, "a PING of 3 KiB"};
        case ProbePhase::idle:
        case ProbePhase::waiting:
        case ProbePhase::queued:
        case ProbePhase::pinging:
        case ProbePhase::kept:
        case ProbePhase::checking: return {Layer::ping, "PING"};
    }
    return {Layer::ping, "PING"};
}

ProbeVerdict verdict(Layer layer, std::string_view code, std::string evidence, bool is_final = false) {
    return {Blame{layer, std::string(code), std::move(evidence)}, is_final};
}

}  // namespace

std::string format_place(std::string_view address, std::uint16_t port) {
    const bool is_v6 = address.find(':') != std::string_view::npos;
    return is_v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

ProbeVerdict judge_silence(const ProbeScene& scene) {
    const auto [layer, question] = stage_of(scene.phase);
    const auto waited = scene.waited.count();
    const auto silence = [layer = layer](std::string_view code, std::string evidence) {
        return ProbeVerdict{Blame{layer, std::string(code), std::move(evidence), true}};
    };
    if (layer == Layer::dns)
        return silence("cluster-name-unresolved", fmt::format("no answer from DNS in {} ms", waited));
    if (layer == Layer::tcp)
        return silence("node-unreachable", fmt::format("{} is silent on TCP for {} ms", scene.where, waited));
    return silence("node-unreachable",
                   fmt::format("{} is connected but gave no answer to {} in {} ms", scene.where, question, waited));
}

ProbeVerdict judge_resolve(std::string_view text) {
    return verdict(Layer::dns, "cluster-name-unresolved", one_line(text, 200));
}

ProbeVerdict judge_connect(const ProbeScene& scene, const ConnectFailed& failure) {
    const bool is_refused = failure.problem == ConnectProblem::refused;
    return verdict(Layer::tcp, is_refused ? "port-refused" : "node-unreachable",
                   fmt::format("{}: {}", scene.where, one_line(failure.text)));
}

ProbeVerdict judge_security(const ProbeScene& scene, const SecureFailed& failure) {
    const auto because = [&](std::string_view code, bool is_final) {
        return verdict(Layer::tls, code, fmt::format("{}: {}", scene.where, one_line(failure.text)), is_final);
    };
    switch (failure.problem) {
        case SecureProblem::untrusted: return because("tls-untrusted", true);
        case SecureProblem::name_mismatch: return because("tls-name-mismatch", true);
        case SecureProblem::expired: return because("tls-expired", true);
        case SecureProblem::not_offered: return because("tls-not-offered", true);
        case SecureProblem::failed: return because("tls-handshake-failed", false);
    }
    return because("tls-handshake-failed", false);
}

ProbeVerdict judge_error(const ProbeScene& scene, const Reply& error) {
    const auto [layer, question] = stage_of(scene.phase);
    std::string evidence = fmt::format("{} answers {} with: {}", scene.where, question, one_line(error.text));
    const std::string_view word = error_class(error);
    if (word == "NOAUTH") return verdict(Layer::auth, "auth-required", std::move(evidence), true);
    const std::string_view rejected = scene.iam ? "iam-token-failed" : "auth-rejected";
    if (word == "WRONGPASS") return verdict(Layer::auth, rejected, std::move(evidence), true);
    if (word == "NOPERM") return verdict(Layer::auth, "auth-no-permission", std::move(evidence), true);
    if (word == "LOADING" || word == "MASTERDOWN") return verdict(layer, "node-loading", std::move(evidence), true);
    const bool is_full = error.text.find("max number of clients") != std::string::npos;
    if (scene.phase == ProbePhase::authenticating && word == "ERR" && !is_full)
        return verdict(Layer::auth, rejected, std::move(evidence), true);
    return verdict(layer, "node-busy", std::move(evidence));
}

ProbeVerdict judge_no_token(std::string_view why) {
    ProbeVerdict lacking = verdict(Layer::auth, "iam-token-failed", one_line(why, 200), true);
    lacking.blame.unsent = true;
    return lacking;
}

ProbeVerdict judge_malformed(const ProbeScene& scene, std::string_view text) {
    const auto [layer, question] = stage_of(scene.phase);
    return verdict(layer, "node-unreachable",
                   fmt::format("malformed reply to {} from {}: {}", question, scene.where, one_line(text)));
}

ProbeVerdict judge_close(const ProbeScene& scene, std::string_view text) {
    const auto [layer, question] = stage_of(scene.phase);
    return verdict(
        layer, layer == Layer::tls ? "tls-handshake-failed" : "node-unreachable",
        fmt::format("{} closed the connection instead of answering {} ({})", scene.where, question, one_line(text)));
}

}  // namespace memdb::reach
