# shellcheck shell=bash
# Faults of the cluster itself: passwords, certificates, slots, roles, and a node that loads.

# --- the way back ---

# Whether a fault that stands keeps the cluster from ever being whole: then there is nothing to wait for.
cluster_kept_broken() { fault_active cluster-down || fault_active node-loading || [[ -n $(nodes_wanted_gone) ]]; }

need_whole_cluster() { cluster_ok 2>/dev/null || die "$1 needs a healthy cluster: $(cluster_trouble)"; }

# Starts what may live, and waits until the cluster is what it was: that includes the role of a primary that was
# replaced meanwhile.
cluster_mend() {
  local node
  nodes_silence
  for node in $(all_nodes); do
    node_wanted_gone "$node" || daemon_alive "$VPC" "$node" || node_start "$node"
  done
  if cluster_kept_broken; then return; fi
  wait_until 30 cluster_ok || die "the cluster does not come back: $(cluster_trouble)"
  for node in $(primaries); do
    wait_until 20 node_take_over "$node" || die "$node does not become primary again"
  done
  wait_until 20 cluster_ok || die "the cluster does not come back: $(cluster_trouble)"
}

primaries() { if fault_active failover; then say demo-0001-002; else say demo-0001-001; fi; say demo-000{2,3}-001; if twin_is_up; then say twin-0001-001; fi; }

node_take_over() {
  [[ $(node_role "$1") == master ]] && return 0
  node_admin "$1" CLUSTER FAILOVER || true
  wait_until 3 node_is_primary "$1"
}

node_is_primary() { [[ $(node_role "$1") == master ]]; }

role_word() { if [[ $1 == master ]]; then echo primary; else echo replica; fi; }

# --- failover ---

# As it happens on AWS: the host of a primary dies, the others notice after the node timeout and elect its replica, a
# host with the old name comes back as replica. While it is gone, its name is in the fault's file.
fault_failover() {
  local node=demo-0001-001 next=demo-0001-002
  fault_active failover || need_whole_cluster failover
  if ! node_is_primary "$next"; then
    fault_mark failover "$node"
    nodes_silence
    kill_daemon "$VPC" "$node"
    wait_until 12 node_is_primary "$next" || die "$next did not take over within 12 s; undo: $HINT heal failover"
  fi
  fault_mark failover
  nodes_silence
  if ! node_wanted_gone "$node" && ! daemon_alive "$VPC" "$node"; then node_start "$node"; fi
  cluster_kept_broken || wait_until 10 cluster_ok || die "the cluster is not whole again: $(cluster_trouble)"
  fault_done failover "$next is primary in the place of $node, which is its replica now"
}

heal_failover() {
  cluster_mend
  say "failover healed: the roles are what they were"
}

# --- cluster-down ---

# The owner first: the others would believe it again if it still claimed them. Its nodes live and answer PING.
fault_cluster_down() {
  if ! fault_active cluster-down; then
    need_whole_cluster cluster-down
    fault_mark cluster-down
  fi
  wait_until 15 slots_forgotten || die "nodes do not forget the slots of shard 3; undo: $HINT heal cluster-down"
  fault_done cluster-down "the slots $(shard_slots 3 | tr ' ' -) belong to nobody"
}

slots_forgotten() {
  local node rc=0
  for node in demo-0003-001 demo-0003-002 demo-000{1,2}-00{1,2}; do
    if ! daemon_alive "$VPC" "$node" || slots_assigned "$node" "$(($(shard_slots 3 | cut -d' ' -f1)))"; then continue; fi
    rc=1
    # shellcheck disable=SC2046
    node_admin "$node" CLUSTER DELSLOTSRANGE $(shard_slots 3) || true
  done
  return "$rc"
}

slots_assigned() { [[ $(node_admin "$1" CLUSTER INFO) == *cluster_slots_assigned:"$2"[^0-9]* ]]; }

heal_cluster_down() {
  local node
  for node in demo-0003-001 demo-0003-002; do if node_is_primary "$node"; then break; fi; done
  node_is_primary "$node" || die "shard 3 has no primary to give its slots to; first: $HINT heal node-down"
  # shellcheck disable=SC2046
  slots_assigned "$node" 16384 || node_admin "$node" CLUSTER ADDSLOTSRANGE $(shard_slots 3) >/dev/null
  cluster_mend
  say "cluster-down healed: every slot has its owner back"
}

