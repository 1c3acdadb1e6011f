# shellcheck shell=bash
# The endpoint with certificates that somebody brings, as on AWS, where they are imported: the tests' stand-in for AWS hands
# out the lab's servers as the Client VPN endpoint that it was asked for.

endpoint_command() {
  local verb=${1:-}
  [[ -z $verb ]] || shift
  case "$verb $#" in
    'serve 3' | 'serve 4' | 'serve 5' | 'crl 1') need_files "${@:1:4}" ;;
    'own 0' | 'config 0' | 'clients 0' | 'cut 2') ;;
    *) die_usage "endpoint takes: serve CERT KEY CHAIN [CLIENT_CA [CLIENT_NETWORK]], crl FILE, own, config, clients, or cut SERVER CLIENT" ;;
  esac
  need_lab
  case $verb in serve | crl | own) take_lock ;; esac
  "endpoint_$verb" "$@"
}

need_files() { local file; for file in "$@"; do [[ -r $file ]] || die_usage "no file $file"; done; }

# The chain is what clients are to trust; CLIENT_CA, whose clients are let in, is the same one unless it is given. The
# servers divide the CLIENT_NETWORK, as AWS divides it between the subnets.
endpoint_serve() {
  local given=$LAB_DIR/vpn/given new=$LAB_DIR/vpn/given.new
  [[ $(openssl x509 -in "$1" -noout -pubkey 2>/dev/null) == "$(openssl pkey -in "$2" -pubout 2>/dev/null)" ]] ||
    die "$2 is not the key of $1"
  [[ ${5:-10.0.0.0/22} =~ ^([0-9]+\.){3}0/(1[2-9]|2[0-2])$ ]] || die_usage "$5 is no network between /12 and /22"
  rm -rf "$new"
  install -d -m 0700 "$new"
  openssl x509 -in "$1" -out "$new/cert.pem"
  cp "$2" "$new/key.pem"
  cp "$3" "$new/chain.pem"
  cp "${4:-$3}" "$new/ca.pem"
  if [[ -n ${5:-} ]]; then echo "$5" >"$new/network"; fi
  # A list is of the endpoint and outlives a new server certificate, but not a new CA.
  if cmp -s "$new/ca.pem" "$given/ca.pem" && [[ -e $given/crl.pem ]]; then cp "$given/crl.pem" "$new/crl.pem"; fi
  rm -rf "$given"
  mv "$new" "$given"
  endpoint_again
  say "the endpoint serves with $(endpoint_cn); its clients were reset; back: $HINT endpoint own"
}

endpoint_own() {
  if [[ ! -d $LAB_DIR/vpn/given ]]; then say "the endpoint has its own certificates already"; return; fi
  rm -rf "$LAB_DIR/vpn/given"
  endpoint_again
  say "the endpoint has its own certificates again; its clients were reset"
}

# Servers read a list again by themselves, but only where they began with one.
endpoint_crl() {
  local given=$LAB_DIR/vpn/given
  [[ -d $given ]] || die "the endpoint has its own certificates: see the fault client-cert-revoked"
  [[ $(openssl crl -in "$1" -noout -CAfile "$given/ca.pem" 2>&1) == *"verify OK"* ]] ||
    die "$1 is no certificate revocation list of the CA whose clients the endpoint lets in"
  local had=
  if [[ -e $given/crl.pem ]]; then had=1; fi
  cp "$1" "$given/crl.new"
  mv "$given/crl.new" "$given/crl.pem"
  if [[ -n $had ]]; then vpn_cut RESTART >/dev/null; else endpoint_again; fi
  say "the endpoint has the list $1; its clients were reset"
}

# Clients are told before the servers go, or they would find out only after 20 s of silence; and kept out meanwhile, or they
# would be back before.
endpoint_again() {
  local server
  edge_break changing "$TO_ENDPOINT drop"
  vpn_cut RESTART >/dev/null
  net_nat
  for server in $(servers); do
    vpn_config "$server" >"$LAB_DIR/vpn/server$server.conf"
    if fault_active server-down; then continue; fi
    kill_daemon "$EDGE" "openvpn$server"
    vpn_start "$server"
  done
  edge_mend changing
}

endpoint_cn() {
  openssl x509 -in "$(vpn_file cert)" -noout -subject -nameopt multiline | sed -n 's/^ *commonName *= //p'
}

# What AWS would export for it.
endpoint_config() { pki_client_config "$(vpn_file chain)" "$(endpoint_cn)"; }

# A line each, with tabs: server, client, common name, address in the tunnel, since (seconds), bytes received and sent.
endpoint_clients() {
  local server
  for server in $(servers); do
    vpn_ask "$server" "status 2" |
      awk -F, -v OFS='\t' -v server="$server" '$1 == "CLIENT_LIST" && $2 != "UNDEF" { print server, $11, $2, $4, $9, $6, $7 }'
  done
}

endpoint_cut() {
  [[ " $(servers | tr '\n' ' ') " == *" $1 "* && $2 =~ ^[0-9]+$ ]] || die_usage "no server $1 or no client $2; see: $HINT endpoint clients"
  [[ $(vpn_ask "$1" "client-kill $2 RESTART") == SUCCESS* ]] || die "server $1 has no client $2"
  say "client $2 of server $1 was cut"
}
