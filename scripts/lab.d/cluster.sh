# shellcheck shell=bash
# A real Redis (or Valkey) cluster in the VPC: 3 shards of a primary and a replica, TLS only, announced by host name.
# demo-000S-00N has the address 10.20.S.N. Each node has a Unix socket too, on which the lab talks to it as `admin`,
# whatever the network, TLS and the password of `app` are like at the time.

readonly DUAL_STACK_NODE=demo-0002-001

nodes() { printf 'demo-%04d-%03d\n' 1 1 1 2 2 1 2 2 3 1 3 2; }
# With the twin's (twin.sh), where it is up.
all_nodes() { nodes; if twin_is_up; then twin_nodes; fi; }
each_of_all() { local node; for node in $(all_nodes); do "$@" "$node"; done; }
node_domain() { case $1 in twin-*) echo "$TWIN_DOMAIN" ;; *) echo "$CLUSTER_DOMAIN" ;; esac; }
node_network() { case $1 in twin-*) echo 10.21 ;; *) echo 10.20 ;; esac; }
each_node() { local node; for node in $(nodes); do "$@" "$node"; done; }
node_shard() { echo "$((10#${1:5:4}))"; }
node_address() { echo "$(node_network "$1").$((10#${1:5:4})).$((10#${1:10:3}))"; }
node_address6() { if [[ $1 == "$DUAL_STACK_NODE" ]]; then echo "${VPC_PREFIX6}$((10#${1:5:4})):$((10#${1:10:3}))"; fi; }
node_addresses() { node_address "$1"; node_address6 "$1"; }

# Takes a node as people write it: short name, full name or address.
node_named() {
  local node
  for node in $(all_nodes); do
    case $1 in "$node" | "$node.$(node_domain "$node")" | "$(node_address "$node")") echo "$node"; return 0 ;; esac
  done
  return 1
}

cluster_up() {
  mkdir -p "$LAB_DIR/nodes"
  (umask 077; openssl rand -hex 16 >"$LAB_DIR/cluster-password"; openssl rand -hex 16 >"$LAB_DIR/admin-password")
  pki_cluster
  each_node node_config
  each_node node_start
  cluster_form
}

node_config() {
  local dir=$LAB_DIR/nodes/$1 admin app
  mkdir -p "$dir"
  admin=$(cat "$LAB_DIR/admin-password") app=$(cat "$LAB_DIR/cluster-password")
  cat >"$dir/node.conf" <<END
dir $dir
unixsocket $dir/admin.sock
unixsocketperm 600
bind $(node_addresses "$1" | tr '\n' ' ')
bind-source-addr $(node_address "$1")
protected-mode no
port 0
tls-port 6379
tls-cluster yes
tls-replication yes
tls-auth-clients no
tls-cert-file $LAB_DIR/tls/$1.cluster.pem
tls-key-file $LAB_DIR/tls/$1.cluster.key
tls-ca-cert-file $LAB_DIR/tls/bus-ca.pem
tls-protocols "TLSv1.2 TLSv1.3"
cluster-enabled yes
cluster-config-file nodes.conf
cluster-node-timeout 3000
cluster-announce-ip $(node_address "$1")
cluster-announce-hostname $1.$(node_domain "$1")
cluster-preferred-endpoint-type hostname
cluster-allow-replica-migration no
cluster-replica-validity-factor 0
repl-diskless-sync-delay 0
repl-ping-replica-period 1
masteruser admin
masterauth $admin
user default off
user admin on >$admin ~* &* +@all
user app on >$app ~* &* +@all
save ""
appendonly no
maxmemory 64mb
tcp-backlog 128
always-show-logo no
END
  chmod 0600 "$dir/node.conf"
}

# As the faults of the time want it. INFO, and not PING, because a node that loads answers it, too.
node_start() {
  local options=()
  if node_must_load "$1"; then mapfile -t options < <(loading_options); fi
  start_daemon "$VPC" "$1" "$REDIS_SERVER" "$LAB_DIR/nodes/$1/node.conf" "${options[@]}"
  wait_until 5 node_admin "$1" INFO server || die_log "$1" "$1 does not answer"
  if fault_active auth-wrong || fault_active auth-no-permission; then node_write_user "$1"; fi
  if fault_active tls-untrusted; then node_show untrusted "$1"; fi
}

