# shellcheck shell=bash
# Faults of the VPC: what its security group does, and hosts that are gone.

# --- port-filtered, port-refused ---

# A node's own, and those of what stands in its place (faults_nodes.sh).
readonly NODE_PORTS=6379-6389

# Drops what belongs to established connections, too, as a security group does once its tracking is gone.
fault_port_filtered() {
  fault_mark port-filtered
  in_ns "$VPC" nft "flush chain inet lab port_filtered; add rule inet lab port_filtered tcp dport $NODE_PORTS drop"
  fault_done port-filtered "TCP 6379 is dropped on its way into the VPC"
}

heal_port_filtered() {
  in_ns "$VPC" nft flush chain inet lab port_filtered
  say "port-filtered healed: TCP 6379 passes again"
}

# The nodes live, but whoever comes, or is there already, gets a reset, as if nobody listened.
fault_port_refused() {
  fault_mark port-refused
  in_ns "$VPC" nft \
    "flush chain inet lab port_refused; add rule inet lab port_refused tcp dport $NODE_PORTS reject with tcp reset"
  fault_done port-refused "TCP 6379 is answered with a reset"
}

heal_port_refused() {
  in_ns "$VPC" nft flush chain inet lab port_refused
  say "port-refused healed: TCP 6379 passes again"
}

# --- node-down, all-nodes-down ---

fault_node_down() {
  local node
  node=$(node_named "${1:-demo-0003-002}")
  fault_note node-down "$node"
  nodes_silence
  kill_daemon "$VPC" "$node"
  fault_done node-down "$node is dead and silent"
}

heal_node_down() {
  local nodes
  nodes=$(fault_text node-down | tr '\n' ' ')
  cluster_mend
  say "node-down healed: ${nodes% } back"
}

# All silent before the first dies, so that no replica lives to take over: they come back in the roles that they had.
fault_all_nodes_down() {
  fault_mark all-nodes-down
  nodes_silence
  each_of_all kill_daemon "$VPC"
  fault_done all-nodes-down "all nodes are dead and silent"
}

heal_all_nodes_down() {
  cluster_mend
  say "all-nodes-down healed: the nodes are back"
}

# Silent are the nodes that faults want gone, and no others. In one step, so that nobody speaks up meanwhile.
nodes_silence() {
  local node batch="flush set inet lab gone4; flush set inet lab gone6"
  for node in $(nodes_wanted_gone); do
    batch+="; add element inet lab gone4 { $(node_address "$node") }"
    if [[ -n $(node_address6 "$node") ]]; then batch+="; add element inet lab gone6 { $(node_address6 "$node") }"; fi
  done
  in_ns "$VPC" nft "$batch"
}

nodes_wanted_gone() {
  if fault_active all-nodes-down; then all_nodes; fi
  if fault_active node-down; then fault_text node-down; fi
  if fault_active failover; then fault_text failover; fi
}

node_wanted_gone() { nodes_wanted_gone | grep -qxF -- "$1"; }
