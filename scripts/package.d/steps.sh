# shellcheck shell=sh disable=SC2034  # whoever takes this in uses them
# What the installed files need of the machine around them, in POSIX sh. One set of steps for three ways of installing: CMake puts
# it into the scripts of the .deb and the .rpm (package.cmake), scripts/install and scripts/uninstall source it.
# Every step may be repeated, and works where systemd does not run (a chroot, an image that is being made).

MEMDBD_STATE=/var/lib/memdbd
MEMDBD_SETTINGS=/etc/memdbd
MEMDBD_RUNTIME=/run/memdbd
# The socket comes first wherever both are named: left alone, it would start the service again.
MEMDBD_UNITS="memdbd.socket memdbd.service"
# On Debian, a script of a package asks policy-rc.d before it starts anything.
MEMDBD_SYSTEMCTL=systemctl

systemd_runs() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

service_runs() { systemd_runs && systemctl -q is-active memdbd.service; }

# The user, the group, and their folders.
make_accounts_and_folders() {
  systemd-sysusers /usr/lib/sysusers.d/memdbd.conf
  systemd-tmpfiles --create /usr/lib/tmpfiles.d/memdbd.conf || true # /run may be missing or read-only; the units make them, too
}

# At boot modules-load.d does it. A container cannot, and need not.
load_tun() {
  if systemd_runs && command -v modprobe >/dev/null 2>&1; then modprobe -q tun 2>/dev/null || true; fi
}

# Tells a running systemd that unit files have come, changed or gone.
reload_units() {
  if systemd_runs; then systemctl daemon-reload || true; fi
}

# Both say why, and return an error, when memdbd does not come up. For a package that is no reason to fail.
start_units() {
  systemd_runs || return 0
  # shellcheck disable=SC2086
  "$MEMDBD_SYSTEMCTL" start $MEMDBD_UNITS || why_not
}

# The new program takes the place of the old one: one restart of the service, over which systemd keeps the socket and the
# connection to openvpn, so the tunnel stays. A stop, of either unit, would end it. $1: restart, which also starts what does not
# run, or try-restart.
restart_service() {
  systemd_runs || return 0
  if service_runs && ! settings_hold; then return 1; fi
  "$MEMDBD_SYSTEMCTL" "$1" memdbd.service || why_not
}

# With settings that the new program refuses it would not start, and every tunnel would end.
settings_hold() {
  memdbd --check-config --config "$MEMDBD_SETTINGS/memdbd.toml" && return 0
  echo "memdbd was not restarted, the old one goes on; correct $MEMDBD_SETTINGS/memdbd.toml, then: systemctl restart memdbd" >&2
  return 1
}

why_not() {
  echo "memdbd does not start; why: journalctl -b -u memdbd.service -n 20" >&2
  return 1
}

stop_units() {
  systemd_runs || return 0
  for unit in $MEMDBD_UNITS; do "$MEMDBD_SYSTEMCTL" stop "$unit" || return; done
}

remove_runtime() { rm -rf "$MEMDBD_RUNTIME"; }

say_who_may_use_it() {
  echo "memdbd: who may use memdbctl is decided by the group memdb: sudo usermod -aG memdb \"\$USER\", then log in again"
}

# Nobody gets these back; so it is said. The user first: that fails, and nothing is lost, while something still runs as memdbd.
purge_state() {
  echo "memdbd: removing $MEMDBD_STATE (profiles, keys), $MEMDBD_SETTINGS (settings), the user memdbd and the group memdb"
  if getent passwd memdbd >/dev/null && command -v userdel >/dev/null 2>&1; then userdel memdbd || return; fi
  for group in memdb memdbd; do
    if getent group "$group" >/dev/null && command -v groupdel >/dev/null 2>&1; then groupdel "$group" || return; fi
  done
  rm -rf "$MEMDBD_STATE" "$MEMDBD_SETTINGS"
}
