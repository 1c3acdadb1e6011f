# shellcheck shell=bash
# Faults of the Client VPN endpoint, of the way to it and of what the world's resolver says.

# --- vpn-route-missing, default-route-captured ---

fault_vpn_route_missing() {
  fault_mark vpn-route-missing
  vpn_change_routes
  fault_done vpn-route-missing "the endpoint pushes no route to the VPC, its clients were reset"
}

heal_vpn_route_missing() {
  vpn_change_routes
  say "vpn-route-missing healed: the endpoint pushes the route to the VPC, its clients were reset"
}

# AWS pushes `def1 bypass-dhcp` when the endpoint is not split-tunnel, and `block-local` for a LAN of public addresses.
fault_default_route_captured() {
  local words=${1:-def1 bypass-dhcp}
  fault_mark default-route-captured "$words"
  vpn_change_routes
  fault_done default-route-captured "the endpoint pushes redirect-gateway $words, its clients were reset"
}

heal_default_route_captured() {
  vpn_change_routes
  say "default-route-captured healed: the endpoint leaves the default route alone, its clients were reset"
}

# --- session-cut ---

fault_session_cut() {
  local word=RESTART told
  if [[ ${1:-} == halt ]]; then word=HALT; fi
  told=$(vpn_cut "$word")
  ((told > 0)) || die "no client is connected to the endpoint: nothing was cut"
  say "session-cut: $told told to $word; needs no healing"
}

# --- client-cert-revoked, crl-expired ---

# A server reads the list again when a client comes and the file is another one. Sessions are cut as AWS does it when a
# list is imported.
vpn_change_crl() {
  local serial='' days=180 given=$LAB_DIR/vpn/given-crl.pem
  if fault_active client-cert-revoked; then serial=$(fault_text client-cert-revoked); fi
  if fault_active crl-expired; then days=-1; fi
  if [[ $serial == "$given" && $days != -1 ]]; then
    cp "$given" "$LAB_DIR/pki/crl.pem.new"
    mv "$LAB_DIR/pki/crl.pem.new" "$LAB_DIR/pki/crl.pem"
  else
    pki_crl "$days" "${serial##*/*}"
  fi
  vpn_cut RESTART >/dev/null
}

is_serial() { [[ $1 =~ ^[0-9A-Fa-f]{1,40}$ ]]; }

# vpn_take_crl FILE TO: only a list of the VPN's own CA, or the servers would let nobody in and the cause be another one.
vpn_take_crl() {
  [[ $(openssl crl -in "$1" -noout -CAfile "$LAB_DIR/pki/ca.crt" 2>&1) == *"verify OK"* ]] ||
    die "$1 is no certificate revocation list of $LAB_DIR/pki/ca.crt"
  cp "$1" "$2"
}

# These faults sign with the CA of the lab.
need_own_certificates() {
  [[ ! -d $LAB_DIR/vpn/given ]] || die "the endpoint serves with certificates of somebody else: $HINT endpoint crl FILE, or own"
}

fault_client_cert_revoked() {
  local serial=${1:-} given=$LAB_DIR/vpn/given-crl.pem
  need_own_certificates
  if [[ -n $serial ]] && ! is_serial "$serial"; then  # an admin's own list, as it would be imported into AWS
    vpn_take_crl "$serial" "$given"
    fault_mark client-cert-revoked "$given"
    vpn_change_crl
    fault_done client-cert-revoked "the endpoint has the list $serial, its clients were reset"
    return
  fi
  serial=${serial:-$(openssl x509 -in "$LAB_DIR/client.crt" -noout -serial | cut -d= -f2)}
  fault_mark client-cert-revoked "${serial^^}"
  vpn_change_crl
  fault_done client-cert-revoked "the endpoint refuses the certificate ${serial^^}, its clients were reset"
}

heal_client_cert_revoked() {
  vpn_change_crl
  say "client-cert-revoked healed: the endpoint's CRL is as it was"
}

fault_crl_expired() {
  need_own_certificates
  fault_mark crl-expired
  vpn_change_crl
  fault_done crl-expired "the endpoint's CRL has expired: it refuses every client, they were reset"
}

