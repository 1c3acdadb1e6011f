#!/bin/sh
# %postun: the files have gone. $1: how many versions stay. rpm knows no purge, so it is said what is left, and how it goes.
set -e
# shellcheck source-path=SCRIPTDIR source=steps.sh
. "$(dirname "$0")/steps.sh"

if [ "$1" = 0 ]; then
  remove_runtime
  reload_units
  echo "memdbd: kept $MEMDBD_STATE (profiles, keys), $MEMDBD_SETTINGS, the user memdbd and the group memdb;" \
    "to remove them: rm -r $MEMDBD_STATE $MEMDBD_SETTINGS; userdel memdbd; groupdel memdb"
fi
