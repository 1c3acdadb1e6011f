# shellcheck shell=bash
# Faults of what the endpoint shows of itself, of what it lets through, and of a network in front of it.

# --- server-cert-untrusted, server-name-mismatch, server-cert-expired ---

# The one that counts: of several the first.
server_fault() {
  local name
  for name in server-cert-untrusted server-name-mismatch server-cert-expired; do
    if fault_active "$name"; then echo "$name"; return; fi
  done
}

server_fault_file() {
  local ending=crt
  if [[ $1 == key ]]; then ending=key; fi
  echo "$LAB_DIR/vpn/$(server_fault).$ending"
}

# server_show FAULT WORDS CN START END CA_FOLDER_AND_KEY…
server_show() {
  local name=$1 words=$2
  need_own_certificates
  shift 2
  [[ -e $LAB_DIR/vpn/$name.crt ]] || pki_sign "$LAB_DIR/vpn/$name" "$@" serverAuth
  fault_mark "$name"
  endpoint_again
  fault_done "$name" "$words, its clients were reset"
}

server_show_own() {
  endpoint_again
  say "$1 healed: the endpoint shows its own certificate"
}

fault_server_cert_untrusted() {
  pki_other_ca
  server_show server-cert-untrusted "the endpoint shows a certificate of another CA" \
    "$SERVER_CN" "$LONG_AGO" "$IN_DECADES" "$LAB_DIR/other-ca/ca.crt" "$LAB_DIR/other-ca/ca.key"
}
heal_server_cert_untrusted() { server_show_own server-cert-untrusted; }

fault_server_name_mismatch() {
  server_show server-name-mismatch "the endpoint shows a certificate for other.lab.test" \
    other.lab.test "$LONG_AGO" "$IN_DECADES" "$LAB_DIR/pki/ca.crt" "$LAB_DIR/pki/private/ca.key"
}
heal_server_name_mismatch() { server_show_own server-name-mismatch; }

fault_server_cert_expired() {
  server_show server-cert-expired "the endpoint shows a certificate of 2020" \
    "$SERVER_CN" "$LONG_AGO" "$A_YEAR_LATER" "$LAB_DIR/pki/ca.crt" "$LAB_DIR/pki/private/ca.key"
}
heal_server_cert_expired() { server_show_own server-cert-expired; }

# --- captive-portal ---

readonly PORTAL_PORT=8080

# As in a hotel: whatever a browser asks for, the network itself answers; everything else is dropped.
fault_captive_portal() {
  fault_mark captive-portal
  edge_break captive_portal "$TO_ENDPOINT drop" "$FROM_ENDPOINT drop"
  # shellcheck disable=SC2154  # of scripts/lab
  daemon_alive "$EDGE" portal || start_daemon "$EDGE" portal perl "$here/lab.d/portal.pl" "$PORTAL_PORT"
  in_ns "$EDGE" nft -f - <<END
add table inet lab_portal
flush table inet lab_portal
table inet lab_portal {
  chain pre {
    type nat hook prerouting priority -100;
    iifname "inet" tcp dport { 80, 443 } ip version 4 dnat ip to 192.0.2.1:$PORTAL_PORT
    iifname "inet" tcp dport { 80, 443 } ip6 version 6 dnat ip6 to [$EDGE_ADDRESS6]:$PORTAL_PORT
  }
}
END
  fault_done captive-portal "UDP 443 is dropped, and every web request is redirected to http://portal.lab.test/login"
}

heal_captive_portal() {
  in_ns "$EDGE" nft "add table inet lab_portal; delete table inet lab_portal"
  kill_daemon "$EDGE" portal
  edge_mend captive_portal
  say "captive-portal healed: somebody has logged in"
}

# --- authorization-missing ---

# Without an authorization rule an endpoint drops whatever its clients send, and says nothing.
fault_authorization_missing() {
  fault_mark authorization-missing
  in_ns "$EDGE" nft 'flush chain inet lab authorization_missing; add rule inet lab authorization_missing iifname "cvpn*" oifname "vpc" drop'
  fault_done authorization-missing "the endpoint drops what its clients send into the VPC"
}

heal_authorization_missing() {
  in_ns "$EDGE" nft flush chain inet lab authorization_missing
  say "authorization-missing healed: the endpoint lets its clients into the VPC"
}
