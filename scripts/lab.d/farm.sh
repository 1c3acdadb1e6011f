# shellcheck shell=bash
# A second cluster in the VPC, of as many nodes as one likes: all of it is one process, node_farm (tests/bench), with an
# address for each node in 10.20.16.0/20 and the like, one such network for each availability zone. memdbd finds it
# behind the same endpoint as the real cluster, under clustercfg.farm.lab.memorydb.test, with the same user, password
# and CA. Its files lie in $LAB_DIR/farm.

readonly FARM_DOMAIN=farm.lab.memorydb.test

farm_zone_network() { echo "10.20.$((16 * $1)).0/20"; }
farm_zones() { [[ -e $LAB_DIR/farm/zones ]] && seq "$(cat "$LAB_DIR/farm/zones")"; }

farm_program() {
  local program=${MEMDB_BUILD:-$here/../build/release}/tests/bench/node_farm
  [[ -x $program ]] || die "there is no $program: cmake --build --preset release --target node_farm"
  realpath "$program"
}

# $1 shards, $2 nodes in each, $3 zones.
farm_up() {
  local program dir=$LAB_DIR/farm zone
  local shape=(--shards "$1" --nodes "$2" --zones "$3" --domain "$FARM_DOMAIN")
  program=$(farm_program)
  farm_down >/dev/null
  install -d -m 0700 "$dir"
  "$program" "${shape[@]}" --hosts >"$dir/hosts" || die "the farm cannot have this shape"
  echo "$3" >"$dir/zones"
  farm_certificate
  dns_again
  # Local without 4000 lines of addresses, and one neighbour for the edge to know: its table is not made for thousands.
  for zone in $(farm_zones); do
    ip -n "$VPC" route replace local "$(farm_zone_network "$zone")" dev lo
    ip -n "$EDGE" route replace "$(farm_zone_network "$zone")" via "$VPC_RESOLVER"
  done
  in_ns "$VPC" nft 'table inet lab_farm { chain inbound { type filter hook input priority 0; }
    chain outbound { type filter hook output priority 0; }; }'
  start_daemon "$VPC" farm "$program" "${shape[@]}" --cert "$dir/farm.pem" --key "$dir/farm.key" \
    --password-file "$LAB_DIR/cluster-password" --control "$dir/control.sock"
  wait_until 10 farm_ask stats || die_log farm "the farm does not answer"
  say "the farm: $1 shards of $2 nodes in $3 zones, clustercfg.$FARM_DOMAIN; end: $HINT farm down"
}

# One for all nodes, of the CA that the profiles trust. RSA, as MemoryDB's are.
farm_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=*.$FARM_DOMAIN" \
    -CA "$LAB_DIR/tls/cluster-ca.pem" -CAkey "$LAB_DIR/tls/cluster-ca.key" \
    -addext "subjectAltName=DNS:*.$FARM_DOMAIN" -addext extendedKeyUsage=serverAuth \
    -addext basicConstraints=critical,CA:FALSE -keyout "$LAB_DIR/farm/farm.key" -out "$LAB_DIR/farm/farm.pem" \
    2>>"$LAB_DIR/logs/openssl.log" || die_log openssl "the farm's certificate could not be made"
}

# farm_ask COMMAND…: what node_farm answers.
farm_ask() {
  perl -MIO::Socket::UNIX -e '
    my $farm = IO::Socket::UNIX->new(shift) or exit 1;
    alarm 10;
    print $farm "@ARGV\n";
    print scalar <$farm>;' "$LAB_DIR/farm/control.sock" "$@"
}

# Its hosts are gone: nothing of it is answered. The first rule only counts who still tries.
farm_silent() {
  local network
  network=$(farm_zone_network "$1")
  in_ns "$VPC" nft -f - <<END
add rule inet lab_farm inbound ip daddr $network tcp flags & (syn | ack) == syn counter
add rule inet lab_farm inbound ip daddr $network drop
add rule inet lab_farm outbound ip saddr $network drop
END
}

# Connections that were tried with silent zones so far, each repetition of a SYN counted.
farm_tried() {
  in_ns "$VPC" nft list table inet lab_farm | sed -n 's/.*counter packets \([0-9]*\).*/\1/p' |
    { local sum=0 n; while read -r n; do sum=$((sum + n)); done; echo "$sum"; }
}

farm_return() {
  in_ns "$VPC" nft 'flush chain inet lab_farm inbound; flush chain inet lab_farm outbound'
  farm_ask return >/dev/null
}

farm_down() {
  local zone
  [[ -d $LAB_DIR/farm ]] || { say "there is no farm"; return 0; }
  kill_daemon "$VPC" farm
  in_ns "$VPC" nft delete table inet lab_farm 2>/dev/null || true
  for zone in $(farm_zones); do
    ip -n "$VPC" route del local "$(farm_zone_network "$zone")" dev lo 2>/dev/null || true
    ip -n "$EDGE" route del "$(farm_zone_network "$zone")" 2>/dev/null || true
  done
  rm -rf "$LAB_DIR/farm"
  dns_again
  say "the farm is gone"
}

farm_up_command() {
  local number
  (($# == 2 || $# == 3)) || die_usage "farm up takes SHARDS NODES [ZONES], such as 100 2"
  for number in "$@"; do [[ $number =~ ^[1-9][0-9]{0,3}$ ]] || die_usage "farm up takes numbers, not $number"; done
  farm_up "$1" "$2" "${3:-3}"
}

farm_command() {
  local command=${1:-}
  [[ -z $command ]] || shift
  need_lab
  case $command in
    up) take_lock; farm_up_command "$@"; return ;;
    down) take_lock; farm_down; return ;;
    silent | refuse | return | stats | tried) ;;
    *) die_usage "farm takes up SHARDS NODES [ZONES], silent ZONE, refuse ZONE, return, stats, tried or down" ;;
  esac
  daemon_alive "$VPC" farm || die "there is no farm: $HINT farm up SHARDS NODES [ZONES]"
  case $command in
    silent | refuse)
      farm_zones | grep -qxF -- "$*" || die_usage "farm $command takes a zone: $(farm_zones | tr '\n' ' ')"
      if [[ $command == silent ]]; then farm_silent "$1"; else farm_ask refuse "$1" >/dev/null; fi ;;
    return) farm_return ;;
    stats) farm_ask stats ;;
    tried) farm_tried ;;
  esac
}
