#include "control/field_catalog.hpp"

#include <algorithm>
#include <array>

namespace memdb::control {
namespace {

// clang-format off
constexpr std::array kFields = {
    FieldText{"snapshot", "schema", "integer", "1; within it fields are only ever added"},
    FieldText{"snapshot", "agent", "@agent", ""},
    FieldText{"snapshot", "profiles", "list of @profile", "by name"},
    FieldText{"snapshot", "findings", "list of @finding", "about the agent itself"},

    FieldText{"agent", "version", "text", "of memdbd"},
    FieldText{"agent", "pid", "integer", "process id of memdbd"},
    FieldText{"agent", "started_at", "time", ""},
    FieldText{"agent", "uptime_s", "integer", "seconds since then"},

    FieldText{"profile", "name", "text", ""},
    FieldText{"profile", "kind", "text", "`tunnel` or `direct` (no tunnel: its first three layers are `skipped`)"},
    FieldText{"profile", "verdict", "text", "`reachable`: a PING was answered over TLS, moments ago, and nothing is wrong; `degraded`: PING works, but something is; `connecting`; `unreachable`; `stopped`"},
    FieldText{"profile", "since", "time", "of the verdict"},
    FieldText{"profile", "wanted", "text", "`connected` or `disconnected`: what people wish"},
    FieldText{"profile", "tunnel", "@tunnel", "not of a direct profile"},
    FieldText{"profile", "layers", "list of @layer", "the ten steps of the way, in order"},
    FieldText{"profile", "clusters", "list of @cluster", ""},
    FieldText{"profile", "credential", "@credential", "the certificate in force; not of a direct profile"},
    FieldText{"profile", "findings", "list of @finding", "what is wrong, root cause first; [troubleshooting](troubleshooting.md) has every code"},
    FieldText{"profile", "rotation", "@rotation", "a new key on its way, or how the last one ended"},
    FieldText{"profile", "signer", "text", "who signs new keys: `manual`, `pki:DIR`, `acm-pca:ARN`, `command:PROGRAM`"},
    FieldText{"profile", "signer_uid", "integer", "user id of who set it: nobody else runs it unseen"},
    FieldText{"profile", "revoke_old", "boolean", "whether a rotation revokes the old certificate"},
    FieldText{"profile", "revoke_old_uid", "integer", "user id of who wants that"},

    FieldText{"tunnel", "phase", "text", "`stopped`, `starting`, `handshaking`, `up`, `waiting`, `stopping`, `blocked`"},
    FieldText{"tunnel", "since", "time", "of the phase"},
    FieldText{"tunnel", "device", "text", "`tun0`"},
    FieldText{"tunnel", "address", "text", "this machine's address inside the tunnel"},
    FieldText{"tunnel", "endpoint", "text", "`HOST:PORT` as the configuration names it"},
    FieldText{"tunnel", "server", "text", "`ADDRESS:PORT` in use"},
    FieldText{"tunnel", "openvpn_pid", "integer", "process id of openvpn"},
    FieldText{"tunnel", "attempt", "integer", "attempts since it was last up; 0 while it is up"},
    FieldText{"tunnel", "restarts", "integer", "since memdbd started; what a person asked for does not count"},
    FieldText{"tunnel", "last_restart_cause", "text", "a finding's code, or `wake`, `handover-failed`, …"},
    FieldText{"tunnel", "blocked_cause", "text", "a finding's code; only in phase `blocked`"},
    FieldText{"tunnel", "bytes_in", "integer", "bytes from the server in this connection"},
    FieldText{"tunnel", "bytes_out", "integer", "bytes to it"},
    FieldText{"tunnel", "retry_at", "time", "of the next attempt; in phase `waiting`"},
    FieldText{"tunnel", "session_ends_at", "time", "when the endpoint will end the session"},
    FieldText{"tunnel", "dns", "@dns", "while it is up"},

    FieldText{"dns", "servers", "list of text", "the VPC's resolvers, as pushed"},
    FieldText{"dns", "domains", "list of text", "names they are asked for, as resolvectl shows them: `~demo.abc.memorydb.eu-west-1.amazonaws.com`; `~.` is every name"},
    FieldText{"dns", "applied", "boolean", "systemd-resolved took it"},
    FieldText{"dns", "trouble", "text", "why not: one phrase"},

    FieldText{"layer", "layer", "text", "`process`, `handshake`, `tunnel`, `route`, `dns`, `tcp`, `tls`, `auth`, `ping`, `cluster`"},
    FieldText{"layer", "state", "text", "`ok`, `failed`, `unknown` (nothing can be said before an earlier one works), `skipped`"},
    FieldText{"layer", "since", "time", "of the state"},
    FieldText{"layer", "checked_at", "time", "when it was last seen so"},

    FieldText{"cluster", "endpoint", "text", "`HOST:PORT`"},
    FieldText{"cluster", "verdict", "text", "as of a profile"},
    FieldText{"cluster", "slots_covered", "integer", "of 16384 hash slots; not when it is not in cluster mode"},
    FieldText{"cluster", "nodes", "list of @node", ""},
    FieldText{"cluster", "iam", "@iam", "when its user logs in by IAM"},

    FieldText{"node", "name", "text", "as the cluster announces it"},
    FieldText{"node", "address", "text", "`ADDRESS:PORT`"},
    FieldText{"node", "role", "text", "`primary` or `replica`"},
    FieldText{"node", "shard", "text", "`1`, `2`, … in order of the first slot"},
    FieldText{"node", "state", "text", "`ok`: it answered PING as recently as it is asked; `failed`; `unknown`"},
    FieldText{"node", "ping_us", "integer", "the last answered PING, microseconds"},
    FieldText{"node", "stages_us", "@stages", "how long each stage of the last whole proof took"},
    FieldText{"node", "last_ok_at", "time", "of the last answered PING"},
    FieldText{"node", "finding", "text", "the code of what is wrong with it"},

    FieldText{"stages", "dns", "integer", "microseconds to resolve its name"},
    FieldText{"stages", "tcp", "integer", "microseconds to connect"},
    FieldText{"stages", "tls", "integer", "microseconds of the TLS handshake, verification included"},
    FieldText{"stages", "auth", "integer", "microseconds of AUTH"},
    FieldText{"stages", "ping", "integer", "microseconds of PING"},

    FieldText{"iam", "user", "text", "whom tokens are signed for"},
    FieldText{"iam", "cluster", "text", "the cluster's name at AWS"},
    FieldText{"iam", "region", "text", ""},
    FieldText{"iam", "token_signed_at", "time", "of the agent's newest token"},
    FieldText{"iam", "token_expires_at", "time", "15 minutes later; may be past"},
    FieldText{"iam", "connections_end_at", "time", "of the kept connection that MemoryDB ends first, if nothing is done"},
    FieldText{"iam", "mints", "boolean", "true: the agent signs tokens by itself"},

    FieldText{"credential", "generation", "integer", "counts the profile's keys"},
    FieldText{"credential", "subject", "text", ""},
    FieldText{"credential", "issuer", "text", ""},
    FieldText{"credential", "serial", "text", "hex, upper case"},
    FieldText{"credential", "not_before", "time", ""},
    FieldText{"credential", "not_after", "time", ""},
    FieldText{"credential", "days_left", "integer", "whole days until then; negative afterwards"},
    FieldText{"credential", "ca_not_after", "time", "when the first CA of the configuration ends"},
    FieldText{"credential", "state", "text", "`valid`, `expiring`, `expired`, `not-yet-valid`, `unusable`"},
    FieldText{"credential", "previous_generation", "integer", "what `key rollback` would go back to"},
    FieldText{"credential", "rotate_at", "time", "when a new key is due"},
    FieldText{"credential", "key_type", "text", "`rsa`, `ec`, `other`"},
    FieldText{"credential", "key_bits", "integer", ""},
    FieldText{"credential", "key_usage", "list of text", "`digitalSignature`, …; absent when the certificate does not say"},
    FieldText{"credential", "extended_key_usage", "list of text", "`clientAuth`, …, or an OID"},
    FieldText{"credential", "fingerprint", "text", "SHA-256, hex, upper case"},
    FieldText{"credential", "chain", "@chain", "whether it was issued by a CA of the configuration; it need not be"},
    FieldText{"credential", "authorities", "list of @certificate", "the CAs of the configuration"},
    FieldText{"credential", "server", "@certificate", "a server's certificate that the configuration has, too"},
    FieldText{"credential", "crl", "@crl", "the revocation list that the agent was handed"},

    FieldText{"certificate", "subject", "text", ""},
    FieldText{"certificate", "issuer", "text", ""},
    FieldText{"certificate", "serial", "text", "hex, upper case"},
    FieldText{"certificate", "fingerprint", "text", "SHA-256, hex, upper case"},
    FieldText{"certificate", "not_before", "time", ""},
    FieldText{"certificate", "not_after", "time", ""},
    FieldText{"certificate", "days_left", "integer", "whole days"},

    FieldText{"chain", "verified", "boolean", ""},
    FieldText{"chain", "authority", "text", "the subject of the CA it ends at"},
    FieldText{"chain", "problem", "text", "why it is not verified: one phrase"},

    FieldText{"crl", "issuer", "text", ""},
    FieldText{"crl", "last_update", "time", ""},
    FieldText{"crl", "next_update", "time", "when the list ends: AWS refuses every new connection from then on"},
    FieldText{"crl", "days_left", "integer", "whole days until then"},
    FieldText{"crl", "entries", "integer", "certificates on it"},
    FieldText{"crl", "verified", "boolean", "signed by a CA of the configuration"},
    FieldText{"crl", "revoked", "@revoked", "this profile's certificate is on it"},

    FieldText{"revoked", "at", "time", ""},
    FieldText{"revoked", "reason", "text", "`keyCompromise`, `superseded`, …"},

    FieldText{"finding", "code", "text", "stable: programs may rely on it"},
    FieldText{"finding", "severity", "text", "`info`, `warning`, `error`"},
    FieldText{"finding", "layer", "text", "of a layer, or `agent`"},
    FieldText{"finding", "summary", "text", "the cause: one sentence for people, which may change"},
    FieldText{"finding", "evidence", "text", "what was seen; may be empty"},
    FieldText{"finding", "advice", "text", "the command to run or the setting to check"},
    FieldText{"finding", "since", "time", ""},

    FieldText{"rotation", "phase", "text", "`making`, `requested`, `proving`, `awaiting`, `confirming`, `confirmed`, `reverting`, `reverted`, `failed`"},
    FieldText{"rotation", "generation", "integer", "the new key's"},
    FieldText{"rotation", "from", "integer", "the generation that was in force before"},
    FieldText{"rotation", "common_name", "text", "of the new certificate"},
    FieldText{"rotation", "reason", "text", "as given"},
    FieldText{"rotation", "started_at", "time", ""},
    FieldText{"rotation", "steps", "list of @step", "what was done"},
    FieldText{"rotation", "message", "text", "why it failed or went back, or what it waits for: one sentence"},

    FieldText{"step", "step", "text", "`requested`, `checked`, `proven`, `switched`, `confirmed`, `reverted`, `failed`"},
    FieldText{"step", "at", "time", ""},
    FieldText{"step", "after_ms", "integer", "milliseconds since the step before"},

    FieldText{"ping report", "profile", "text", ""},
    FieldText{"ping report", "nodes", "list of @ping result", ""},
    FieldText{"ping result", "name", "text", "of the node"},
    FieldText{"ping result", "role", "text", "`primary` or `replica`"},
    FieldText{"ping result", "shard", "text", ""},
    FieldText{"ping result", "ping_us", "integer", "microseconds; when it answered"},
    FieldText{"ping result", "error", "text", "one sentence; when it did not"},

    FieldText{"import report", "name", "text", "of the new profile"},
    FieldText{"import report", "warnings", "list of text", "directives that were left out, dates that are near: one sentence each"},

    FieldText{"key request", "reason", "text", "for the log and `rotation`; at most 200 bytes"},
    FieldText{"key request", "fresh", "boolean", "a new key although a request is pending"},
    FieldText{"key request report", "profile", "text", ""},
    FieldText{"key request report", "generation", "integer", "the new key's"},
    FieldText{"key request report", "common_name", "text", "that the certificate must have"},
    FieldText{"key request report", "csr", "text", "PEM"},
    FieldText{"token report", "profile", "text", ""},
    FieldText{"token report", "cluster", "text", "the cluster's name at AWS"},
    FieldText{"token report", "user", "text", ""},
    FieldText{"token report", "expires_at", "time", ""},

    FieldText{"import", "name", "text", "letters, digits, `-` and `_`"},
    FieldText{"import", "kind", "text", "`tunnel` (the default) or `direct`"},
    FieldText{"import", "config", "text", "the downloaded configuration, whole"},
    FieldText{"import", "config_name", "text", "how messages call that file"},
    FieldText{"import", "cert", "text", "PEM; not needed when the configuration has `<cert>`"},
    FieldText{"import", "key", "text", "PEM, not encrypted; not needed when the configuration has `<key>`"},
    FieldText{"import", "clusters", "list of @import cluster", ""},
    FieldText{"import", "password", "text", "of the user"},
    FieldText{"import", "ca", "text", "PEM: trusted for the clusters instead of the system's certificates"},
    FieldText{"import cluster", "endpoint", "text", "`HOST[:PORT]`, `[V6][:PORT]`"},
    FieldText{"import cluster", "user", "text", "of the cluster's ACL"},
    FieldText{"import cluster", "tls", "text", "`on` (the default) or `off`"},
    FieldText{"import cluster", "auth", "text", "`password` (the default) or `iam`"},
    FieldText{"import cluster", "iam_cluster", "text", "the cluster's name at AWS, where the endpoint does not tell it"},
    FieldText{"import cluster", "iam_region", "text", "the same"},

    FieldText{"change", "clusters", "list of @change cluster", "replaces the whole list"},
    FieldText{"change", "user", "text", "of all clusters; empty: none, and no password"},
    FieldText{"change", "auth", "text", "`password` or `iam`"},
    FieldText{"change", "iam_cluster", "text", "the cluster's name at AWS"},
    FieldText{"change", "iam_region", "text", ""},
    FieldText{"change", "password", "text", "of the user"},
    FieldText{"change", "ca", "text", "PEM; empty: the system's certificates again"},
    FieldText{"change", "signer", "text", "`manual`, `pki:/DIR`, `acm-pca:ARN`, `command:/PROGRAM`"},
    FieldText{"change", "revoke_old", "boolean", "with a signer `pki:` only"},
    FieldText{"change cluster", "endpoint", "text", "`HOST[:PORT]`, `[V6][:PORT]`"},
    FieldText{"change cluster", "tls", "text", "`on` or `off`; absent: as it is"},

    FieldText{"event", "type", "text", "see below"},
    FieldText{"event", "at", "time", ""},
    FieldText{"event", "profile", "text", "absent: about the agent itself"},
    FieldText{"event", "snapshot", "@snapshot", ""},
    FieldText{"event", "from", "text", "what it was; absent: it is new"},
    FieldText{"event", "to", "text", "what it is; absent: it is gone"},
    FieldText{"event", "attempt", "integer", "as of a [tunnel](#tunnel)"},
    FieldText{"event", "cause", "text", "of the last restart, or of `blocked`"},
    FieldText{"event", "retry_at", "time", "in phase `waiting`"},
    FieldText{"event", "layer", "text", ""},
    FieldText{"event", "cluster", "text", "its endpoint"},
    FieldText{"event", "node", "text", "its name"},
    FieldText{"event", "finding", "@finding", "of an event `node`: only its code"},
    FieldText{"event", "code", "text", "of a finding"},
    FieldText{"event", "rotation", "@rotation", "absent: there is nothing to tell of any more"},
};
// clang-format on

}  // namespace

std::span<const FieldText> field_texts() noexcept { return kFields; }

const FieldText* find_field_text(std::string_view object, std::string_view field) noexcept {
    const auto* const at =
        std::ranges::find_if(kFields, [&](const FieldText& t) { return t.object == object && t.field == field; });
    return at == kFields.end() ? nullptr : at;
}

}  // namespace memdb::control
