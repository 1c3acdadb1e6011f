# shellcheck shell=bash
# Faults where something stands in a node's place: packets to the node's port reach it instead, at the node's address. The
# nodes themselves, and what they say to each other, stay untouched.

# --- what stands in whose place ---

readonly SLOW_PORT=6389
tls_faults() { printf '%s\n' tls-not-offered tls-name-mismatch tls-expired; }
front_port() { case $1 in tls-not-offered) echo 6380 ;; tls-name-mismatch) echo 6381 ;; tls-expired) echo 6382 ;; esac; }

# From the faults of the time: of two for one node the first counts.
fronts_write() {
  local name node
  {
    printf 'add table inet lab_front\nflush table inet lab_front\ntable inet lab_front {\n  chain pre {\n'
    printf '    type nat hook prerouting priority -100;\n'
    for name in $(tls_faults); do
      fault_active "$name" || continue
      for node in $(all_nodes); do front_rules "$node" "$(front_port "$name")"; done
    done
    if fault_active node-slow; then for node in $(fault_text node-slow); do front_rules "$node" "$SLOW_PORT"; done; fi
    printf '  }\n}\n'
  } | in_ns "$VPC" nft -f -
}

# front_rules NODE PORT
front_rules() {
  local address
  for address in $(node_addresses "$1"); do
    case $address in
      *:*) printf '    iifname "eth0" ip6 daddr %s tcp dport 6379 dnat ip6 to [%s]:%s\n' "$address" "$address" "$2" ;;
      *) printf '    iifname "eth0" ip daddr %s tcp dport 6379 dnat ip to %s:%s\n' "$address" "$address" "$2" ;;
    esac
  done
}

# Connections that stand go past the new rules; what comes next does not.
node_cut() { node_admin "$1" CLIENT KILL TYPE normal >/dev/null; }

# --- tls-not-offered, tls-name-mismatch, tls-expired ---

# A Redis of its own, because a node that shows such a certificate would lose the others on the cluster's bus, too.
front_up() {
  local name=$1 dir=$LAB_DIR/nodes/$1 options
  ! daemon_alive "$VPC" "$name" || return 0
  mkdir -p "$dir"
  options="port $(front_port "$name")"
  if [[ $name != tls-not-offered ]]; then
    options="port 0
tls-port $(front_port "$name")
tls-auth-clients no
tls-cert-file $LAB_DIR/tls/$name.crt
tls-key-file $LAB_DIR/tls/$name.key
tls-ca-cert-file $LAB_DIR/tls/cluster-ca.pem"
  fi
  printf '%s\ndir %s\nbind 0.0.0.0 ::\nprotected-mode no\nsave ""\nuser default off\nuser app on >%s ~* &* +@all\n' \
    "$options" "$dir" "$(cat "$LAB_DIR/cluster-password")" >"$dir/front.conf"
  chmod 0600 "$dir/front.conf"
  start_daemon "$VPC" "$name" "$REDIS_SERVER" "$dir/front.conf"
  wait_until 5 front_listens "$(front_port "$name")" || die_log "$name" "the Redis of $name does not listen"
}

front_listens() { in_ns "$VPC" bash -c "exec 3<>/dev/tcp/10.20.0.2/$1"; }

tls_fault() {
  local name=$1 words=$2
  fault_mark "$name"
  front_up "$name"
  fronts_write
  each_live_node node_cut
  fault_done "$name" "$words"
}

# The stand-in ends, and its connections with it.
tls_heal() {
  fronts_write
  kill_daemon "$VPC" "$1"
  say "$1 healed: the nodes themselves answer"
}

front_certificate() {
  [[ -e $LAB_DIR/tls/$1.crt ]] || pki_sign "$LAB_DIR/tls/$1" "${@:2:3}" "$LAB_DIR/tls/cluster-ca.pem" "$LAB_DIR/tls/cluster-ca.key" serverAuth "$5"
}

fault_tls_not_offered() { tls_fault tls-not-offered "TCP 6379 is answered by a Redis without TLS"; }
heal_tls_not_offered() { tls_heal tls-not-offered; }

fault_tls_name_mismatch() {
  front_certificate tls-name-mismatch other.lab.test "$LONG_AGO" "$IN_DECADES" DNS:other.lab.test
  tls_fault tls-name-mismatch "TCP 6379 is answered with a certificate for other.lab.test"
}
heal_tls_name_mismatch() { tls_heal tls-name-mismatch; }

fault_tls_expired() {
  front_certificate tls-expired "$CLUSTER_ENDPOINT" "$LONG_AGO" "$A_YEAR_LATER" "DNS:$CLUSTER_ENDPOINT, DNS:*.$CLUSTER_DOMAIN, DNS:*.$TWIN_DOMAIN"
  tls_fault tls-expired "TCP 6379 is answered with a certificate of 2020"
}
heal_tls_expired() { tls_heal tls-expired; }

# --- node-slow ---

fault_node_slow() {
  local node
  node=$(node_named "${1:-demo-0002-002}")
  if ! node_is_slow "$node"; then
    fault_note node-slow "$node"
    node_slow_down "$node"
  fi
  fault_done node-slow "what $node says comes 300 ms late"
}

node_is_slow() { fault_active node-slow && grep -qxF -- "$1" "$LAB_DIR/faults/node-slow" && daemon_alive "$VPC" slow-relay; }

# Connections move to the relay at full speed: a node becomes slow, it does not begin slow. Whoever has none within 8 s wants
# none.
node_slow_down() {
  # shellcheck disable=SC2154  # of scripts/lab
  daemon_alive "$VPC" slow-relay || start_daemon "$VPC" slow-relay perl "$here/lab.d/slow_relay.pl" "$SLOW_PORT" 6379 300
  wait_until 5 front_listens "$SLOW_PORT" || die_log slow-relay "the relay does not listen"
  fronts_write
  kill -USR2 "$(daemon_pid "$VPC" slow-relay)"
  if daemon_alive "$VPC" "$1"; then node_cut "$1"; fi
  wait_until 8 relay_has "$1" || true
  kill -USR1 "$(daemon_pid "$VPC" slow-relay)"
}

relay_has() { in_ns "$VPC" ss -Htn state established "sport = :$SLOW_PORT" | grep -qF "$(node_address "$1")"; }

heal_node_slow() {
  local slow
  slow=$(fault_text node-slow | tr '\n' ' ')
  fronts_write
  kill_daemon "$VPC" slow-relay
  say "node-slow healed: ${slow% } at full speed"
}
