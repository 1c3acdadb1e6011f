#!/bin/sh
# After the files of the .deb are in place. $2: the version that was configured before; empty on a first installation.
set -e
# shellcheck source-path=SCRIPTDIR source=steps.sh
. "$(dirname "$0")/steps.sh"
MEMDBD_SYSTEMCTL=deb-systemd-invoke

# As debhelper does it: the administrator's `systemctl disable` outlives upgrades.
enable_units() {
  for unit in $MEMDBD_UNITS; do
    deb-systemd-helper unmask "$unit" >/dev/null || true
    if deb-systemd-helper --quiet was-enabled "$unit"; then
      deb-systemd-helper enable "$unit" >/dev/null || true
    else
      deb-systemd-helper update-state "$unit" >/dev/null || true
    fi
  done
}

case $1 in
  configure)
    make_accounts_and_folders
    load_tun
    enable_units
    reload_units
    # Debian's way: what is enabled runs after an upgrade. $2 is also there after a removal, so it cannot be try-restart. One that runs
    # although this is the first package was installed by scripts/install.
    if [ -n "$2" ] || service_runs; then
      restart_service restart || true
    else
      start_units || true
      say_who_may_use_it
    fi
    ;;
  # A newer version, or another package, did not get through: nothing had been stopped.
  abort-upgrade | abort-deconfigure) ;;
  # prerm had stopped them.
  abort-remove)
    enable_units
    reload_units
    start_units || true
    ;;
  *)
    echo "postinst called with unknown argument '$1'" >&2
    exit 1
    ;;
esac
