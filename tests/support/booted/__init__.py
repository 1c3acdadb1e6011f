"""A Debian that boots with the real systemd, joined to the lab's laptop: what tests/booted uses."""
