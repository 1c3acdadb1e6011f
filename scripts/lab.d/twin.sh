# shellcheck shell=bash
# A second VPC behind a second endpoint, for two profiles that are connected at once: 10.21.0.0/16, a VPN server on 192.0.2.4, a
# cluster of one shard (twin-0001-001 and its replica). It lies in the same namespaces, so what breaks the laptop, the way to
# the endpoint, the endpoint's servers or the nodes breaks both; the passwords and certificate authorities are the same.

readonly TWIN_SERVER=192.0.2.4 TWIN_RESOLVER=10.21.0.2 TWIN_INSIDE=10.21.0.11

twin_is_up() { [[ -e $LAB_DIR/twin ]]; }
twin_nodes() { printf 'twin-0001-%03d\n' 1 2; }
each_of_twin() { local node; for node in $(twin_nodes); do "$@" "$node"; done; }

twin_up() {
  if twin_is_up; then
    say "the twin is up already"
    return 0
  fi
  [[ -z $(active_faults) ]] || die "the twin needs a lab without faults; first: $HINT heal all"
  ip -n "$EDGE" addr replace "$TWIN_SERVER/24" dev inet
  ip -n "$EDGE" addr replace "$TWIN_INSIDE/16" dev vpc
  ip -n "$VPC" addr replace "$TWIN_RESOLVER/16" dev eth0
  each_of_twin net_node_addresses | ip -n "$VPC" -force -batch - 2>/dev/null || true  # those of an interrupted one are there
  each_of_twin twin_node_up
  wait_until 20 twin_form || die "the twin's cluster does not come together"
  touch "$LAB_DIR/twin"
  wait_until 20 cluster_ok || die "the twin's cluster does not come together: $(cluster_trouble)"
  dns_again
  install -d "$LAB_DIR/vpn/twin-clients"
  vpn_write_routes
  vpn_config 3 >"$LAB_DIR/vpn/server3.conf"
  vpn_start 3
  sed "s/$VPN_ENDPOINT/$TWIN_VPN_ENDPOINT/" "$LAB_DIR/downloaded-client-config.ovpn" >"$LAB_DIR/twin-client-config.ovpn"
  say "the twin is up: twin-client-config.ovpn with client2, cluster clustercfg.$TWIN_DOMAIN"
}

twin_node_up() {
  daemon_alive "$VPC" "$1" && return 0
  pki_node "$1" cluster rsa:2048
  pki_node "$1" untrusted ec
  node_config "$1"
  node_start "$1"
}

# Until the replica knows its primary; what is done already is refused, and need not be done again.
twin_form() {
  local primary
  node_admin twin-0001-001 CLUSTER ADDSLOTSRANGE 0 16383 || true
  node_admin twin-0001-001 CLUSTER MEET "$(node_address twin-0001-002)" 6379 || true
  primary=$(node_admin twin-0001-001 CLUSTER MYID)
  node_admin twin-0001-002 CLUSTER REPLICATE "$primary"
}

# Never redirect-gateway: of two endpoints that both take all traffic only one can have it.
twin_write_routes() {
  {
    if ! fault_active vpn-route-missing; then say 'push "route 10.21.0.0 255.255.0.0"'; fi
  } >"$LAB_DIR/vpn/twin-routes"
  mv "$LAB_DIR/vpn/twin-routes" "$LAB_DIR/vpn/twin-clients/DEFAULT"
}
