# shellcheck shell=bash
# The three namespaces, the two wires between them, addresses, and what the edge lets through.
#
#   laptop eth0 192.0.2.2 ── 192.0.2.1, .3, .53 inet │ edge │ vpc 10.20.0.11, .12 ── eth0 10.20.0.2, 10.20.SHARD.NODE vpc
#
# Interfaces are made inside the namespaces, so their names never meet those of the host or of another lab.

readonly EDGE_RESOLVER=192.0.2.53 VPC_RESOLVER=10.20.0.2
readonly EDGE_ADDRESS6=fd00:2::1 VPC_PREFIX6=fd00:20::
readonly EDGE_CHAINS="server_down udp_blocked asym_to_server asym_to_client address_dead mtu_blackhole captive_portal changing"
# shellcheck disable=SC2034 # for the faults
# In the chains above: to and from the endpoint, as the laptop sees it. The lab's own questions to the servers pass.
readonly TO_ENDPOINT='iifname "inet" udp dport 443' FROM_ENDPOINT='oifname "inet" udp sport 443'

net_up() {
  local ns
  net_locked net_add_namespaces
  for ns in "$LAPTOP" "$EDGE" "$VPC"; do ip -n "$ns" link set lo up; done
  net_etc "$LAPTOP" "$EDGE_RESOLVER"
  net_etc "$EDGE" "$EDGE_RESOLVER"
  net_etc "$VPC" "$VPC_RESOLVER"
  net_wires
  net_edge_rules
  net_vpc_rules
}

# Without an nsswitch.conf of its own a namespace asks the host's resolver, through sockets that know no namespaces.
net_etc() {
  local dir=/etc/netns/$1
  mkdir -p "$dir"
  printf 'nameserver %s\noptions timeout:2 attempts:2\n' "$2" >"$dir/resolv.conf"
  printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n' \
    >"$dir/nsswitch.conf"
  printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s\n' "$(uname -n)" >"$dir/hosts"
  chmod 0644 "$dir"/*
}

net_wires() {
  ip link add eth0 netns "$LAPTOP" type veth peer name inet netns "$EDGE"
  ip link add eth0 netns "$VPC" type veth peer name vpc netns "$EDGE"
  net_laptop_link
  ip -n "$EDGE" -batch - <<END
link set inet up
addr add 192.0.2.1/24 dev inet
addr add 192.0.2.3/24 dev inet
addr add $EDGE_RESOLVER/24 dev inet
addr add $EDGE_ADDRESS6/64 dev inet nodad
addr add fd00:2::3/64 dev inet nodad
link set vpc up
addr add 10.20.0.11/16 dev vpc
addr add 10.20.0.12/16 dev vpc
addr add ${VPC_PREFIX6}11/64 dev vpc nodad
END
  in_ns "$EDGE" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
  {
    say "link set eth0 up"
    say "addr add $VPC_RESOLVER/16 dev eth0"
    each_node net_node_addresses
    # AWS translates the clients' IPv4 addresses, IPv6 it does not: the VPC needs the way back.
    say "route add fd00:10::/32 via ${VPC_PREFIX6}11"
  } | ip -n "$VPC" -batch -
}

net_node_addresses() {
  local address
  for address in $(node_addresses "$1"); do
    case $address in
      *:*) say "addr add $address/64 dev eth0 nodad" ;;
      *) say "addr add $address/16 dev eth0" ;;
    esac
  done
}

# What the laptop is at the time: its addresses and its gateways, IPv4 and IPv6. Another network has others.
laptop_network() {
  if fault_active network-changed; then
    echo 192.0.2.102 192.0.2.3 fd00:2::102 fd00:2::3
  else
    echo 192.0.2.2 192.0.2.1 fd00:2::2 "$EDGE_ADDRESS6"
  fi
}

# Also what healing `network-down` needs: a link that was down has lost its IPv6 address and its routes. Addresses of
# another network go first: the new one would be a secondary address of the old and go with it.
net_laptop_link() {
  local address gateway address6 gateway6 other
  read -r address gateway address6 gateway6 < <(laptop_network)
  ip -n "$LAPTOP" link set eth0 up
  for other in $(ip -n "$LAPTOP" -o addr show dev eth0 scope global | sed -n 's/.* inet6\{0,1\} \([^ ]*\).*/\1/p'); do
    case $other in "$address/24" | "$address6/64") ;; *) ip -n "$LAPTOP" addr del "$other" dev eth0 ;; esac
  done
  ip -n "$LAPTOP" addr replace "$address/24" dev eth0
  ip -n "$LAPTOP" addr replace "$address6/64" dev eth0 nodad
  ip -n "$LAPTOP" route replace default via "$gateway"
  ip -n "$LAPTOP" -6 route replace default via "$gateway6"
}

# Clients leave towards the VPC under the address of the endpoint's interface in it, one for each server, as on AWS.
net_nat() {
  in_ns "$EDGE" nft -f - <<END
add table ip lab_nat
flush table ip lab_nat
table ip lab_nat {
  chain post {
    type nat hook postrouting priority 100;
    oifname "vpc" ip saddr $(vpn_network 0)/24 snat to 10.20.0.11
    oifname "vpc" ip saddr $(vpn_network 1)/24 snat to 10.20.0.12
    oifname "vpc" ip saddr $(vpn_network 2)/24 snat to 10.20.0.11
    oifname "vpc" ip saddr $(vpn_network 3)/24 snat to $TWIN_INSIDE
  }
}
END
}

