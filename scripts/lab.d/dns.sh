# shellcheck shell=bash
# Two real dnsmasq: the internet's resolver at the edge and the VPC's at 10.20.0.2.

readonly RESOLVER_NAME=resolver.lab.test

dns_up() {
  mkdir -p "$LAB_DIR/dns"
  dns_write
  dns_start edge
  dns_start vpc
}

# What the resolvers know under the faults of the time. As on AWS the cluster's names resolve everywhere, to private
# addresses.
dns_write() {
  dns_hosts edge >"$LAB_DIR/dns/edge.hosts"
  dns_hosts vpc >"$LAB_DIR/dns/vpc.hosts"
  { dns_config edge "$EDGE_RESOLVER"; dns_endpoint; } >"$LAB_DIR/dns/edge.conf"
  dns_config vpc "$VPC_RESOLVER" >"$LAB_DIR/dns/vpc.conf"
  chmod 0644 "$LAB_DIR"/dns/*
}

dns_hosts() {
  if fault_active cluster-name-unresolved; then
    [[ $1 == vpc && $(fault_text cluster-name-unresolved) == lan ]] || return 0
  fi
  if [[ $1 == edge ]] && fault_active cluster-address-outside-routes; then
    # No IPv6 address either: it would still be the right one.
    each_of_all dns_node_lines | sed '/:/d; s/^10\.20\./10.99./; s/^10\.21\./10.98./'
  else
    each_of_all dns_node_lines
  fi
}

# The endpoint's name resolves only with a label in front of it, and IPv4 and IPv6 have a name each. `local` beside
# `address` turns the question for the other family from "no such name" into "no such address".
dns_endpoint() {
  if fault_active endpoint-name-unresolved; then return; fi
  cat <<END
address=/*.$VPN_ENDPOINT/192.0.2.1
address=/*.$VPN_ENDPOINT/192.0.2.3
local=/*.$VPN_ENDPOINT/
address=/*.$VPN_ENDPOINT6/$EDGE_ADDRESS6
local=/*.$VPN_ENDPOINT6/
END
  if twin_is_up; then printf 'address=/*.%s/%s\nlocal=/*.%s/\n' "$TWIN_VPN_ENDPOINT" "$TWIN_SERVER" "$TWIN_VPN_ENDPOINT"; fi
}

# Ended and started, because dnsmasq reads its configuration only once. It keeps nothing that would be lost.
dns_again() {
  local name
  dns_write
  for name in edge vpc; do
    kill_daemon "$(dns_namespace "$name")" "dns-$name"
    dns_start "$name"
  done
}

dns_config() {
  cat <<END
keep-in-foreground
log-facility=-
no-resolv
no-hosts
no-poll
bind-interfaces
listen-address=$2$(if [[ $1 == vpc ]] && twin_is_up; then echo ",$TWIN_RESOLVER"; fi)
port=53
user=root
group=root
pid-file=
cache-size=0
local-ttl=5
local=/test/
host-record=$RESOLVER_NAME,$2
addn-hosts=$LAB_DIR/dns/$1.hosts
END
  if [[ -e $LAB_DIR/farm/hosts ]]; then say "addn-hosts=$LAB_DIR/farm/hosts"; fi
}

dns_node_lines() {
  local address
  for address in $(node_addresses "$1"); do say "$address $1.$(node_domain "$1")"; done
  say "$(node_address "$1") clustercfg.$(node_domain "$1")"
}

dns_namespace() { case $1 in edge) echo "$EDGE" ;; *) echo "$VPC" ;; esac; }

dns_start() {
  start_daemon "$(dns_namespace "$1")" "dns-$1" dnsmasq --conf-file="$LAB_DIR/dns/$1.conf"
  wait_until 5 dns_answers "$1" || die_log "dns-$1" "the DNS server of $1 does not answer"
}

# A real question, asked from the namespace that the server is for, for a name that no fault takes away.
dns_answers() { timeout 3 ip netns exec "$(dns_namespace "$1")" getent ahostsv4 "$RESOLVER_NAME" >/dev/null; }