heal_crl_expired() {
  vpn_change_crl
  say "crl-expired healed: the endpoint's CRL counts again"
}

# --- server-down ---

# Dead and silent: without the drop the edge's kernel would answer every packet with "port unreachable".
fault_server_down() {
  local server
  fault_mark server-down
  edge_break server_down "udp dport 443 drop"
  for server in $(servers); do kill_daemon "$EDGE" "openvpn$server"; done
  fault_done server-down "the endpoint is dead and silent"
}

heal_server_down() {
  local server
  edge_mend server_down
  for server in $(servers); do daemon_alive "$EDGE" "openvpn$server" || vpn_start "$server"; done
  say "server-down healed: the servers answer"
}

# --- udp-blocked, asym-to-server, asym-to-client, first-endpoint-address-dead, mtu-blackhole ---

fault_udp_blocked() {
  fault_mark udp-blocked
  edge_break udp_blocked "$TO_ENDPOINT drop" "$FROM_ENDPOINT drop"
  fault_done udp-blocked "UDP 443 is dropped in both directions"
}

heal_udp_blocked() { edge_mend udp_blocked; say "udp-blocked healed: UDP 443 passes again"; }

fault_asym_to_server() {
  fault_mark asym-to-server
  edge_break asym_to_server "$TO_ENDPOINT drop"
  fault_done asym-to-server "what the laptop sends to the endpoint is dropped"
}

heal_asym_to_server() { edge_mend asym_to_server; say "asym-to-server healed: what the laptop sends arrives"; }

fault_asym_to_client() {
  fault_mark asym-to-client
  edge_break asym_to_client "$FROM_ENDPOINT drop"
  fault_done asym-to-client "what the endpoint sends to the laptop is dropped"
}

heal_asym_to_client() { edge_mend asym_to_client; say "asym-to-client healed: what the endpoint sends arrives"; }

fault_first_endpoint_address_dead() {
  local address=${1:-$(vpn_server_address 1)}
  fault_mark first-endpoint-address-dead "$address"
  edge_break address_dead "$TO_ENDPOINT ip daddr $address drop" "$FROM_ENDPOINT ip saddr $address drop"
  fault_done first-endpoint-address-dead "$address is silent"
}

heal_first_endpoint_address_dead() {
  edge_mend address_dead
  say "first-endpoint-address-dead healed: all addresses answer"
}

# The length of the IP packet. PINGs through the tunnel and OpenVPN's own packets are smaller, full TCP segments are not.
fault_mtu_blackhole() {
  fault_mark mtu-blackhole
  edge_break mtu_blackhole "$TO_ENDPOINT meta length > 1300 drop" "$FROM_ENDPOINT meta length > 1300 drop"
  fault_done mtu-blackhole "UDP 443 of more than 1300 bytes is dropped in both directions"
}

heal_mtu_blackhole() { edge_mend mtu_blackhole; say "mtu-blackhole healed: large packets pass again"; }

# --- names ---

fault_endpoint_name_unresolved() {
  fault_mark endpoint-name-unresolved
  dns_again
  fault_done endpoint-name-unresolved "$EDGE_RESOLVER says of the endpoint's name that it does not exist"
}

heal_endpoint_name_unresolved() { dns_again; say "endpoint-name-unresolved healed: the endpoint's name resolves"; }

fault_cluster_name_unresolved() {
  local who="no resolver knows the cluster's names"
  if [[ -n ${1:-} ]]; then who="only $VPC_RESOLVER knows the cluster's names"; fi
  fault_mark cluster-name-unresolved "${1:-}"
  dns_again
  fault_done cluster-name-unresolved "$who"
}

heal_cluster_name_unresolved() { dns_again; say "cluster-name-unresolved healed: the cluster's names resolve"; }

fault_cluster_address_outside_routes() {
  fault_mark cluster-address-outside-routes
  dns_again
  fault_done cluster-address-outside-routes "$EDGE_RESOLVER puts the cluster into 10.99.0.0/16"
}

heal_cluster_address_outside_routes() {
  dns_again
  say "cluster-address-outside-routes healed: the cluster's names lead to the VPC"
}
