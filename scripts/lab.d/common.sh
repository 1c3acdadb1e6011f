# shellcheck shell=bash
# shellcheck disable=SC2034 # the names are for the other files
# What every part of the lab shares: names, messages, waiting, and processes that are known by pid and never by name.

# LAB=x makes a second lab beside the first: other namespaces, another directory, and addresses that live in
# the namespaces, so that nothing of one lab can meet anything of the other.
readonly LAB=${LAB:-}
[[ -z $LAB || $LAB =~ ^[a-z0-9][a-z0-9-]{0,19}$ ]] || { echo "lab: LAB=$LAB: use 1 to 20 of a-z, 0-9 and -" >&2; exit 2; }
readonly LAB_DIR=/run/memdb-lab${LAB:+-$LAB}
readonly LAPTOP=memdb${LAB:+-$LAB}-laptop EDGE=memdb${LAB:+-$LAB}-edge VPC=memdb${LAB:+-$LAB}-vpc
readonly HINT=${LAB:+LAB=$LAB }scripts/lab

readonly CLUSTER_DOMAIN=demo.lab.memorydb.test
readonly CLUSTER_ENDPOINT=clustercfg.$CLUSTER_DOMAIN
readonly VPN_ENDPOINT=cvpn-endpoint-0123456789abcdef0.prod.clientvpn.lab.test
readonly TWIN_DOMAIN=twin.lab.memorydb.test
readonly VPN_ENDPOINT6=cvpn-endpoint-0123456789abcdef6.prod.clientvpn.lab.test
readonly TWIN_VPN_ENDPOINT=cvpn-endpoint-0123456789abcdef3.prod.clientvpn.lab.test

say() { printf '%s\n' "$*"; }
warn() { printf 'lab: %s\n' "$*" >&2; }
die() { warn "$@"; exit 1; }
# A failed `up` takes its logs away, so the end of the one that matters is part of the message.
die_log() {
  local log=$LAB_DIR/logs/$1.log
  shift
  warn "$*; the end of $log:"
  tail -n 4 "$log" >&2 2>/dev/null || true
  exit 1
}
die_usage() { warn "$@"; exit 2; }

need_root() { ((EUID == 0)) || die "needs root, because it makes network namespaces: sudo $HINT $*"; }

need_tools() {
  local tool missing=()
  for tool in ip nft openssl openvpn dnsmasq nsenter setsid flock perl; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [[ -x $EASYRSA_BIN ]] || missing+=(easy-rsa)
  [[ -n $REDIS_SERVER && -n $REDIS_CLI ]] || missing+=(redis-server)
  ((${#missing[@]} == 0)) || die "missing: ${missing[*]}; install with: sudo scripts/setup"
}

find_tools() {
  # Debian keeps these in sbin, which is not in the PATH of a user who came here by `su`.
  PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
  EASYRSA_BIN=/usr/share/easy-rsa/easyrsa
  REDIS_SERVER=$(command -v redis-server || command -v valkey-server || true)
  REDIS_CLI=$(command -v redis-cli || command -v valkey-cli || true)
}

lab_ready() { [[ -f $LAB_DIR/ready ]]; }
need_lab() { lab_ready || die "the lab is not up; raise it with: sudo $HINT up"; }

# --- waiting ---

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

# wait_until SECONDS COMMAND…: polls; false when the time is over.
wait_until() {
  local end=$(($(now_ms) + $1 * 1000))
  shift
  until "$@" >/dev/null 2>&1; do
    (($(now_ms) < end)) || return 1
    sleep 0.03
  done
}

# step WORDS COMMAND…: runs one part of `up` and says what it took.
step() {
  local words=$1 start ms
  shift
  start=$(now_ms)
  "$@"
  ms=$(($(now_ms) - start))
  printf '  %-64s %d.%d s\n' "$words" $((ms / 1000)) $((ms % 1000 / 100))
}

# --- processes of the lab ---

in_ns() { local ns=$1; shift; nsenter --net="/run/netns/$ns" -- "$@"; }

netns_inode() { stat -Lc %i "/run/netns/$1" 2>/dev/null; }

# start_daemon NAMESPACE NAME COMMAND…: in a session of its own, with an empty environment and without the lock of
# the lab, so that it outlives this script. Written down are pid and start time, which `exec` keeps.
start_daemon() {
  local ns=$1 name=$2
  shift 2
  rm -f "$LAB_DIR/pids/$name"
  # shellcheck disable=SC2016
  setsid --fork env -i PATH="$PATH" LC_ALL=C nsenter --net="/run/netns/$ns" -- \
    sh -c 'umask 077; cd /; cut -d" " -f1,22 /proc/$$/stat >"$0.new" && mv "$0.new" "$0"; exec "$@"' "$LAB_DIR/pids/$name" "$@" \
    </dev/null >>"$LAB_DIR/logs/$name.log" 2>&1 {LOCK_FD}>&-
  wait_until 5 test -s "$LAB_DIR/pids/$name" || die_log "$name" "$name did not start"
}

# A pid counts only with the start time that was written down, because pids are used again, and in its namespace.
daemon_pid() {
  local ns=$1 pid
  pid=$(recorded_pid "$2") && [[ $(stat -Lc %i "/proc/$pid/ns/net" 2>/dev/null) == "$(netns_inode "$ns")" ]] || return 1
  echo "$pid"
}

recorded_pid() {
  local pid start
  read -r pid start <"$LAB_DIR/pids/$1" && [[ -n $start && $(process_start "$pid") == "$start" ]] || return 1
  echo "$pid"
} 2>/dev/null

# The start time of a process that lives: with it a pid that was written down can be told from a later owner's.
process_start() {
  local stat
  stat=$(sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f1,20) || return 1
  [[ -n $stat && $stat != Z* ]] || return 1
  echo "${stat#* }"
} 2>/dev/null

daemon_alive() { daemon_pid "$1" "$2" >/dev/null; }

kill_daemon() {
  local pid
  pid=$(daemon_pid "$1" "$2") || return 0
  kill -9 "$pid" 2>/dev/null || true
  wait_until 5 eval "! daemon_alive '$1' '$2'" || die "$2 (pid $pid) does not die"
}

# --- one at a time ---

LOCK_FD=
# The lock lies in the directory that `down` removes, so after getting it we look whether it is still the one that
# newcomers would open. Helpers of `up` inherit it: after a kill -9 of `up` the next one waits until they are done.
take_lock() {
  local path=$LAB_DIR/.lock end=$(($(now_ms) + 90000))
  while :; do
    mkdir -p "$LAB_DIR"
    exec {LOCK_FD}>>"$path" || continue
    if ! flock -n "$LOCK_FD"; then
      warn "another lab command is at work; waiting for it"
      flock -w $(((end - $(now_ms)) / 1000 + 1)) "$LOCK_FD" || die "gave up after 90 s: another lab command holds $path"
    fi
    [[ $(stat -Lc %i "/proc/self/fd/$LOCK_FD" 2>/dev/null) == "$(stat -c %i "$path" 2>/dev/null)" ]] && return 0
    exec {LOCK_FD}>&-
    (($(now_ms) < end)) || die "could not lock $path"
  done
}
