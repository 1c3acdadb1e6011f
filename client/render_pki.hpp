// A PKI as people and programs read it: `pki list`. Pure.
#pragma once

#include "client/pki/certificate_kind.hpp"
#include "client/pki/index_parser.hpp"
#include "client/render.hpp"

#include <optional>
#include <string>
#include <vector>

namespace memdb::client {

struct CertificateRow {
    pki::IndexEntry entry;
    std::optional<pki::CertificateKind> kind;  ///< absent: its file is nowhere
};

struct PkiReport {
    std::string folder;
    std::string ca_subject;
    WallTime ca_expires{};
    std::optional<pki::CrlFacts> crl;  ///< absent: none was made yet
    std::vector<CertificateRow> rows;
};

/// A table, then the CA and the revocation list. On a terminal that is too narrow for them, without the serials.
std::string render_pki(const PkiReport& report, WallTime now, const Style& style);

/// {"pki","ca":{…},"crl":{…}|null,"certificates":[{"name","serial","kind","status","expires","days_left","revoked_at",
/// "reason"}]}, one line.
std::string pki_json(const PkiReport& report, WallTime now);

/// "2 revoked, next update 2027-05-22 (in 179 days)", "… (PASSED 3 days ago)".
std::string crl_text(const pki::CrlFacts& crl, WallTime now);

/// Whole days from `now` to `then`, rounded down.
std::int64_t days_between(WallTime now, WallTime then);

}  // namespace memdb::client
