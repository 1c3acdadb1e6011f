# shellcheck shell=bash
# What can break and what memdbd must say then. A fault NAME is a line of the table and the functions fault_NAME and
# heal_NAME (`-` becomes `_`) in faults_PLACE.sh; while it stands there is a file faults/NAME. What several faults share
# (a configuration, a set of addresses) is written anew from these files, so that they can stand and go in any order.

# NAME|ARGUMENT|WHAT IT DOES|WHAT MEMDBD MUST SHOW. `heal all` goes from top to bottom: what starts a node, a server or
# a link stands above what needs one.
fault_table() {
  cat <<'END'
openvpn-killed||kill -9 of the openvpn clients on the laptop|none that lasts; restarts goes up
openvpn-hung||the openvpn clients on the laptop are stopped (SIGSTOP)|openvpn-hung
network-changed||another network: the laptop's address and gateway change|none that lasts
network-down||the laptop's link is down, its routes are gone|network-offline
route-deleted||the tunnel's routes to the VPC are deleted on the laptop|route-missing
lan-overlap||docker0 on the laptop has 10.20.1.0/24, which is shard 1|route-shadowed
agent-killed||kill -9 of memdbd on the laptop|none; start it: lab agent start
tun-missing||/dev/net/tun is unusable, for the lab's memdbd only|tun-device-unavailable, at the next openvpn
openvpn-missing||openvpn cannot be executed, by the lab's memdbd only|openvpn-missing, at the next openvpn
vpn-route-missing||the endpoint pushes no route to the VPC, clients are reset|route-not-via-tunnel
default-route-captured|block-local|the endpoint pushes redirect-gateway, clients are reset|default-route-captured
session-cut|halt|the endpoint ends all sessions|none that lasts
server-down||the endpoint is silent, its processes are dead|tunnel-silent, then endpoint-silent
client-cert-revoked|SERIAL, CRLFILE|the endpoint's CRL has the client's certificate, sessions are cut|handshake-rejected
crl-expired||the endpoint's CRL has expired, sessions are cut|handshake-rejected
server-cert-untrusted||the endpoint shows a certificate of another CA|server-cert-untrusted
server-name-mismatch||the endpoint shows a certificate for another name|server-name-mismatch
server-cert-expired||the endpoint shows a certificate that has expired|server-cert-expired
captive-portal||a network with a login page: no UDP, the web redirected|tunnel-silent, then captive-portal
udp-blocked||a network without UDP: none passes, the servers live|tunnel-silent, then endpoint-silent
asym-to-server||packets to the endpoint are lost, those from it pass|tunnel-silent, then endpoint-silent
asym-to-client||packets from the endpoint are lost, those to it pass|tunnel-silent, then endpoint-silent
first-endpoint-address-dead|ADDRESS|one address of the endpoint is silent (192.0.2.1)|none that lasts
mtu-blackhole||packets over 1300 bytes to and from the endpoint are lost|path-mtu-too-small
endpoint-name-unresolved||the endpoint's name does not exist|endpoint-name-unresolved, at the next connection
cluster-name-unresolved|lan|no resolver knows the cluster; lan: only the VPC's does|cluster-name-unresolved; lan: dns-not-applied
cluster-address-outside-routes||the laptop's resolver puts the cluster into 10.99.0.0/16|cluster-address-outside-routes
port-filtered||the security group is closed: TCP 6379 is dropped|port-filtered
authorization-missing||the endpoint lets nothing into the VPC|authorization-missing
port-refused||TCP 6379 is answered with a reset|port-refused
all-nodes-down||all nodes are gone, as their hosts with them|port-filtered (it looks the same)
node-down|NODE|a node is gone, as its host with it (demo-0003-002)|node-unreachable, profile degraded
node-loading|NODE|a node loads its data for half an hour (demo-0002-002)|node-loading
node-slow|NODE|what a node says comes 300 ms late (demo-0002-002)|node-slow, profile degraded
cluster-down||the slots of shard 3 belong to nobody: -CLUSTERDOWN|slots-uncovered
failover||a primary died, its replica took over, it is back|none that lasts
auth-wrong||user app has another password now (also: auth-rejected)|auth-rejected
auth-no-permission||user app may run neither PING nor CLUSTER|auth-no-permission
tls-untrusted||the nodes show certificates of another CA|tls-untrusted
tls-not-offered||a Redis without TLS answers in the nodes' place|tls-not-offered
tls-name-mismatch||what answers has a certificate for another name|tls-name-mismatch
tls-expired||what answers has a certificate that has expired|tls-expired
client-cert-expired||the profiles' certificate has expired while memdbd was off|client-cert-expired, once memdbd is started
client-cert-not-yet-valid||the profiles' certificate is valid from 2099 on|client-cert-not-yet-valid, once memdbd is started
client-key-mismatch||the profiles' key is another certificate's|client-key-mismatch, once memdbd is started
client-cert-wrong-issuer||the profiles' certificate is of a CA unknown to the endpoint|handshake-rejected, once memdbd is started
auth-required||the profiles have no user for the cluster|auth-required, once memdbd is started
END
}

