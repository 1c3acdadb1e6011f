# shellcheck shell=bash
# Faults of the laptop: its openvpn clients, its link, its routes.

# Found by namespace and executable: other openvpn of this machine are none of our business.
openvpn_clients() {
  local pid
  for pid in $(ip netns pids "$LAPTOP"); do
    if [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */openvpn* ]]; then echo "$pid"; fi
  done
}

# --- openvpn-killed ---

fault_openvpn_killed() {
  local pid killed=()
  for pid in $(openvpn_clients); do
    if kill -9 "$pid" 2>/dev/null; then killed+=("$pid"); fi
  done
  ((${#killed[@]} > 0)) || die "no openvpn runs on the laptop: nothing was killed"
  say "openvpn-killed: kill -9 ${killed[*]}; needs no healing"
}

# --- openvpn-hung ---

# Written down before it is stopped, with its start time: by the time of healing the pid may be somebody else's.
fault_openvpn_hung() {
  local pid start stopped=()
  for pid in $(openvpn_clients); do
    start=$(process_start "$pid") || continue
    fault_note openvpn-hung "$pid $start"
    if kill -STOP "$pid" 2>/dev/null; then stopped+=("$pid"); fi
  done
  ((${#stopped[@]} > 0)) || die "no openvpn runs on the laptop: nothing was stopped"
  fault_done openvpn-hung "SIGSTOP to ${stopped[*]}"
}

heal_openvpn_hung() {
  local pid start woken=()
  while read -r pid start; do
    [[ $(process_start "$pid") == "$start" ]] || continue
    if kill -CONT "$pid" 2>/dev/null; then woken+=("$pid"); fi
  done <"$LAB_DIR/faults/openvpn-hung"
  say "openvpn-hung healed: ${woken[*]:-nothing} runs on"
}

# --- network-changed ---

fault_network_changed() {
  local address gateway rest
  fault_mark network-changed
  read -r address gateway rest < <(laptop_network)
  if fault_active network-down; then
    fault_done network-changed "the laptop will have $address via $gateway when its link is back"
    return
  fi
  net_laptop_link
  fault_done network-changed "the laptop has $address via $gateway now, and ${rest/ / via }"
}

heal_network_changed() {
  if ! fault_active network-down; then net_laptop_link; fi
  say "network-changed healed: the laptop is back in its own network"
}

# --- network-down ---

fault_network_down() {
  fault_mark network-down
  ip -n "$LAPTOP" link set eth0 down
  fault_done network-down "the laptop has no link"
}

heal_network_down() {
  net_laptop_link
  say "network-down healed: the laptop has its link, addresses and routes"
}

# --- route-deleted ---

laptop_tunnels() { ip -n "$LAPTOP" -o link show type tun | sed -n 's/^[0-9]*: \(tun[^:@]*\).*/\1/p'; }

# tunnel_routes DEVICE: the routes to the VPC through it, as `FAMILY DEVICE ROUTE…`.
tunnel_routes() {
  ip -n "$LAPTOP" -4 route show root 10.20.0.0/15 dev "$1" | sed "s/^/-4 $1 /"
  ip -n "$LAPTOP" -6 route show "$VPC_PREFIX6/64" dev "$1" | sed "s/^/-6 $1 /"
}

fault_route_deleted() {
  local device family prefix route routes=()
  for device in $(laptop_tunnels); do
    while read -r family device prefix route; do
      fault_note route-deleted "$family $device $prefix${route:+ $route}"
      ip -n "$LAPTOP" "$family" route del "$prefix" dev "$device"
      routes+=("$prefix dev $device")
    done < <(tunnel_routes "$device")
  done
  if ((${#routes[@]})); then
    fault_done route-deleted "deleted ${routes[*]}"
  elif fault_active route-deleted; then
    fault_done route-deleted "the routes are deleted already"
  else
    die "no tunnel on the laptop has a route to the VPC: nothing was deleted"
  fi
}

# A new tunnel has brought its own routes, and to the network of an old one the route leads nowhere.
heal_route_deleted() {
  local family device prefix route back=()
  while read -r family device prefix route; do
    if ! ip -n "$LAPTOP" link show dev "$device" >/dev/null 2>&1; then continue; fi
    [[ -z $(ip -n "$LAPTOP" "$family" route show "$prefix" dev "$device") ]] || continue
    # shellcheck disable=SC2086
    if ip -n "$LAPTOP" "$family" route add "$prefix" $route dev "$device"; then
      back+=("$prefix dev $device")
    else
      warn "route-deleted: $device is not the tunnel that had $prefix $route"
    fi
  done <"$LAB_DIR/faults/route-deleted"
  say "route-deleted healed: put back ${back[*]:-nothing: no tunnel lacks them}"
}

# --- lan-overlap ---

# A bridge with a port, because a bridge without one has no carrier; where the kernel has no bridges, a cable alone.
fault_lan_overlap() {
  fault_mark lan-overlap
  if ! lan_overlaps; then
    lan_remove
    if ip -n "$LAPTOP" link add docker0 type bridge 2>/dev/null; then
      ip -n "$LAPTOP" link add docker1 type veth peer name docker2
      ip -n "$LAPTOP" link set docker1 master docker0 up
    else
      ip -n "$LAPTOP" link add docker0 type veth peer name docker2
    fi
    ip -n "$LAPTOP" link set docker2 up
    ip -n "$LAPTOP" link set docker0 up
    ip -n "$LAPTOP" addr add 10.20.1.250/24 dev docker0
    wait_until 5 lan_overlaps || die "docker0 on the laptop gets no carrier"
  fi
  fault_done lan-overlap "10.20.1.0/24 leads to docker0 on the laptop"
}

lan_overlaps() {
  local route
  route=$(ip -n "$LAPTOP" route show 10.20.1.0/24 dev docker0 2>/dev/null)
  [[ -n $route && $route != *linkdown* ]]
}

lan_remove() {
  local device
  for device in docker0 docker2; do ip -n "$LAPTOP" link del "$device" 2>/dev/null || true; done
}

heal_lan_overlap() {
  lan_remove
  say "lan-overlap healed: docker0 is gone"
}
