#!/bin/sh
# After the files of the .deb have gone. What a removal leaves (settings, profiles, keys, whether the units were enabled) a purge removes.
set -e
# shellcheck source-path=SCRIPTDIR source=steps.sh
. "$(dirname "$0")/steps.sh"

case $1 in
  remove)
    remove_runtime
    reload_units
    ;;
  purge)
    purge_state
    # shellcheck disable=SC2086
    if command -v deb-systemd-helper >/dev/null 2>&1; then deb-systemd-helper purge $MEMDBD_UNITS >/dev/null || true; fi
    reload_units
    ;;
  upgrade | failed-upgrade | abort-install | abort-upgrade | disappear) ;;
  *)
    echo "postrm called with unknown argument '$1'" >&2
    exit 1
    ;;
esac