# Past the tunnel nothing gets through: no private address is routed on the internet.
net_edge_rules() {
  local chain
  net_nat
  # A chain for each fault, so that several can stand at once; whether they mean packets to the endpoint or from it
  # says each rule itself.
  {
    say "table inet lab {"
    for chain in $EDGE_CHAINS; do printf '  chain %s { }\n' "$chain"; done
    say "  chain faults {"
    for chain in $EDGE_CHAINS; do printf '    jump %s\n' "$chain"; done
    cat <<'END'
  }
  chain authorization_missing { }
  chain inbound {
    type filter hook input priority 0;
    jump faults
  }
  chain outbound {
    type filter hook output priority 0;
    jump faults
  }
  chain forwarded {
    type filter hook forward priority 0;
    jump authorization_missing
    iifname "inet" drop
    oifname "inet" drop
  }
}
END
  } | in_ns "$EDGE" nft -f -
}

# edge_break CHAIN RULE…: these rules and no others.
edge_break() {
  local chain=$1 rule batch="flush chain inet lab $1"
  shift
  for rule in "$@"; do batch+="; add rule inet lab $chain $rule"; done
  in_ns "$EDGE" nft "$batch"
}

edge_mend() { in_ns "$EDGE" nft flush chain inet lab "$1"; }

# Empty sets and chains that the faults fill: a host that is gone says nothing at all, not even a reset.
# A VPC says nothing for a host that is gone. If its neighbours did not find it, the endpoint would say "unreachable"
# through the tunnel, and not be silent. (Over IPv4 the kernel answers ARP whatever these rules say.)
net_vpc_rules() {
  in_ns "$VPC" nft -f - <<'END'
table inet lab {
  set gone4 {
    type ipv4_addr
  }
  set gone6 {
    type ipv6_addr
  }
  chain port_filtered { }
  chain port_refused { }
  chain inbound {
    type filter hook input priority 0;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip daddr @gone4 drop
    ip saddr @gone4 drop
    ip6 daddr @gone6 drop
    ip6 saddr @gone6 drop
    iifname "eth0" jump port_filtered
    iifname "eth0" jump port_refused
  }
  chain outbound {
    type filter hook output priority 0;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr @gone4 drop
    ip6 saddr @gone6 drop
  }
}
END
}

# openvpn runs without root here; udev would have set this mode, but containers often have no udev.
net_tun_device() {
  [[ -c /dev/net/tun && $(stat -c %a /dev/net/tun) == 666 ]] && return 0
  mkdir -p /dev/net
  [[ -c /dev/net/tun ]] || mknod /dev/net/tun c 10 200 || die "cannot make /dev/net/tun: this machine allows no tunnels"
  chmod 0666 /dev/net/tun
  say "  /dev/net/tun set to mode 0666, as udev does: openvpn runs without root here"
}

namespaces() { say "$LAPTOP"; say "$EDGE"; say "$VPC"; }

# Ends every process in the three namespaces, ours or started there with `lab run`: SIGTERM, then SIGKILL.
net_end_processes() {
  local ns pids signal
  for ns in $(namespaces); do
    [[ -e /run/netns/$ns ]] || continue
    [[ $(stat -Lc %i /proc/self/ns/net) != "$(netns_inode "$ns")" ]] || die "this shell is inside $ns; leave it first"
    for signal in TERM KILL; do
      pids=$(ip netns pids "$ns" 2>/dev/null || true)
      [[ -n $pids ]] || break
      # shellcheck disable=SC2086
      kill -"$signal" $pids 2>/dev/null || true
      wait_until 3 net_empty "$ns" || true
    done
    net_empty "$ns" || die "processes in $ns do not end: $(ip netns pids "$ns" | tr '\n' ' ')"
  done
}

# Daemons whose namespace has lost its name are found by what was written down of them.
net_end_strays() {
  local file pid
  for file in "$LAB_DIR"/pids/*; do
    pid=$(recorded_pid "${file##*/}") || continue
    kill -9 "$pid" 2>/dev/null || true
    wait_until 3 eval "! recorded_pid '${file##*/}'" || die "${file##*/} (pid $pid) does not end"
  done
}

net_empty() { [[ -z $(ip netns pids "$1" 2>/dev/null) ]]; }

net_down() {
  net_end_processes
  net_end_strays
  net_locked net_delete_namespaces
}

net_add_namespaces() { local ns; for ns in $(namespaces); do ip netns add "$ns"; done; }

net_delete_namespaces() {
  local ns
  for ns in $(namespaces); do
    if [[ -e /run/netns/$ns ]]; then ip netns delete "$ns" 2>/dev/null || rm -f "/run/netns/$ns"; fi
    rm -rf "/etc/netns/$ns"
  done
  if [[ -d /etc/netns ]]; then rmdir --ignore-fail-on-non-empty /etc/netns; fi
  # `ip netns add` mounts /run/netns on itself; the last lab takes that mount away, too.
  if [[ -d /run/netns && -z $(ls -A /run/netns) ]]; then
    if mountpoint -q /run/netns; then umount /run/netns 2>/dev/null || true; fi
    rmdir /run/netns 2>/dev/null || true
  fi
}

# Between labs: one must not take /run/netns away while another makes a namespace in it. A subshell holds the lock, so
# that it is gone with it, however that ends.
net_locked() {
  (
    flock -w 20 8 || die "another lab is making or removing namespaces for 20 s now"
    "$@"
  ) 8</run
}
