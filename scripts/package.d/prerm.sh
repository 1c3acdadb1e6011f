#!/bin/sh
# Before the files of the .deb go. Only a removal stops anything: over an upgrade the old memdbd keeps running, and so does the tunnel,
# until the new package's postinst restarts it.
set -e
# shellcheck source-path=SCRIPTDIR source=steps.sh
. "$(dirname "$0")/steps.sh"
MEMDBD_SYSTEMCTL=deb-systemd-invoke

case $1 in
  remove) stop_units ;;
  upgrade | deconfigure | failed-upgrade) ;;
  *)
    echo "prerm called with unknown argument '$1'" >&2
    exit 1
    ;;
esac