fault_names() { fault_table | cut -d'|' -f1; }
# Other names that people may look for.
fault_of() { case $1 in auth-rejected) echo auth-wrong ;; *) echo "$1" ;; esac; }
fault_known() { fault_names | grep -qxF -- "$1"; }

# The fault whose heal_ function is at work: to everything that looks it is gone already, though its file goes last, so
# that a heal that was interrupted can be run again.
HEALING=
fault_active() { [[ $1 != "$HEALING" && -e $LAB_DIR/faults/$1 ]]; }
fault_text() { cat "$LAB_DIR/faults/$1"; }
active_faults() {
  local name
  for name in $(fault_names); do if fault_active "$name"; then echo "$name"; fi; done
}

faults_show() {
  local name argument what finding mark
  printf '%-37s %-58s %s\n' NAME "WHAT IT DOES" "WHAT MEMDBD MUST SHOW"
  while IFS='|' read -r name argument what finding; do
    mark=
    if fault_active "$name"; then mark=" (ACTIVE)"; fi
    printf '%-37s %-58s %s%s\n' "$name${argument:+ [$argument]}" "$what" "$finding" "$mark"
  done < <(fault_table)
  printf '\nBreak: %s fault NAME [ARGUMENT]      Undo: %s heal NAME|all\n' "$HINT" "$HINT"
}

fault_set() {
  local name=${1:-}
  [[ -n $name ]] || die_usage "which fault? see: $HINT faults"
  name=$(fault_of "$name")
  set -- "$name" "${@:2}"
  fault_known "$name" || die_usage "no fault is called $name; see: $HINT faults"
  fault_argument_fits "$@"
  shift
  need_lab
  mkdir -p "$LAB_DIR/faults"
  "fault_${name//-/_}" "$@"
}

fault_argument_fits() {
  local name=$1 kind allowed
  shift
  (($# > 0)) || return 0
  kind=$(fault_table | grep "^$name|" | cut -d'|' -f2)
  [[ -n $kind ]] || die_usage "fault $name takes no argument $*"
  case $kind in
    NODE) allowed=$(nodes | tr '\n' ' ') ;;
    SERIAL*)
      if [[ $# == 1 ]] && { is_serial "$1" || [[ -f $1 ]]; }; then return 0; fi
      allowed="the serial of a certificate in hex, or the file of a revocation list"
      ;;
    ADDRESS) allowed="$(vpn_server_address 1) $(vpn_server_address 2)" ;;
    *) allowed=$kind ;;
  esac
  if [[ $# == 1 && $kind == NODE ]] && node_named "$1" >/dev/null; then return 0; fi
  [[ $# == 1 && -n $1 && " $allowed " == *" $1 "* ]] || die_usage "fault $name takes one of: ${allowed% }; not $*"
}

fault_heal() {
  local name=${1:-} rc=0
  [[ -n $name ]] || die_usage "which fault? a name, or all; active now: $(active_faults | tr '\n' ' ')"
  (($# == 1)) || die_usage "heal takes one name, or all"
  name=$(fault_of "$name")
  [[ $name == all ]] || fault_known "$name" || die_usage "no fault is called $name; see: $HINT faults"
  need_lab
  if [[ $name != all ]]; then
    fault_heal_one "$name"
    return
  fi
  if daemon_alive "$VPC" farm; then farm_return; fi
  [[ -n $(active_faults) ]] || say "nothing to heal: no fault is active"
  # One that cannot be healed does not keep the others from it. (`(…) || rc=1` would switch errexit off inside.)
  for name in $(active_faults); do
    set +e
    (set -e; fault_heal_one "$name")
    rc=$((rc | $?))
    set -e
  done
  return "$rc"
}

fault_heal_one() {
  if ! fault_active "$1"; then
    case $1 in
      openvpn-killed) say "openvpn-killed needs no healing: whoever started openvpn starts it again" ;;
      agent-killed) say "agent-killed needs no healing: whoever supervises memdbd starts it again ($HINT agent start)" ;;
      session-cut) say "session-cut needs no healing: the endpoint takes new sessions" ;;
      *) say "$1 is not active" ;;
    esac
    return
  fi
  HEALING=$1
  "heal_${1//-/_}"
  rm -f "$LAB_DIR/faults/$1"
  HEALING=
}

# fault_mark NAME [TEXT]: it stands from here on. Before anything is broken, so that what a crash leaves can be healed.
fault_mark() {
  echo "${2:-}" >"$LAB_DIR/faults/$1.new"
  mv "$LAB_DIR/faults/$1.new" "$LAB_DIR/faults/$1"
}
# fault_note NAME LINE: one line more, once.
fault_note() { grep -qsxF -- "$2" "$LAB_DIR/faults/$1" || printf '%s\n' "$2" >>"$LAB_DIR/faults/$1"; }
fault_done() { say "$1: $2; undo: $HINT heal $1"; }
