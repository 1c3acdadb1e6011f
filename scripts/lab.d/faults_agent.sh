# shellcheck shell=bash
# Faults of the agent. What it misses stays in place for the rest of the machine: something is mounted over it in the
# mount namespace that `ip netns exec` gave the agent and its children, and nowhere else.

# --- agent-killed ---

fault_agent_killed() {
  local pid
  pid=$(agent_pid) || die "no memdbd runs on the laptop: nothing was killed"
  kill -9 "$pid"
  wait_until 5 agent_gone "$pid" || die "memdbd (pid $pid) does not die"
  say "agent-killed: kill -9 $pid; needs no healing, start it again: $HINT agent start"
}

# --- tun-missing, openvpn-missing ---

# mask_of FAULT: what is mounted and over what.
mask_of() {
  case $1 in
    tun-missing) say "/dev/null /dev/net/tun" ;;
    openvpn-missing) say "$LAB_DIR/not-executable $(realpath "$(command -v openvpn)")" ;;
  esac
}

# What a new agent has to miss.
agent_masks() { local name; for name in tun-missing openvpn-missing; do if fault_active "$name"; then mask_of "$name"; fi; done; }

in_agent() { local pid=$1; shift; nsenter --target "$pid" --mount -- "$@"; }

# Refuses rather than touch what others see: an agent without mounts of its own, or one that hands them on.
agent_has_own_mounts() {
  local pid=$1 target=$2 other
  for other in self 1; do
    [[ $(readlink "/proc/$pid/ns/mnt") != "$(readlink "/proc/$other/ns/mnt")" ]] || return 1
  done
  [[ $(in_agent "$pid" findmnt -no PROPAGATION -T "$target") != *shared* ]]
}

mask_set() {
  local name=$1 pid source target
  pid=$(agent_pid) || die "$name needs a running memdbd: $HINT agent start"
  read -r source target < <(mask_of "$name")
  agent_has_own_mounts "$pid" "$target" || die "memdbd (pid $pid) shares its mounts with this machine: nothing was changed"
  fault_mark "$name"
  if ! in_agent "$pid" test "$target" -ef "$source"; then in_agent "$pid" mount --bind "$source" "$target"; fi
  fault_done "$name" "$target is $source for memdbd (pid $pid) and its children"
}

# An agent that has ended took its mounts with it. Lazily, because a child may have the file open.
mask_remove() {
  local name=$1 pid source target
  read -r source target < <(mask_of "$name")
  if pid=$(agent_pid) && agent_has_own_mounts "$pid" "$target" && in_agent "$pid" test "$target" -ef "$source"; then
    in_agent "$pid" umount --lazy "$target"
    say "$name healed: memdbd (pid $pid) has its $target back"
  else
    say "$name healed: no memdbd misses $target"
  fi
}

fault_tun_missing() { mask_set tun-missing; }
heal_tun_missing() { mask_remove tun-missing; }

# One and the same file for every agent: a new one would not be what is mounted already.
fault_openvpn_missing() {
  [[ -e $LAB_DIR/not-executable ]] || install -m 0644 /dev/null "$LAB_DIR/not-executable"
  mask_set openvpn-missing
}
heal_openvpn_missing() { mask_remove openvpn-missing; }
