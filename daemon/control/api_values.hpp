// The JSON values that api_snapshot, api_credential and event share; not for others.
#pragma once

#include "control/api_fields.hpp"
#include "control/snapshot.hpp"

namespace memdb::control {

json::object value_of(const AgentView& agent);
json::object value_of(const TunnelView& tunnel);
json::object value_of(const LayerView& layer);
json::object value_of(const NodeView& node);
json::object value_of(const ClusterView& cluster);
json::object value_of(const CredentialView& credential);
json::object value_of(const health::Finding& finding);
json::object value_of(const RotationView& rotation);
json::object value_of(const ProfileView& profile);
json::object value_of(const Snapshot& snapshot);

void read_credential(Fields& fields, CredentialView& credential);
void read_finding(Fields& fields, health::Finding& finding);
void read_rotation(Fields& fields, RotationView& rotation);
void read_snapshot(Fields& fields, Snapshot& snapshot);

}  // namespace memdb::control
