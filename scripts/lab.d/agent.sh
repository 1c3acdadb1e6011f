# shellcheck shell=bash
# memdbd on the lab's laptop, as the field runs it: the user memdbd, with CAP_NET_ADMIN as its only capability.
# Its files lie in $LAB_DIR/agent: state/, run/memdbd.sock, memdbd.toml (optional), memdbd.log.

agent_socket() { say "$LAB_DIR/agent/run/memdbd.sock"; }

# The pid, while it is still the process that was started: a number alone may belong to somebody else by now.
agent_pid() {
  local pid
  pid=$(cat "$LAB_DIR/pids/memdbd" 2>/dev/null) || return 1
  [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */memdbd* ]] && say "$pid"
}

agent_answers() { curl -sf -m 2 --unix-socket "$(agent_socket)" http://memdbd/v1/status >/dev/null; }

# $1: the program, default the release build. Faults that stand apply to a new agent, too: they are mounted before it
# starts, in the mount namespace that `ip netns exec` gives it.
agent_start() {
  local program=${1:-$here/../build/release/memdbd} dir=$LAB_DIR/agent user=memdbd mounts
  need_lab
  [[ -x $program ]] || die "there is no $program: build it with scripts/setup and cmake --preset release && cmake --build --preset release"
  program=$(realpath "$program")
  if agent_pid >/dev/null; then
    say "memdbd runs already (pid $(agent_pid))"
    return 0
  fi
  id -u "$user" >/dev/null 2>&1 || die "there is no user $user: run scripts/setup"
  mkdir -p "$dir"
  chmod 0755 "$dir"
  install -d -o "$user" -g "$user" -m 0700 "$dir/state"
  install -d -o "$user" -g memdb -m 0755 "$dir/run"
  [[ -e $dir/memdbd.toml ]] || : >"$dir/memdbd.toml"
  mounts=$(agent_masks | sed 's/.*/mount --bind & || exit 1;/')
  # shellcheck disable=SC2016  # the inner shells expand it
  setsid -f bash -c 'echo $$ >"$0"; exec "$@"' "$LAB_DIR/pids/memdbd" \
    ip netns exec "$LAPTOP" sh -c "$mounts"'exec "$@"' sh setpriv --reuid="$user" --regid="$user" --groups=memdb --no-new-privs \
    --inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin -- \
    "$program" --config "$dir/memdbd.toml" --state-dir "$dir/state" --runtime-dir "$dir/run" \
    </dev/null >>"$dir/memdbd.log" 2>&1
  if ! wait_until 10 agent_answers; then
    tail -n 5 "$dir/memdbd.log" >&2
    die "memdbd does not answer; its log: $dir/memdbd.log"
  fi
  say "memdbd runs as $user (pid $(agent_pid)), log: $dir/memdbd.log"
}

agent_stop() {
  local pid
  if ! pid=$(agent_pid); then
    say "memdbd does not run"
    return 0
  fi
  kill -TERM "$pid"
  wait_until 10 agent_gone "$pid" || { kill -KILL "$pid"; warn "memdbd did not end within 10 s and was killed"; }
  rm -f "$LAB_DIR/pids/memdbd"
  say "memdbd has ended"
}

agent_gone() { [[ ! -e /proc/$1 ]]; }

agent_command() {
  local command=${1:-}
  [[ -z $command ]] || shift
  need_lab
  case $command in
    start) agent_start "$@" ;;
    stop) agent_stop ;;
    log) exec tail -n 40 "$LAB_DIR/agent/memdbd.log" ;;
    socket) agent_socket ;;
    *) die_usage "agent takes start [PROGRAM], stop, log or socket" ;;
  esac
}
