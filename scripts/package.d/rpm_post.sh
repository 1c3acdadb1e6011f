#!/bin/sh
# %post: the files are in place. $1: how many versions are installed now; 1 is a first installation, 2 an upgrade.
set -e
# shellcheck source-path=SCRIPTDIR source=steps.sh
. "$(dirname "$0")/steps.sh"

make_accounts_and_folders
load_tun
if [ "$1" = 1 ]; then
  # shellcheck disable=SC2086
  if command -v systemctl >/dev/null 2>&1; then systemctl -q preset $MEMDBD_UNITS || true; fi
  reload_units
  # A preset of the distribution or of the administrator may say no.
  if systemd_runs && systemctl -q is-enabled memdbd.socket; then start_units || true; fi
  say_who_may_use_it
else
  reload_units
  restart_service try-restart || true
fi
