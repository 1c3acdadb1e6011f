# shellcheck shell=bash
# What can break, how to break it, and what memdbd must say then. A fault NAME is the functions fault_NAME and
# heal_NAME (`-` becomes `_`) and a line of the table; while it stands there is a file faults/NAME.

fault_table() {
  cat <<'END'
openvpn-killed|kill -9 of the openvpn clients on the laptop|none that lasts; restarts goes up
server-down|the endpoint is silent, its processes are dead|tunnel-silent, then endpoint-silent
node-down [NODE]|a node is gone, as its host with it (demo-0003-002)|node-unreachable, profile degraded
port-filtered|the security group is closed: TCP 6379 is dropped|port-filtered
auth-wrong|the password of user app is another one now|auth-rejected
tls-untrusted|the nodes show certificates of another CA|tls-untrusted
network-down|the laptop's link is down, its routes are gone|network-offline
END
}

fault_names() { fault_table | sed 's/[ |].*//'; }
fault_known() { fault_names | grep -qxF -- "$1"; }
fault_active() { [[ -e $LAB_DIR/faults/$1 ]]; }
active_faults() {
  local name
  for name in $(fault_names); do if fault_active "$name"; then echo "$name"; fi; done
}

faults_show() {
  local name what finding mark
  printf '%-17s %-51s %s\n' NAME "WHAT IT DOES" "WHAT MEMDBD MUST SHOW"
  while IFS='|' read -r name what finding; do
    mark=
    if fault_active "${name%% *}"; then mark=" (ACTIVE)"; fi
    printf '%-17s %-51s %s%s\n' "$name" "$what" "$finding" "$mark"
  done < <(fault_table)
  printf '\nBreak: %s fault NAME      Undo: %s heal NAME|all\n' "$HINT" "$HINT"
}

fault_set() {
  local name=${1:-}
  [[ -n $name ]] || die_usage "which fault? see: $HINT faults"
  fault_known "$name" || die_usage "no fault is called $name; see: $HINT faults"
  shift
  (($# == 0)) || [[ $name == node-down && $# == 1 ]] || die_usage "fault $name takes no argument $*"
  need_lab
  mkdir -p "$LAB_DIR/faults"
  "fault_${name//-/_}" "$@"
}

fault_heal() {
  local name=${1:-}
  [[ -n $name ]] || die_usage "which fault? a name, or all; active now: $(active_faults | tr '\n' ' ')"
  [[ $name == all ]] || fault_known "$name" || die_usage "no fault is called $name; see: $HINT faults"
  need_lab
  if [[ $name != all ]]; then
    fault_heal_one "$name"
    return
  fi
  [[ -n $(active_faults) ]] || say "nothing to heal: no fault is active"
  for name in $(active_faults); do fault_heal_one "$name"; done
}

fault_heal_one() {
  if ! fault_active "$1"; then
    case $1 in
      openvpn-killed) say "openvpn-killed needs no healing: whoever started openvpn starts it again" ;;
      *) say "$1 is not active" ;;
    esac
    return
  fi
  "heal_${1//-/_}"
  rm -f "$LAB_DIR/faults/$1"
}

fault_done() { say "$1: $2; undo: $HINT heal $1"; }

# --- openvpn-killed ---

