// Pieces of what people read of a profile, shared by `status` and `watch`. Pure.
#pragma once

#include "client/brush.hpp"
#include "client/render.hpp"

#include <string>

namespace memdb::client {

Paint paint_of(health::Verdict verdict);
Paint paint_of(control::LayerState state);
Paint paint_of(health::Severity severity);

/// Trouble is in capitals.
std::string word_of(health::Verdict verdict);

/// "certificate: 241 days left".
std::string certificate_text(const control::CredentialView& credential, const Brush& brush);

/// "demo  reachable  for 3 h 12 min", the certificate at the right edge; with a newline.
std::string head_line(const control::ProfileView& profile, WallTime now, const Style& style, const Brush& brush);

/// "  process ✓ handshake ✓ …": 82 columns. On a narrower screen without the blank before the symbol, or in two lines.
std::string layers_line(const control::ProfileView& profile, const Style& style, const Brush& brush);

/// "10.0.0.2 on tun0 via 192.0.2.1:443, session ends in 20 h"; while it is not up, what it does.
std::string tunnel_text(const control::TunnelView& tunnel, WallTime now, const Brush& brush);

/// "clustercfg.demo…:6379, 3 shards, 6 nodes, all slots".
std::string cluster_text(const control::ClusterView& cluster, const Brush& brush);

}  // namespace memdb::client
