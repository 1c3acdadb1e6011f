# shellcheck shell=bash
# Two real dnsmasq: the internet's resolver at the edge and the VPC's at 10.20.0.2.

dns_up() {
  mkdir -p "$LAB_DIR/dns"
  # As on AWS the cluster's names resolve everywhere, to private addresses.
  each_node dns_node_lines >"$LAB_DIR/dns/cluster.hosts"
  dns_config "$EDGE_RESOLVER" >"$LAB_DIR/dns/edge.conf"
  # The endpoint's name resolves only with a label in front of it, and IPv4 and IPv6 have a name each. `local` beside
  # `address` turns the question for the other family from "no such name" into "no such address".
  cat >>"$LAB_DIR/dns/edge.conf" <<END
address=/*.$VPN_ENDPOINT/192.0.2.1
address=/*.$VPN_ENDPOINT/192.0.2.3
local=/*.$VPN_ENDPOINT/
address=/*.$VPN_ENDPOINT6/$EDGE_ADDRESS6
local=/*.$VPN_ENDPOINT6/
END
  dns_config "$VPC_RESOLVER" >"$LAB_DIR/dns/vpc.conf"
  chmod 0644 "$LAB_DIR"/dns/*
  dns_start edge
  dns_start vpc
}

dns_config() {
  cat <<END
keep-in-foreground
log-facility=-
no-resolv
no-hosts
no-poll
bind-interfaces
listen-address=$1
port=53
user=root
group=root
pid-file=
cache-size=0
local-ttl=5
local=/test/
addn-hosts=$LAB_DIR/dns/cluster.hosts
END
}

dns_node_lines() {
  local address
  for address in $(node_addresses "$1"); do say "$address $1.$CLUSTER_DOMAIN"; done
  say "$(node_address "$1") $CLUSTER_ENDPOINT"
}

dns_namespace() { case $1 in edge) echo "$EDGE" ;; *) echo "$VPC" ;; esac; }

dns_start() {
  start_daemon "$(dns_namespace "$1")" "dns-$1" dnsmasq --conf-file="$LAB_DIR/dns/$1.conf"
  wait_until 5 dns_answers "$1" || die_log "dns-$1" "the DNS server of $1 does not answer"
}

# A real question, asked from the namespace that the server is for.
dns_answers() {
  local ns=$EDGE name=probe.$VPN_ENDPOINT
  [[ $1 == vpc ]] && ns=$VPC name=$CLUSTER_ENDPOINT
  timeout 3 ip netns exec "$ns" getent ahostsv4 "$name" >/dev/null
}