# Found by namespace and executable: other openvpn of this machine are none of our business.
fault_openvpn_killed() {
  local pid killed=()
  for pid in $(ip netns pids "$LAPTOP"); do
    [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */openvpn* ]] || continue
    if kill -9 "$pid" 2>/dev/null; then killed+=("$pid"); fi
  done
  ((${#killed[@]} > 0)) || die "no openvpn runs on the laptop: nothing was killed"
  say "openvpn-killed: kill -9 ${killed[*]}; needs no healing"
}

# --- server-down ---

# Dead and silent: without the drop the edge's kernel would answer every packet with "port unreachable".
fault_server_down() {
  local server
  touch "$LAB_DIR/faults/server-down"
  in_ns "$EDGE" nft "flush chain inet lab endpoint_down; add rule inet lab endpoint_down udp dport 443 drop"
  for server in $SERVERS; do kill_daemon "$EDGE" "openvpn$server"; done
  fault_done server-down "the endpoint is dead and silent"
}

heal_server_down() {
  local server
  in_ns "$EDGE" nft flush chain inet lab endpoint_down
  for server in $SERVERS; do daemon_alive "$EDGE" "openvpn$server" || vpn_start "$server"; done
  say "server-down healed: the servers answer"
}

# --- node-down ---

fault_node_down() {
  local node role
  node=$(node_named "${1:-demo-0003-002}") || die_usage "no node is called $1; there are: $(nodes | tr '\n' ' ')"
  if grep -qsw -- "$node" "$LAB_DIR/faults/node-down"; then
    say "node-down: $node is down already; undo: $HINT heal node-down"
    return
  fi
  role=$(node_role "$node") || role=
  echo "$node ${role:-slave}" >>"$LAB_DIR/faults/node-down"
  node_silence add "$node"
  kill_daemon "$VPC" "$node"
  fault_done node-down "$node ($(role_word "$role")) is dead and silent"
}

role_word() { if [[ $1 == master ]]; then echo primary; else echo replica; fi; }

node_silence() {
  in_ns "$VPC" nft "$1" element inet lab gone4 "{ $(node_address "$2") }"
  if [[ -n $(node_address6 "$2") ]]; then in_ns "$VPC" nft "$1" element inet lab gone6 "{ $(node_address6 "$2") }"; fi
}

# A primary that was replaced meanwhile gets its role back, so that the lab is afterwards as it was.
heal_node_down() {
  local node role healed=()
  in_ns "$VPC" nft "flush set inet lab gone4; flush set inet lab gone6"
  while read -r node role; do
    daemon_alive "$VPC" "$node" || node_start "$node"
    if fault_active auth-wrong; then node_lose_password "$node"; fi
    if fault_active tls-untrusted; then node_show untrusted "$node"; fi
    healed+=("$node")
  done <"$LAB_DIR/faults/node-down"
  wait_until 30 cluster_ok || die "the cluster does not come back: $(cluster_trouble)"
  while read -r node role; do
    [[ $role == master ]] || continue
    wait_until 20 node_take_over "$node" || die "$node does not become primary again"
  done <"$LAB_DIR/faults/node-down"
  wait_until 20 cluster_ok || die "the cluster does not come back: $(cluster_trouble)"
  say "node-down healed: ${healed[*]} back, in the role it had"
}

node_take_over() {
  [[ $(node_role "$1") == master ]] && return 0
  node_admin "$1" CLUSTER FAILOVER || true
  wait_until 3 eval "[[ \$(node_role '$1') == master ]]"
}

# --- port-filtered ---

# Drops what belongs to established connections, too, as a security group does once its tracking is gone.
fault_port_filtered() {
  touch "$LAB_DIR/faults/port-filtered"
  in_ns "$VPC" nft "flush chain inet lab security_group; add rule inet lab security_group tcp dport 6379 drop"
  fault_done port-filtered "TCP 6379 is dropped on its way into the VPC"
}

heal_port_filtered() {
  in_ns "$VPC" nft flush chain inet lab security_group
  say "port-filtered healed: TCP 6379 passes again"
}

# --- auth-wrong ---

each_live_node() {
  local node
  for node in $(nodes); do if daemon_alive "$VPC" "$node"; then "$@" "$node"; fi; done
}

node_lose_password() {
  node_admin "$1" ACL SETUSER app resetpass ">$(openssl rand -hex 16)" >/dev/null
  node_admin "$1" CLIENT KILL USER app >/dev/null
}

node_restore_password() { node_admin "$1" ACL SETUSER app resetpass ">$(cat "$LAB_DIR/cluster-password")" >/dev/null; }

fault_auth_wrong() {
  touch "$LAB_DIR/faults/auth-wrong"
  each_live_node node_lose_password
  fault_done auth-wrong "user app has another password on every node, its connections were closed"
}

heal_auth_wrong() {
  each_live_node node_restore_password
  say "auth-wrong healed: user app has its password back"
}

# --- tls-untrusted ---

node_show() {
  node_admin "$2" CONFIG SET tls-cert-file "$LAB_DIR/tls/$2.$1.pem" tls-key-file "$LAB_DIR/tls/$2.$1.key" >/dev/null
  node_admin "$2" CLIENT KILL TYPE normal >/dev/null
}

fault_tls_untrusted() {
  touch "$LAB_DIR/faults/tls-untrusted"
  each_live_node node_show untrusted
  fault_done tls-untrusted "the nodes show certificates of another CA, clients' connections were closed"
}

heal_tls_untrusted() {
  each_live_node node_show cluster
  say "tls-untrusted healed: the nodes show their own certificates"
}

# --- network-down ---

fault_network_down() {
  touch "$LAB_DIR/faults/network-down"
  ip -n "$LAPTOP" link set eth0 down
  fault_done network-down "the laptop has no link"
}

heal_network_down() {
  net_laptop_link
  say "network-down healed: the laptop has its link, addresses and routes"
}
