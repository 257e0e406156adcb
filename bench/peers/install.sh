#!/bin/sh
# Installs the newest of hawser's peers that this machine's Python can run, into a folder of their own; prints it.
set -eu
folder=${XDG_CACHE_HOME:-$HOME/.cache}/hawser/bench/peers
mkdir -p "$folder"
[ -x "$folder/bin/pip" ] || python3 -m venv "$folder" || { echo 'python3 has no venv: apt-get install -y python3-venv' >&2; exit 1; }
"$folder/bin/pip" install --quiet --upgrade ansible-core mitogen pyinfra
echo "$folder"
