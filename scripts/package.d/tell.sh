# shellcheck shell=bash
# What scripts/install, scripts/uninstall and scripts/package share: how they talk, and build. NAME is the script's.

die() { printf '%s: %s\n' "$NAME" "$*" >&2; exit 1; }
die_usage() { printf '%s: %s; see: scripts/%s --help\n' "$NAME" "$*" "$NAME" >&2; exit 2; }
say() { printf '%s: %s\n' "$NAME" "$*"; }

# $1: what it does, for the error; then the command. Its output is shown only when it fails, else it is in LAST_OUTPUT.
quietly() {
  local what=$1 log
  shift
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    rm -f "$log"
    die "$what failed, see above"
  fi
  # shellcheck disable=SC2034
  LAST_OUTPUT=$(<"$log")
  rm -f "$log"
}

# Into build/release. Two at a time (in tests, for example) wait for each other.
build_release() {
  local folder
  mkdir -p build
  for folder in build build/release; do
    [[ ! -e $folder || -w $folder ]] || die "$folder is another user's: who built there before? Run this as $(stat -c %U "$folder")"
  done
  { flock 9 && cmake --preset release && cmake --build --preset release; } 9>build/.release.lock
}

# What a package brought, only its tools take away; two ways of installing the same files end in neither.
not_beside_a_package() {
  if [[ $(dpkg-query -W -f '${db:Status-Status}' memdbd 2>/dev/null || true) == installed ]]; then
    die "memdbd is installed as a package; first: sudo apt remove memdbd"
  elif [[ ! -e /etc/debian_version ]] && command -v rpm >/dev/null && rpm -q memdbd >/dev/null 2>&1; then
    die "memdbd is installed as a package; first: sudo dnf remove memdbd"
  fi
}
