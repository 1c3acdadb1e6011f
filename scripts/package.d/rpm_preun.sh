#!/bin/sh
# %preun: before the files go. $1: how many versions stay; 0 is a removal, else this is the old version's part of an upgrade.
set -e
# shellcheck source-path=SCRIPTDIR source=steps.sh
. "$(dirname "$0")/steps.sh"

if [ "$1" = 0 ]; then
  stop_units
  # shellcheck disable=SC2086
  if command -v systemctl >/dev/null 2>&1; then systemctl -q --no-reload disable $MEMDBD_UNITS || true; fi
fi
