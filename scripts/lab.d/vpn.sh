# shellcheck shell=bash
# Three real OpenVPN servers at the edge, which are the Client VPN endpoint: 1 and 2 behind one name on IPv4, 6 on IPv6.
# One process each, because OpenVPN 2.6 listens on one socket only.

# The fourth is the twin's (twin.sh).
servers() { echo 1 2 6; if twin_is_up; then echo 3; fi; }

vpn_server_address() {
  case $1 in 1) echo 192.0.2.1 ;; 2) echo 192.0.2.3 ;; 3) echo "$TWIN_SERVER" ;; 6) echo "$EDGE_ADDRESS6" ;; esac
}

# Only root may look into the directory, because who reaches a server's management socket commands the server.
vpn_up() {
  local server
  install -d -m 0700 "$LAB_DIR/vpn"
  install -d "$LAB_DIR/vpn/clients"
  vpn_write_routes
  for server in $(servers); do vpn_config "$server" >"$LAB_DIR/vpn/server$server.conf"; done
  for server in $(servers); do vpn_start "$server"; done
}

# vpn_file ca|cert|key|chain|crl: the lab's own, or what `lab endpoint` was given. Nothing where there is none.
vpn_file() {
  local given=$LAB_DIR/vpn/given
  if [[ -d $given ]]; then
    if [[ -e $given/$1.pem ]]; then echo "$given/$1.pem"; fi
    return 0
  fi
  case $1 in cert | key) if [[ -n $(server_fault) ]]; then server_fault_file "$1"; return; fi ;; esac
  case $1 in
    ca | chain) echo "$LAB_DIR/pki/ca.crt" ;;
    cert) echo "$LAB_DIR/pki/issued/$SERVER_CN.crt" ;;
    key) echo "$LAB_DIR/pki/private/$SERVER_CN.key" ;;
    crl) echo "$LAB_DIR/pki/crl.pem" ;;
  esac
}

# vpn_network 0|1|2|3: of the clients' network each server hands out a /24.
vpn_network() {
  local base=10.0.0 given=$LAB_DIR/vpn/given/network
  if [[ -e $given ]]; then base=$(cut -d. -f1-3 "$given"); fi
  echo "${base%.*}.$((${base##*.} + $1)).0"
}

# What it pushes is what AWS pushes. No `duplicate-cn`: a client that comes back gets its address back, and a second
# client at the same time needs a certificate of its own (client2).
vpn_config() {
  local net=0 proto=udp4 clients=clients resolver=$VPC_RESOLVER crl
  crl=$(vpn_file crl)
  case $1 in 2) net=1 ;; 3) net=3 clients=twin-clients resolver=$TWIN_RESOLVER ;; 6) net=2 proto=udp6 ;; esac
  cat <<END
mode server
tls-server
proto $proto
local $(vpn_server_address "$1")
port 443
dev cvpn$1
dev-type tun
disable-dco
topology subnet
server $(vpn_network "$net") 255.255.255.0
server-ipv6 fd00:10:$net::/64
ca $(vpn_file ca)
cert $(vpn_file cert)
key $(vpn_file key)
${crl:+crl-verify $crl}
dh none
remote-cert-tls client
tls-version-min 1.2
data-ciphers AES-256-GCM
ping 1
ping-restart 40
push "ping 1"
push "ping-restart 20"
push "dhcp-option DNS $resolver"
client-config-dir $LAB_DIR/vpn/$clients
management $LAB_DIR/vpn/server$1.sock unix
status $LAB_DIR/vpn/server$1.status 5
verb 3
END
}

# The endpoint's route table. A server reads this file whenever a client connects, so a change needs no new server, and
# no client can come while there is none.
vpn_write_routes() {
  {
    if ! fault_active vpn-route-missing; then
      say 'push "route 10.20.0.0 255.255.0.0"'
      say "push \"route-ipv6 $VPC_PREFIX6/64\""
    fi
    if fault_active default-route-captured; then say "push \"redirect-gateway $(fault_text default-route-captured)\""; fi
  } >"$LAB_DIR/vpn/routes"
  mv "$LAB_DIR/vpn/routes" "$LAB_DIR/vpn/clients/DEFAULT"
  if twin_is_up; then twin_write_routes; fi
}

# What a change of the route table does on AWS: it resets the clients' connections.
vpn_change_routes() {
  vpn_write_routes
  vpn_cut RESTART >/dev/null
}

vpn_start() {
  start_daemon "$EDGE" "openvpn$1" openvpn --config "$LAB_DIR/vpn/server$1.conf"
  wait_until 5 vpn_answers "$1" || die_log "openvpn$1" "OpenVPN server $1 does not answer"
}

# The first packet of a client, which the server answers without keeping anything of it: opcode 7 (hard reset),
# a session id, no acknowledgements, packet number 0.
vpn_answers() {
  # shellcheck disable=SC2016
  in_ns "$EDGE" timeout 1 bash -c '
    exec 3<>"/dev/udp/$0/443" && printf "\x38labprobe\x00\x00\x00\x00\x00" >&3 && [[ -n $(head -c 1 <&3 | od -An -tx1) ]]
  ' "$(vpn_server_address "$1")" 2>/dev/null
}

# vpn_ask SERVER COMMAND…: on its management interface; what it answers, without what it says unasked.
vpn_ask() {
  perl -MIO::Socket::UNIX -e '
    my $server = IO::Socket::UNIX->new(shift) or exit 1;
    alarm 2;
    for my $command (@ARGV) {
      print $server "$command\n";
      while (<$server>) { next if /^>/; print; last if /^(END|SUCCESS|ERROR)/ }
    }' "$LAB_DIR/vpn/server$1.sock" "${@:2}"
}

# vpn_cut RESTART|HALT: every server tells every client that its session is over. Says how many were told.
vpn_cut() {
  local server client told=0
  for server in $(servers); do
    for client in $(vpn_ask "$server" "status 2" | sed -n '/^CLIENT_LIST,/p' | cut -d, -f11); do
      if [[ $(vpn_ask "$server" "client-kill $client $1") == SUCCESS* ]]; then told=$((told + 1)); fi
    done
  done
  echo "$told"
}
