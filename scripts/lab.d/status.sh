# shellcheck shell=bash
# What runs, found out by using it: a packet to each VPN server, a question to each DNS server, a PING over TLS to each node.

# Sets SERVER_STATE, DNS_STATE, NODE_STATE, NODE_ROLE, FAULTS and HEALTHY.
status_collect() {
  local name
  declare -gA SERVER_STATE=() DNS_STATE=() NODE_STATE=() NODE_ROLE=()
  HEALTHY=true
  mapfile -t FAULTS < <(active_faults)
  ((${#FAULTS[@]} == 0)) || HEALTHY=false
  for name in $SERVERS; do SERVER_STATE[$name]=$(status_of vpn_answers "$name"); done
  for name in edge vpc; do DNS_STATE[$name]=$(status_of dns_answers "$name"); done
  for name in $(nodes); do
    NODE_STATE[$name]=$(daemon_alive "$VPC" "$name" && status_of node_ping "$name" || echo dead)
    NODE_ROLE[$name]=unknown
    [[ ${NODE_STATE[$name]} == dead ]] || NODE_ROLE[$name]=$(role_word "$(node_role "$name")")
  done
  case " ${SERVER_STATE[*]} ${DNS_STATE[*]} ${NODE_STATE[*]} " in *" silent "* | *" dead "*) HEALTHY=false ;; esac
  [[ -d /sys/class/net ]] && ip -n "$LAPTOP" route get 192.0.2.1 >/dev/null 2>&1 || HEALTHY=false
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
  local name verdict=healthy
  [[ $HEALTHY == true ]] || verdict=BROKEN
  say "lab${LAB:+ $LAB}: $verdict, in $LAB_DIR"
  say "  laptop   $LAPTOP_ADDRESS, $LAPTOP_ADDRESS6, resolver $EDGE_RESOLVER (namespace $LAPTOP)"
  for name in $SERVERS; do
    printf '  openvpn  %-14s udp 443  %s\n' "$(vpn_server_address "$name")" "${SERVER_STATE[$name]}"
  done
  printf '  dns      %-14s %s\n' "$EDGE_RESOLVER" "${DNS_STATE[edge]}" "$VPC_RESOLVER" "${DNS_STATE[vpc]}"
  for name in $(nodes); do
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
  local name sep out
  out="{\"up\":true,\"healthy\":$HEALTHY,\"lab\":\"$LAB\",\"dir\":\"$LAB_DIR\","
  out+="\"namespaces\":{\"laptop\":\"$LAPTOP\",\"edge\":\"$EDGE\",\"vpc\":\"$VPC\"},"
  out+="\"endpoint\":\"$VPN_ENDPOINT\",\"endpoint_ipv6\":\"$VPN_ENDPOINT6\",\"cluster\":\"$CLUSTER_ENDPOINT:6379\",\"user\":\"app\",\"servers\":["
  sep=
  for name in $SERVERS; do
    out+="$sep{\"name\":\"openvpn$name\",\"address\":\"$(vpn_server_address "$name")\",\"state\":\"${SERVER_STATE[$name]}\","
    out+="\"pid\":$(daemon_pid "$EDGE" "openvpn$name" || echo null)}"
    sep=,
  done
  out+="],\"dns\":[{\"name\":\"edge\",\"address\":\"$EDGE_RESOLVER\",\"state\":\"${DNS_STATE[edge]}\"},"
  out+="{\"name\":\"vpc\",\"address\":\"$VPC_RESOLVER\",\"state\":\"${DNS_STATE[vpc]}\"}],\"nodes\":["
  sep=
  for name in $(nodes); do
    out+="$sep{\"name\":\"$name\",\"host\":\"$name.$CLUSTER_DOMAIN\",\"address\":\"$(node_address "$name")\","
    out+="\"role\":\"${NODE_ROLE[$name]}\",\"shard\":$(node_shard "$name"),\"state\":\"${NODE_STATE[$name]}\","
    out+="\"pid\":$(daemon_pid "$VPC" "$name" || echo null)}"
    sep=,
  done
  out+="],\"faults\":["
  sep=
  for name in "${FAULTS[@]}"; do out+="$sep\"$name\""; sep=,; done
  out+="],\"files\":{\"config\":\"$LAB_DIR/downloaded-client-config.ovpn\",\"cert\":\"$LAB_DIR/client.crt\","
  out+="\"key\":\"$LAB_DIR/client.key\",\"cluster_ca\":\"$LAB_DIR/cluster-ca.pem\","
  out+="\"password\":\"$LAB_DIR/cluster-password\",\"bad_credentials\":\"$BAD\"}}"
  say "$out"
}
