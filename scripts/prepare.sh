#!/usr/bin/env bash
# Brings a fresh clone to where hawser runs: Node is checked, npm packages are installed as locked. Sourced by the other scripts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
if [ "$major" -lt 20 ]; then
  echo "hawser needs Node 20 or newer; this is $(node --version)" >&2
  exit 1
fi

# npm writes this file last, so it tells whether what is installed is what is locked.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund
  touch node_modules/.package-lock.json
fi
