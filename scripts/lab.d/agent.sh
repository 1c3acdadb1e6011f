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

readonly AGENT_USER=memdbd
readonly AS_AGENT=(setpriv --reuid="$AGENT_USER" --regid="$AGENT_USER" --groups=memdb --no-new-privs
  '--inh-caps=-all,+net_admin' '--ambient-caps=-all,+net_admin' '--bounding-set=-all,+net_admin' --)

# Sets `program` to what is to run: $1, default the release build.
agent_program() {
  program=${1:-$here/../build/release/memdbd}
  [[ -x $program ]] || die "there is no $program: build it with scripts/setup and cmake --preset release && cmake --build --preset release"
  program=$(realpath "$program")
  id -u "$AGENT_USER" >/dev/null 2>&1 || die "there is no user $AGENT_USER: run scripts/setup"
}

# $1: the program. Faults that stand apply to a new agent, too: they are mounted before it starts, in the mount
# namespace that `ip netns exec` gives it.
agent_start() {
  local program dir=$LAB_DIR/agent user=$AGENT_USER mounts
  agent_program "$@"
  if agent_pid >/dev/null; then
    say "memdbd runs already (pid $(agent_pid))"
    return 0
  fi
  mkdir -p "$dir"
  chmod 0755 "$dir"
  install -d -o "$user" -g "$user" -m 0700 "$dir/state"
  install -d -o "$user" -g memdb -m 0755 "$dir/run"
  [[ -e $dir/memdbd.toml ]] || : >"$dir/memdbd.toml"
  mounts=$(agent_masks | sed 's/.*/mount --bind & || exit 1;/')
  # shellcheck disable=SC2016  # the inner shells expand it
  setsid -f bash -c 'echo $$ >"$0"; exec "$@"' "$LAB_DIR/pids/memdbd" \
    ip netns exec "$LAPTOP" sh -c "$mounts"'exec "$@"' sh "${AS_AGENT[@]}" "$program" \
    --config "$dir/memdbd.toml" --state-dir "$dir/state" --runtime-dir "$dir/run" \
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

# What a memdbd that was killed has left on the laptop is undone without starting another. $1: the program.
agent_cleanup() {
  local program
  agent_program "$@"
  ! agent_pid >/dev/null || die "memdbd runs (pid $(agent_pid)): it cleans up by itself"
  exec ip netns exec "$LAPTOP" "${AS_AGENT[@]}" "$program" --cleanup --state-dir "$LAB_DIR/agent/state"
}

agent_gone() { [[ ! -e /proc/$1 ]]; }

agent_command() {
  local command=${1:-}
  [[ -z $command ]] || shift
  need_lab
  case $command in
    start) agent_start "$@" ;;
    stop) agent_stop ;;
    cleanup) agent_cleanup "$@" ;;
    log) exec tail -n 40 "$LAB_DIR/agent/memdbd.log" ;;
    socket) agent_socket ;;
    *) die_usage "agent takes start [PROGRAM], stop, cleanup [PROGRAM], log or socket" ;;
  esac
}