# node_admin NODE COMMAND…, or commands on stdin, one a line.
node_admin() {
  local node=$1 password out
  shift
  password=$(cat "$LAB_DIR/admin-password")
  out=$(REDISCLI_AUTH=$password VALKEYCLI_AUTH=$password timeout 5 "$REDIS_CLI" \
    -s "$LAB_DIR/nodes/$node/admin.sock" --user admin --no-auth-warning "$@") || return 1
  # redis-cli says "done" with its exit code even to an error reply.
  [[ ! $out =~ (^|$'\n')(ERR|NOAUTH|WRONGPASS|CLUSTERDOWN|NOPERM|LOADING|\(error\)) ]] || { echo "$out" >&2; return 1; }
  printf '%s\n' "$out"
}

# By hand and not with `redis-cli --cluster create`, which sleeps a lot and waits for ever when the bus does not work.
cluster_form() {
  local node primary
  each_node node_claim_slots
  each_node node_meet
  for node in $(nodes); do
    [[ $node == *-002 ]] || continue
    primary=$(node_admin "${node%2}1" CLUSTER MYID)
    wait_until 15 node_admin "$node" CLUSTER REPLICATE "$primary" ||
      die_log "$node" "$node cannot become the replica of ${node%2}1"
  done
  wait_until 20 cluster_ok || die "the cluster does not come together: $(cluster_trouble)"
}

node_claim_slots() {
  local shard
  shard=$(node_shard "$1")
  node_admin "$1" CLUSTER SET-CONFIG-EPOCH "$((shard * 2 + (10#${1:10:3}) - 2))" >/dev/null
  [[ $1 == *-001 ]] || return 0
  # shellcheck disable=SC2046
  node_admin "$1" CLUSTER ADDSLOTSRANGE $(shard_slots "$shard") >/dev/null
}

shard_slots() { echo "$(($1 * 5461 - 5461)) $(($1 == 3 ? 16383 : $1 * 5461 - 1))"; }

# Everyone meets everyone: waiting for gossip to spread takes seconds.
node_meet() {
  local other
  for other in $(nodes); do
    if [[ $other > $1 ]]; then say "CLUSTER MEET $(node_address "$other") 6379"; fi
  done | node_admin "$1" >/dev/null
}

node_role() { node_admin "$1" ROLE 2>/dev/null | head -n 1; }

node_ok() {
  local info known=6
  if [[ $1 == twin-* ]]; then known=2; fi
  info=$(node_admin "$1" CLUSTER INFO) || return 1
  [[ $info == *cluster_state:ok* && $info == *cluster_known_nodes:$known* && $info == *cluster_slots_ok:16384* ]] || return 1
  info=$(node_admin "$1" INFO replication) || return 1
  case $info in
    *role:master*) [[ $info == *connected_slaves:1* ]] ;;
    *) [[ $info == *master_link_status:up* ]] ;;
  esac
}

cluster_ok() { local node; for node in $(all_nodes); do node_ok "$node" || return 1; done; }
cluster_trouble() { local node; for node in $(all_nodes); do node_ok "$node" 2>/dev/null || printf '%s ' "$node"; done; echo "not ready"; }

# What a client in the VPC gets: TLS, AUTH, PING. Says ok, or what is wrong. (redis-cli checks the chain, not the name.)
node_ping() {
  local password answer
  password=$(cat "$LAB_DIR/cluster-password")
  answer=$(in_ns "$VPC" env REDISCLI_AUTH="$password" VALKEYCLI_AUTH="$password" timeout 2 "$REDIS_CLI" --tls \
    --cacert "$LAB_DIR/cluster-ca.pem" --sni "$1.$(node_domain "$1")" -h "$(node_address "$1")" --user app \
    --no-auth-warning PING 2>&1) || true
  case $answer in
    PONG) echo ok ;;
    *WRONGPASS* | *NOAUTH*) echo "password rejected" ;;
    *NOPERM*) echo "may not PING" ;;
    *LOADING*) echo "loading" ;;
    *certificate*) echo "certificate untrusted" ;;
    *) echo silent ;;
  esac
}
