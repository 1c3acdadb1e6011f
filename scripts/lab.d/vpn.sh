# shellcheck shell=bash
# Three real OpenVPN servers at the edge, which are the Client VPN endpoint: 1 and 2 behind one name on IPv4, 6 on IPv6.
# One process each, because OpenVPN 2.6 listens on one socket only.

readonly SERVERS="1 2 6"

vpn_server_address() { case $1 in 1) echo 192.0.2.1 ;; 2) echo 192.0.2.3 ;; 6) echo "$EDGE_ADDRESS6" ;; esac; }

vpn_up() {
  local server
  mkdir -p "$LAB_DIR/vpn"
  for server in $SERVERS; do vpn_config "$server" >"$LAB_DIR/vpn/server$server.conf"; done
  for server in $SERVERS; do vpn_start "$server"; done
}

# What it pushes is what AWS pushes. No `duplicate-cn`: a client that comes back gets its address back, and a second
# client at the same time needs a certificate of its own (client2).
vpn_config() {
  local net=0 proto=udp4
  case $1 in 2) net=1 ;; 6) net=2 proto=udp6 ;; esac
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
server 10.0.$net.0 255.255.255.0
server-ipv6 fd00:10:$net::/64
ca $LAB_DIR/pki/ca.crt
cert $LAB_DIR/pki/issued/$SERVER_CN.crt
key $LAB_DIR/pki/private/$SERVER_CN.key
crl-verify $LAB_DIR/pki/crl.pem
dh none
remote-cert-tls client
tls-version-min 1.2
data-ciphers AES-256-GCM
ping 1
ping-restart 40
push "ping 1"
push "ping-restart 20"
push "route 10.20.0.0 255.255.0.0"
push "route-ipv6 $VPC_PREFIX6/64"
push "dhcp-option DNS $VPC_RESOLVER"
status $LAB_DIR/vpn/server$1.status 5
verb 3
END
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