# --- node-loading ---

# A node that was restarted with much data. The data is a file of its own, which no other start of the node reads: what
# it would become is never in the cluster.
fault_node_loading() {
  local node
  node=$(node_named "${1:-demo-0002-002}")
  if node_wanted_gone "$node"; then die "$node is down; first: $HINT heal node-down"; fi
  if ! node_must_load "$node" || [[ $(node_ping "$node") != loading ]]; then
    loading_data >"$LAB_DIR/nodes/$node/loading.rdb"
    fault_note node-loading "$node"
    kill_daemon "$VPC" "$node"
    node_start "$node"
  fi
  fault_done node-loading "$node answers -LOADING for half an hour"
}

heal_node_loading() {
  local node nodes
  nodes=$(fault_text node-loading)
  for node in $nodes; do
    kill_daemon "$VPC" "$node"
    rm -f "$LAB_DIR/nodes/$node/loading.rdb"
  done
  cluster_mend
  say "node-loading healed: ${nodes//$'\n'/ } has its data"
}

node_must_load() {
  fault_active node-loading && grep -qsxF -- "$1" "$LAB_DIR/faults/node-loading" && [[ -e $LAB_DIR/nodes/$1/loading.rdb ]]
}

# 60 ms a key, and a look at the network at least once a key, because a key is more than 1024 bytes.
loading_options() { printf '%s\n' --dbfilename loading.rdb --key-load-delay 60000 --loading-process-events-interval-bytes 1024; }

# An RDB file: version 9, database 0, 30 000 strings of 1100 bytes, the end, no checksum.
loading_data() {
  perl -e '
    print "REDIS0009\xfe\x00";
    print "\x00", chr 9, sprintf("key:%05d", $_), "\x44\x4c", "x" x 1100 for 1 .. 30000;
    print "\xff", "\x00" x 8'
}

# --- auth-wrong, which may be called auth-rejected ---

each_live_node() {
  local node
  for node in $(all_nodes); do if daemon_alive "$VPC" "$node"; then "$@" "$node"; fi; done
}

# What user app is under the faults of the time.
node_write_user() {
  local password may=()
  password=$(cat "$LAB_DIR/cluster-password")
  if fault_active auth-wrong; then password=$(openssl rand -hex 16); fi
  if fault_active auth-no-permission; then may=(-ping -cluster); fi
  node_admin "$1" ACL SETUSER app resetpass ">$password" +@all "${may[@]}" >/dev/null
}

node_change_user() {
  node_write_user "$1"
  node_admin "$1" CLIENT KILL USER app >/dev/null
}

fault_auth_wrong() {
  fault_mark auth-wrong
  each_live_node node_change_user
  fault_done auth-wrong "user app has another password on every node, its connections were closed"
}

heal_auth_wrong() {
  each_live_node node_write_user
  say "auth-wrong healed: user app has its password back"
}

# --- auth-no-permission ---

fault_auth_no_permission() {
  fault_mark auth-no-permission
  each_live_node node_change_user
  fault_done auth-no-permission "user app may run neither PING nor CLUSTER, its connections were closed"
}

heal_auth_no_permission() {
  each_live_node node_write_user
  say "auth-no-permission healed: user app may run every command"
}

# --- tls-untrusted ---

node_show() {
  node_admin "$2" CONFIG SET tls-cert-file "$LAB_DIR/tls/$2.$1.pem" tls-key-file "$LAB_DIR/tls/$2.$1.key" >/dev/null
  node_admin "$2" CLIENT KILL TYPE normal >/dev/null
}

fault_tls_untrusted() {
  fault_mark tls-untrusted
  each_live_node node_show untrusted
  fault_done tls-untrusted "the nodes show certificates of another CA, clients' connections were closed"
}

heal_tls_untrusted() {
  each_live_node node_show cluster
  say "tls-untrusted healed: the nodes show their own certificates"
}
