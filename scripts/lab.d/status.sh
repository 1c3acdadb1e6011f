# shellcheck shell=bash
# What runs, found out by using it: a packet to each VPN server, a question to each DNS server, a PING over TLS to each node.

# Sets SERVER_STATE, DNS_STATE, NODE_STATE, NODE_ROLE, LAPTOP_STATE, FAULTS and HEALTHY.
status_collect() {
  local name
  declare -gA SERVER_STATE=() DNS_STATE=() NODE_STATE=() NODE_ROLE=()
  HEALTHY=true
  mapfile -t FAULTS < <(active_faults)
  ((${#FAULTS[@]} == 0)) || HEALTHY=false
  for name in $(servers); do SERVER_STATE[$name]=$(status_of vpn_answers "$name"); done
  for name in edge vpc; do DNS_STATE[$name]=$(status_of dns_answers "$name"); done
  for name in $(all_nodes); do
    NODE_STATE[$name]=dead NODE_ROLE[$name]=unknown
    if daemon_alive "$VPC" "$name"; then
      NODE_STATE[$name]=$(node_ping "$name")
      # A replica that loads calls itself a primary.
      [[ ${NODE_STATE[$name]} == loading ]] || NODE_ROLE[$name]=$(role_word "$(node_role "$name")")
    fi
  done
  for name in "${SERVER_STATE[@]}" "${DNS_STATE[@]}" "${NODE_STATE[@]}"; do [[ $name == ok ]] || HEALTHY=false; done
  LAPTOP_STATE=ok
  ip -n "$LAPTOP" route get 192.0.2.1 >/dev/null 2>&1 || LAPTOP_STATE="no link" HEALTHY=false
}

status_of() { if "$@" >/dev/null 2>&1; then echo ok; else echo silent; fi; }

# 0 healthy, 1 something is broken, 3 not up.
status_show() {
  if ! lab_ready; then
    if [[ ${1:-} == --json ]]; then say "{\"up\":false,\"lab\":\"$LAB\"}"; else
      say "the lab is not up; raise it with: sudo $HINT up"
    fi
    return 3
  fi
  status_collect
  case ${1:-} in --json) status_json ;; *) status_text ;; esac
  [[ $HEALTHY == true ]]
}

status_text() {
  local name verdict=healthy address address6
  read -r address _ address6 _ < <(laptop_network)
  [[ $HEALTHY == true ]] || verdict=BROKEN
  say "lab${LAB:+ $LAB}: $verdict; files in $LAB_DIR, namespaces $LAPTOP, $EDGE, $VPC"
  say "  laptop   $address, $address6, resolver $EDGE_RESOLVER  $LAPTOP_STATE"
  for name in $(servers); do
    printf '  openvpn  %-14s udp 443  %s\n' "$(vpn_server_address "$name")" "${SERVER_STATE[$name]}"
  done
  printf '  dns      %-14s %s\n' "$EDGE_RESOLVER" "${DNS_STATE[edge]}" "$VPC_RESOLVER" "${DNS_STATE[vpc]}"
  for name in $(all_nodes); do
    printf '  node     %-14s %-9s %-8s %s\n' "$name" "$(node_address "$name")" "${NODE_ROLE[$name]}" \
      "$([[ ${NODE_STATE[$name]} == ok ]] && echo "PONG over TLS" || echo "${NODE_STATE[$name]}")"
  done
  if ((${#FAULTS[@]})); then say "  faults   ${FAULTS[*]}; undo: $HINT heal all"; else say "  faults   none"; fi
  status_try
}

status_try() {
  cat <<END
  endpoint $VPN_ENDPOINT (needs a label in front)
  cluster  $CLUSTER_ENDPOINT:6379, user app, password in cluster-password
  files    $LAB_DIR/{downloaded-client-config.ovpn,client.crt,client.key,cluster-ca.pem,cluster-password}
  look     $HINT run ip route      $HINT faults      $HINT down
END
}

status_json() {
  local name address address6 sep=
  read -r address _ address6 _ < <(laptop_network)
  printf '{"up":true,"healthy":%s,"lab":"%s","dir":"%s",' "$HEALTHY" "$LAB" "$LAB_DIR"
  printf '"namespaces":{"laptop":"%s","edge":"%s","vpc":"%s"},' "$LAPTOP" "$EDGE" "$VPC"
  printf '"laptop":{"address":"%s","address6":"%s","state":"%s"},' "$address" "$address6" "$LAPTOP_STATE"
  printf '"endpoint":"%s","endpoint_ipv6":"%s",' "$VPN_ENDPOINT" "$VPN_ENDPOINT6"
  printf '"cluster":"%s:6379","user":"app","servers":[' "$CLUSTER_ENDPOINT"
  for name in $(servers); do
    printf '%s{"name":"openvpn%s","address":"%s","state":"%s","pid":%s}' "$sep" "$name" \
      "$(vpn_server_address "$name")" "${SERVER_STATE[$name]}" "$(daemon_pid "$EDGE" "openvpn$name" || echo null)"
    sep=,
  done
  printf '],"dns":[{"name":"edge","address":"%s","state":"%s"},' "$EDGE_RESOLVER" "${DNS_STATE[edge]}"
  printf '{"name":"vpc","address":"%s","state":"%s"}],"nodes":[' "$VPC_RESOLVER" "${DNS_STATE[vpc]}"
  sep=
  for name in $(all_nodes); do
    printf '%s{"name":"%s","host":"%s","address":"%s",' "$sep" "$name" "$name.$(node_domain "$name")" "$(node_address "$name")"
    printf '"role":"%s","shard":%s,"state":"%s","pid":%s}' "${NODE_ROLE[$name]}" "$(node_shard "$name")" \
      "${NODE_STATE[$name]}" "$(daemon_pid "$VPC" "$name" || echo null)"
    sep=,
  done
  printf '],"faults":['
  sep=
  for name in "${FAULTS[@]}"; do printf '%s"%s"' "$sep" "$name"; sep=,; done
  printf '],"files":{"config":"%s","cert":"%s","key":"%s",' "$LAB_DIR/downloaded-client-config.ovpn" \
    "$LAB_DIR/client.crt" "$LAB_DIR/client.key"
  printf '"cluster_ca":"%s","password":"%s","bad_credentials":"%s"}}\n' "$LAB_DIR/cluster-ca.pem" \
    "$LAB_DIR/cluster-password" "$BAD"
}
